#include "core/wire/neighbour.h"
#include "edge-router/dhcp/binding.h"
#include "edge-router/dhcp/domain_names.h"
#include "edge-router/dhcp/option_reader.h"

namespace ringfence {

namespace {

constexpr uint32_t shortest_life = 120, default_life = 86'400, longest = 0xffffffff;
constexpr uint8_t slaac_length = 64; // RFC 4862, 5.5.3, with RFC 2464's interface identifiers
constexpr uint16_t least_mtu = 1280; // RFC 8200, 5

Result<IpPrefix> read_prefix6(std::string_view text) {
    auto prefix = IpPrefix::from(text);
    if (prefix && prefix->address().is_v4())
        return fail("\"{}\" is not an IPv6 prefix", text);
    return prefix;
}

Result<Dhcp6Binding::Mode> read_mode(std::string_view text) {
    if (text == "managed")
        return Dhcp6Binding::Mode::managed;
    if (text == "stateless")
        return Dhcp6Binding::Mode::stateless;
    if (text == "slaac")
        return Dhcp6Binding::Mode::slaac;
    return fail("\"{}\" is not managed, stateless or slaac", text);
}

Result<bool> read_yes(std::string_view text) {
    if (text != "yes" && text != "no")
        return fail("\"{}\" is not yes or no", text);
    return text == "yes";
}

// RFC 5908, 4.1: a sub-option for each server.
std::vector<uint8_t> encode_ntp(const std::vector<Ipv6Addr>& servers) {
    std::vector<uint8_t> bytes;
    for (const Ipv6Addr& server : servers) {
        bytes.insert(bytes.end(), {0, 1, 0, 16});
        bytes.insert(bytes.end(), server.bytes.begin(), server.bytes.end());
    }
    return bytes;
}

// A binding in the making.
class Maker {
public:
    explicit Maker(const DhcpRow& row) : row_(row), reader_(row.options) {}

    Result<Dhcp6Binding> make() {
        made_.mode = reader_.require("mode", read_mode).value_or(Dhcp6Binding::Mode::managed);
        read_server();
        read_subnet();
        read_address();
        read_rest();
        if (auto trouble = reader_.trouble())
            return tl::unexpected(*trouble);
        return std::move(made_);
    }

private:
    template <class... Args> void wrong(fmt::format_string<Args...> format, Args&&... args) {
        reader_.note({ErrorKind::invalid, fmt::format(format, std::forward<Args>(args)...)});
    }

    void read_server() {
        auto mac = MacAddr::from(row_.server_mac);
        if (!mac || mac->is_group() || mac->is_zero())
            return wrong("server_mac \"{}\" is not one device's", row_.server_mac);
        made_.server_mac = *mac;
        made_.server = eui64_link_local(*mac);
        if (row_.server_address.empty())
            return;
        auto server = Ipv6Addr::from(row_.server_address);
        if (!server || !server->is_link_local()) // RFC 4861, 4.2: of an advertisement's source
            return wrong("server_address \"{}\" is not a link-local address", row_.server_address);
        made_.server = *server;
    }

    void read_subnet() {
        auto subnet = reader_.require("subnet", read_prefix6);
        if (!subnet)
            return;
        made_.prefix = *subnet->address().v6();
        made_.prefix_length = static_cast<uint8_t>(subnet->length());
        if (made_.mode != Dhcp6Binding::Mode::managed && made_.prefix_length != slaac_length)
            wrong("option subnet: {} is not a /{}, which addresses of the client's making need",
                  to_string(*subnet), slaac_length);
    }

    void read_address() {
        if (!row_.address) {
            if (made_.mode == Dhcp6Binding::Mode::managed)
                wrong("address is missing, which mode managed needs");
            return;
        }
        auto address = Ipv6Addr::from(*row_.address);
        auto subnet = IpPrefix::from(made_.prefix, made_.prefix_length);
        if (!address)
            return reader_.note(address.error().in("address"));
        if (subnet && !subnet->contains(*address))
            wrong("address {} is outside of subnet {}", *row_.address, to_string(*subnet));
        made_.address = *address;
    }

    void read_rest() {
        made_.router = reader_.take("router", read_yes).value_or(false);
        made_.lifetime = reader_.number("lifetime", shortest_life, longest).value_or(default_life);
        made_.preferred_lifetime = made_.lifetime == longest ? longest : made_.lifetime / 8 * 5;
        if (auto mtu = reader_.number("mtu", least_mtu, 65'535))
            made_.mtu = static_cast<uint16_t>(*mtu);
        if (auto servers = reader_.take("dns-servers", read_addresses<Ipv6Addr>))
            made_.dns_servers = *servers;
        if (auto names = reader_.take("domain-search", read_names))
            made_.domain_search = encode_domain_names(*names, false);
        if (auto servers = reader_.take("ntp-servers", read_addresses<Ipv6Addr>))
            made_.ntp_servers = encode_ntp(*servers);
    }

    const DhcpRow& row_;
    OptionReader reader_;
    Dhcp6Binding made_;
};

} // namespace

Result<Dhcp6Binding> Dhcp6Binding::from(const DhcpRow& row) { return Maker(row).make(); }

} // namespace ringfence
