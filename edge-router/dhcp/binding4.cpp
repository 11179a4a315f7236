#include <algorithm>
#include <charconv>

#include "edge-router/dhcp/binding.h"
#include "edge-router/dhcp/dhcp4_codes.h"
#include "edge-router/dhcp/domain_names.h"
#include "edge-router/dhcp/option_reader.h"

namespace ringfence {

namespace {

namespace option = dhcp4::option;
using Bytes = std::vector<uint8_t>;

constexpr uint32_t shortest_lease = 60, default_lease = 86'400;
constexpr uint32_t endless = 0xffffffff; // RFC 2131, 3.3
constexpr size_t most_in_file = 127;     // RFC 2131, 2: the header's field ends with a zero
constexpr size_t longest_name = 255;

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

void append(Bytes& bytes, Ipv4Addr address) {
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<uint8_t>(address.value >> shift));
}

Bytes bytes_of(const std::vector<Ipv4Addr>& addresses) {
    Bytes bytes;
    for (Ipv4Addr address : addresses)
        append(bytes, address);
    return bytes;
}

struct Route4 {
    IpPrefix prefix;
    Ipv4Addr next_hop;
};

Result<IpPrefix> read_prefix4(std::string_view text) {
    auto prefix = IpPrefix::from(text);
    if (prefix && !prefix->address().is_v4())
        return fail("\"{}\" is not an IPv4 prefix", text);
    return prefix;
}

Result<std::vector<Route4>> read_routes(std::string_view text) {
    auto words = read_list(text);
    if (!words)
        return tl::unexpected(words.error());
    std::vector<Route4> routes;
    for (std::string_view word : *words) {
        size_t space = word.find(' ');
        if (space == word.npos)
            return fail("\"{}\" is not a prefix and its next hop", word);
        auto prefix = read_prefix4(word.substr(0, space));
        auto next_hop = Ipv4Addr::from(word.substr(word.find_first_not_of(' ', space)));
        if (!prefix || !next_hop)
            return tl::unexpected(prefix ? next_hop.error() : prefix.error());
        routes.push_back({*prefix, *next_hop});
    }
    return routes;
}

// RFC 3442: the length, the prefix's bytes that count, the next hop.
Bytes bytes_of(const std::vector<Route4>& routes) {
    Bytes bytes;
    for (const Route4& route : routes) {
        bytes.push_back(static_cast<uint8_t>(route.prefix.length()));
        Bytes prefix = bytes_of({*route.prefix.address().v4()});
        bytes.insert(bytes.end(), prefix.begin(), prefix.begin() + (route.prefix.length() + 7) / 8);
        append(bytes, route.next_hop);
    }
    return bytes;
}

Result<std::string> read_name(std::string_view text) {
    auto good = check_domain_name(text);
    return good ? Result<std::string>(std::string(text)) : tl::unexpected(good.error());
}

auto text_up_to(size_t most) {
    return [most](std::string_view text) -> Result<std::string> {
        if (text.empty() || text.size() > most)
            return fail("{} characters: 1 to {} are possible", text.size(), most);
        return std::string(text);
    };
}

// Those that a row can't set by number: the protocol's own, and what has a name.
bool is_settable(unsigned code) {
    constexpr uint8_t taken[] = {option::pad,
                                 option::mask,
                                 option::router,
                                 option::dns_servers,
                                 option::hostname,
                                 option::domain_name,
                                 option::mtu,
                                 option::broadcast,
                                 option::ntp_servers,
                                 option::client_id,
                                 option::tftp_server,
                                 option::boot_file,
                                 option::rapid_commit,
                                 option::client_name,
                                 option::relay_agent,
                                 option::authentication,
                                 option::subnet_selection,
                                 option::domain_search,
                                 option::routes,
                                 option::end};
    bool of_the_protocol = code >= option::requested_address && code <= option::rebinding_time;
    return code <= 255 && !of_the_protocol && !std::ranges::count(taken, code);
}

// N of "option-N"; none where it is not that.
std::optional<unsigned> code_of(std::string_view name) {
    constexpr std::string_view prefix = "option-";
    if (!name.starts_with(prefix))
        return std::nullopt;
    name.remove_prefix(prefix.size());
    unsigned code = 0;
    auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), code);
    if (bad != std::errc() || end != name.data() + name.size() ||
        (name.size() > 1 && name[0] == '0'))
        return std::nullopt;
    return code;
}

// A binding in the making.
class Maker {
public:
    explicit Maker(const DhcpRow& row) : row_(row), reader_(row.options) {}

    Result<Dhcp4Binding> make() {
        read_columns();
        read_subnet();
        read_times();
        read_routers();
        read_lists();
        read_boot();
        read_numbered();
        if (auto trouble = reader_.trouble())
            return tl::unexpected(*trouble);
        std::ranges::sort(made_.options, {}, &DhcpOption::code);
        return std::move(made_);
    }

private:
    void add(uint8_t code, Bytes value) { made_.options.push_back({code, std::move(value)}); }
    template <class T> void add(uint8_t code, const std::optional<T>& value) {
        if (value)
            add(code, bytes_of(*value));
    }

    void read_columns() {
        auto address = Ipv4Addr::from(row_.address.value_or(""));
        auto server = Ipv4Addr::from(row_.server_address);
        auto mac = MacAddr::from(row_.server_mac);
        if (!address)
            reader_.note(address.error().in("address"));
        else if (!server || server->value == 0)
            reader_.note({ErrorKind::invalid, fmt::format("server_address \"{}\" is not an IPv4 "
                                                          "address of a server",
                                                          row_.server_address)});
        else if (!mac || mac->is_group() || mac->is_zero())
            reader_.note({ErrorKind::invalid,
                          fmt::format("server_mac \"{}\" is not one device's", row_.server_mac)});
        else
            made_.address = *address, made_.server = *server, made_.server_mac = *mac;
    }

    void read_subnet() {
        auto subnet = reader_.require("subnet", read_prefix4);
        if (!subnet)
            return;
        made_.mask = Ipv4Addr{static_cast<uint32_t>(~uint64_t{0} << (32 - subnet->length()))};
        if (!subnet->contains(made_.address))
            reader_.note(
                {ErrorKind::invalid, fmt::format("address {} is outside of subnet {}",
                                                 to_string(made_.address), to_string(*subnet))});
    }

    void read_times() {
        made_.lease_time =
            reader_.number("lease-time", shortest_lease, endless).value_or(default_lease);
        auto renewal = reader_.number("renewal-time", 1, endless);
        auto rebinding = reader_.number("rebinding-time", 1, endless);
        uint32_t lease = made_.lease_time;
        if (lease == endless) { // and so are the other two, where nothing is said
            made_.rebinding_time = rebinding.value_or(endless);
            made_.renewal_time = renewal.value_or(endless);
            return;
        }
        // RFC 2131, 4.4.5; between the other one and the lease where that one is unusual.
        uint32_t late = std::max(lease - lease / 8, renewal ? midway(*renewal, lease) : 0);
        made_.rebinding_time = rebinding.value_or(late);
        uint32_t rebinding_half = made_.rebinding_time / 2;
        made_.renewal_time =
            renewal.value_or(lease / 2 < made_.rebinding_time ? lease / 2 : rebinding_half);
        if (made_.rebinding_time >= lease)
            note_order("rebinding-time", made_.rebinding_time, "lease-time", lease);
        if (made_.renewal_time >= made_.rebinding_time)
            note_order("renewal-time", made_.renewal_time, "rebinding-time", made_.rebinding_time);
    }
    static uint32_t midway(uint32_t from, uint32_t to) {
        return from < to ? from + (to - from) / 2 : from;
    }
    void note_order(const char* one, uint32_t seconds, const char* other, uint32_t limit) {
        reader_.note({ErrorKind::invalid, fmt::format("option {}: {} is not below {}, {}", one,
                                                      seconds, other, limit)});
    }

    void read_routers() {
        auto router = reader_.take("router", Ipv4Addr::from);
        auto routes = reader_.take("routes", read_routes);
        if (router)
            add(option::router, bytes_of({*router}));
        if (!routes)
            return;
        bool has_default =
            std::ranges::any_of(*routes, [](const Route4& r) { return r.prefix.length() == 0; });
        if (router && !has_default)
            routes->push_back({*IpPrefix::from(Ipv4Addr{}, 0), *router});
        add(option::routes, bytes_of(*routes));
    }

    void read_lists() {
        add(option::dns_servers, reader_.take("dns-servers", read_addresses<Ipv4Addr>));
        add(option::ntp_servers, reader_.take("ntp-servers", read_addresses<Ipv4Addr>));
        add(option::domain_name, reader_.take("domain-name", read_name));
        add(option::hostname, reader_.take("hostname", read_name));
        if (auto names = reader_.take("domain-search", read_names))
            add(option::domain_search, encode_domain_names(*names, true));
        if (auto mtu = reader_.number("mtu", 68, 65'535))
            made_.mtu = static_cast<uint16_t>(*mtu);
    }

    void read_boot() {
        if (auto server = reader_.take("boot-server", Ipv4Addr::from))
            made_.boot_server = *server;
        made_.tftp_server = reader_.take("tftp-server", text_up_to(longest_name)).value_or("");
        made_.boot_file = reader_.take("boot-file", text_up_to(most_in_file)).value_or("");
        if (!made_.tftp_server.empty())
            add(option::tftp_server, bytes_of(made_.tftp_server));
        if (!made_.boot_file.empty())
            add(option::boot_file, bytes_of(made_.boot_file));
    }

    void read_numbered() {
        std::vector<std::pair<std::string, unsigned>> numbered;
        reader_.for_each_not_taken([&](const std::string& name) {
            if (auto code = code_of(name))
                numbered.emplace_back(name, *code);
        });
        for (const auto& [name, code] : numbered) {
            auto value = reader_.take(name, read_bytes);
            if (!is_settable(code))
                reader_.note({ErrorKind::invalid,
                              fmt::format("{} is not for a row to set by number", name)});
            else if (value)
                add(static_cast<uint8_t>(code), *value);
        }
    }

    const DhcpRow& row_;
    OptionReader reader_;
    Dhcp4Binding made_;
};

} // namespace

Result<Dhcp4Binding> Dhcp4Binding::from(const DhcpRow& row) { return Maker(row).make(); }

const DhcpOption* Dhcp4Binding::find(uint16_t code) const {
    auto found = std::ranges::lower_bound(options, code, {}, &DhcpOption::code);
    return found != options.end() && found->code == code ? &*found : nullptr;
}

} // namespace ringfence
