#include "tests/packet/lab.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <sstream>
#include <stdexcept>

#include <fmt/core.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mbuf.h>

#include "core/packet/icmp_ports.h"
#include "dataplane/pipeline.h"
#include "dataplane/stages/sweep.h"
#include "dataplane/worker/segments.h"
#include "tests/packet/checksums.h"

namespace ringfence::test {

bool holds_residue(const std::vector<uint8_t>& frame) {
    constexpr int in_a_row = 4;
    return std::search_n(frame.begin(), frame.end(), in_a_row, residue) != frame.end();
}

void start_dpdk() {
    static std::once_flag once;
    std::call_once(once, [] {
        std::vector<std::string> words = {"test",
                                          "--no-huge",
                                          "--no-pci",
                                          "--no-telemetry",
                                          "--no-shconf",
                                          "-m",
                                          "64",
                                          "-l",
                                          "0",
                                          "--log-level",
                                          "4",
                                          "-d",
                                          "librte_mempool_ring.so",
                                          fmt::format("--file-prefix=ringfence-test-{}", getpid())};
        std::vector<char*> argv;
        for (auto& word : words)
            argv.push_back(word.data());
        if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0)
            throw std::runtime_error(fmt::format("DPDK: {}", rte_strerror(rte_errno)));
    });
}

namespace {

rte_mempool* make_pool(unsigned buffers) {
    static unsigned number = 0;
    auto name = fmt::format("lab{}", number++);
    rte_mempool* pool = rte_pktmbuf_pool_create(name.c_str(), buffers, 0, 0,
                                                RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
    if (!pool)
        throw std::runtime_error(fmt::format("no mbuf pool: {}", rte_strerror(rte_errno)));
    rte_mempool_obj_iter(
        pool,
        [](rte_mempool*, void*, void* object, unsigned) {
            auto* mbuf = static_cast<rte_mbuf*>(object);
            std::memset(mbuf->buf_addr, residue, mbuf->buf_len);
        },
        nullptr);
    return pool;
}

std::unique_ptr<Connections> make_connections(const ConnectionSettings& settings) {
    auto made = Connections::create({}, settings);
    if (!made)
        throw std::runtime_error(made.error().text);
    return std::move(*made);
}

} // namespace

// The words of a configuration line: "kind first [key value]...".
class Lab::Line {
public:
    explicit Line(std::string_view text) : text_(text) {
        std::istringstream stream{text_};
        for (std::string word; stream >> word;)
            words_.push_back(word);
        if (words_.empty())
            fail_here("empty line");
    }

    const std::vector<std::string>& words() const { return words_; }
    const std::string& kind() const { return words_[0]; }
    const std::string& first() const { return at(1); }
    const std::string& second() const { return at(2); }
    const std::string& third() const { return at(3); }
    uint32_t id() const { return static_cast<uint32_t>(std::stoul(first())); }
    bool has(std::string_view key) const {
        return std::find(words_.begin(), words_.end(), key) != words_.end();
    }
    const std::string& value(std::string_view key) const {
        auto found = std::find(words_.begin(), words_.end(), key);
        if (found == words_.end())
            fail_here(fmt::format("\"{}\" is missing", key));
        return at(static_cast<size_t>(found - words_.begin()) + 1);
    }
    uint32_t number(std::string_view key) const {
        return static_cast<uint32_t>(std::stoul(value(key)));
    }
    uint32_t number(std::string_view key, uint32_t otherwise) const {
        return has(key) ? number(key) : otherwise;
    }
    template <class T> T parse(const std::string& word) const {
        auto result = T::from(word);
        if (!result)
            fail_here(result.error().text);
        return *result;
    }
    template <class T> T get(std::string_view key) const { return parse<T>(value(key)); }
    std::vector<std::string> list(std::string_view key) const {
        std::vector<std::string> words;
        std::istringstream stream{has(key) ? value(key) : ""};
        for (std::string word; std::getline(stream, word, ',');)
            words.push_back(word);
        return words;
    }
    std::vector<IpAddr> addresses(std::string_view key) const {
        std::vector<IpAddr> addresses;
        for (const std::string& word : list(key))
            addresses.push_back(parse<IpAddr>(word));
        return addresses;
    }
    std::vector<PolicyId> policies() const {
        std::vector<PolicyId> policies;
        for (const std::string& word : list("policy"))
            policies.emplace_back(static_cast<uint32_t>(std::stoul(word)));
        return policies;
    }
    [[noreturn]] void fail_here(std::string_view why) const {
        throw std::runtime_error(fmt::format("{}: \"{}\"", why, text_));
    }

private:
    const std::string& at(size_t i) const {
        if (i >= words_.size())
            fail_here("too short");
        return words_[i];
    }
    std::string text_;
    std::vector<std::string> words_;
};

namespace {

using Line = Lab::Line;

Segment& segment_of(FabricEdit& edit, const Line& line) {
    Segment* segment = edit.segment(SegmentId(line.number("segment")));
    if (!segment)
        line.fail_here("no such segment");
    return *segment;
}

void add_neighbours(Segment& segment, const Line& line, MacAddr mac) {
    for (const IpAddr& address : line.addresses("ip"))
        segment.set_neighbour(address, mac);
}

void add_segment(FabricEdit& edit, const Line& line) {
    SegmentSettings settings{.vni = std::nullopt, .intent = ""};
    if (!line.has("bridge"))
        settings.vni = Vni::from(line.number("vni"));
    settings.vlan = static_cast<uint16_t>(line.number("vlan", 0));
    settings.mtu = static_cast<uint16_t>(line.number("mtu", 1450));
    settings.flood_unknown = !line.has("drop-unknown");
    settings.vlan_transparent = line.has("vlan-transparent");
    edit.segment(SegmentId(line.id()), settings);
}

PortSecurity security_of(const Line& line) {
    std::string mode = line.has("security") ? line.value("security") : "strict";
    return mode == "trusted" ? PortSecurity::trusted
           : mode == "mac"   ? PortSecurity::mac
                             : PortSecurity::strict;
}

PortLimits limits_of(const Line& line) {
    PortLimits limits;
    for (auto [word, limit] :
         {std::pair{"broadcast", &limits.broadcast}, std::pair{"slow-path", &limits.slow_path},
          std::pair{"errors", &limits.errors}, std::pair{"dhcp", &limits.dhcp}})
        if (line.has(word))
            *limit = Rate::each_second(line.number(word));
    for (auto [word, limit] : {std::pair{"bytes-in", &limits.bandwidth_in},
                               std::pair{"bytes-out", &limits.bandwidth_out},
                               std::pair{"packets-out", &limits.packets_out}})
        if (line.has(word))
            *limit = Rate::each_second(line.number(word));
    limits.connections = line.number("connections", 0);
    return limits;
}

void add_nic(FabricEdit& edit, const Line& line) {
    LocalPort port(PortId(line.id()), PortKind::nic);
    port.mac = line.get<MacAddr>("mac");
    port.security = security_of(line);
    port.dead_vlan = line.has("dead-vlan");
    port.picks_up = line.has("picks-up");
    port.policies = line.policies();
    port.limits = limits_of(line);
    port.worker = line.number("worker", 0);
    port.trusted_relay = line.has("trusted-relay");
    port.dhcp_server = line.has("dhcp-server");
    port.declined4 = port.declined6 = line.has("declined");
    for (const IpAddr& address : line.addresses("ip"))
        if (address.is_v4())
            port.ip4.push_back(*address.v4());
        else
            port.ip6.push_back(*address.v6());
    for (const IpAddr& address : line.addresses("may-have"))
        port.virtual_addresses.push_back(
            {address, line.has("by") ? line.get<MacAddr>("by") : port.mac, false});
    for (const IpAddr& address : line.addresses("link-local"))
        port.link_local.push_back(*address.v6());
    if (line.kind() == "nic") {
        Segment& segment = segment_of(edit, line);
        port.segment = segment.id();
        segment.set_mac(port.mac, *Destination::local(port.id));
        segment.add_flood(port.id);
        segment.set_may_have_any_address(port.mac, port.security != PortSecurity::strict);
        add_neighbours(segment, line, port.mac);
    }
    edit.set_port(port);
}

DhcpRow dhcp_row(const Line& line) {
    DhcpRow row;
    if (line.has("address"))
        row.address = line.value("address");
    row.server_address = line.value("server");
    row.server_mac = line.value("mac");
    for (std::string word : line.words())
        if (auto equals = word.find('='); equals != word.npos) {
            std::replace(word.begin(), word.end(), '~', ' ');
            row.options[word.substr(0, equals)] = word.substr(equals + 1);
        }
    return row;
}

template <class Binding>
std::shared_ptr<const Binding> binding_of(const Line& line, const DhcpRow& row) {
    auto binding = Binding::from(row);
    if (!binding)
        line.fail_here(binding.error().text);
    return std::make_shared<const Binding>(std::move(*binding));
}

VlanMode vlan_mode_of(const Line& line) {
    for (auto [word, mode] : {std::pair{"access", VlanMode::access},
                              std::pair{"native-tagged", VlanMode::native_tagged},
                              std::pair{"native-untagged", VlanMode::native_untagged}})
        if (line.second() == word)
            return mode;
    return VlanMode::trunk;
}

void add_bridged(FabricEdit& edit, const Line& line) {
    LocalPort port(PortId(line.id()), PortKind::bridged);
    port.dead_vlan = line.has("dead-vlan");
    BridgePort& bridge = port.bridge.edit();
    bridge.mode = vlan_mode_of(line);
    bridge.tag = static_cast<uint16_t>(line.number("tag", 0));
    auto join = [&](uint32_t id) {
        if (Segment* segment = edit.segment(SegmentId(id)))
            segment->add_flood(port.id);
        return SegmentId(id);
    };
    for (const std::string& word : line.list("vlans"))
        bridge.vlans.emplace_back(
            static_cast<uint16_t>(std::stoul(word)),
            join(static_cast<uint32_t>(std::stoul(word.substr(word.find(':') + 1)))));
    if (line.has("others"))
        bridge.others = join(line.number("others"));
    edit.set_port(port);
}

void add_mirror(FabricEdit& edit, const Line& line) {
    LocalPort port = *edit.view().port(PortId(line.id()));
    for (auto [word, list] : {std::pair{"received", &port.received_to}, {"sent", &port.sent_to}})
        for (const std::string& id : line.list(word))
            list->emplace_back(static_cast<uint32_t>(std::stoul(id)));
    edit.set_port(port);
}

void add_dhcp(FabricEdit& edit, const Line& line) {
    const LocalPort* port = edit.view().port(PortId(line.id()));
    if (!port)
        line.fail_here("no such port");
    LocalPort with = *port;
    if (line.second() == "ipv4")
        with.dhcp4 = binding_of<Dhcp4Binding>(line, dhcp_row(line));
    else
        with.dhcp6 = binding_of<Dhcp6Binding>(line, dhcp_row(line));
    edit.set_port(with);
}

void erase_nic(FabricEdit& edit, const Line& line, PortId id) {
    const LocalPort* port = edit.view().port(id);
    if (!port)
        line.fail_here("no such port");
    Segment& segment = segment_of(edit, line);
    segment.erase_mac(port->mac);
    segment.erase_flood(id);
    segment.set_may_have_any_address(port->mac, false);
    for (Ipv4Addr address : port->ip4)
        segment.erase_neighbour(address);
    for (const Ipv6Addr& address : port->ip6)
        segment.erase_neighbour(address);
    edit.erase_port(id);
}

void add_uplink(FabricEdit& edit, const Line& line) {
    LocalPort port(PortId(line.id()), PortKind::uplink);
    if (auto address = line.get<IpAddr>("address"); address.is_v4())
        port.vtep_ip4 = {*address.v4()};
    else
        port.vtep_ip6 = {*address.v6()};
    if (line.has("shadow"))
        port.peer = PortId(line.number("shadow"));
    edit.set_port(port);
}

void add_shadow(FabricEdit& edit, const Line& line) {
    LocalPort port(PortId(line.id()), PortKind::shadow);
    if (line.has("uplink"))
        port.peer = PortId(line.number("uplink"));
    edit.set_port(port);
}

UnderlayPath path_of(const Line& line) {
    return {PortId(line.number("via")), line.get<MacAddr>("mac"), line.get<MacAddr>("gateway"),
            line.get<IpAddr>("source"), static_cast<uint16_t>(line.number("mtu", 1500))};
}

void add_vtep(FabricEdit& edit, const Line& line) {
    NextHopSettings settings;
    std::istringstream stream{line.second()};
    for (std::string word; std::getline(stream, word, ',');)
        settings.addresses.push_back(line.parse<IpAddr>(word));
    if (line.has("via"))
        settings.paths = {path_of(line)};
    edit.set_next_hop(NextHopId(line.id()), settings);
}

void add_way(FabricEdit& edit, const Line& line) {
    NextHopId id(line.id());
    NextHopSettings settings = edit.view().next_hop(id)->settings();
    settings.paths.push_back(path_of(line));
    edit.set_next_hop(id, settings);
}

void add_remote(FabricEdit& edit, const Line& line) {
    Segment& segment = segment_of(edit, line);
    auto mac = line.parse<MacAddr>(line.first());
    NextHopId hop(line.number("vtep"));
    segment.set_mac(mac, *Destination::vtep(hop));
    segment.add_flood(hop);
    add_neighbours(segment, line, mac);
}

void add_learned(FabricEdit& edit, const Line& line) {
    auto place = line.has("port") ? Destination::local(PortId(line.number("port")), true)
                                  : Destination::vtep(NextHopId(line.number("vtep")), true);
    if (line.has("doubtful"))
        place = Destination::doubtful(place->port());
    segment_of(edit, line).set_mac(line.parse<MacAddr>(line.first()), *place);
}

void add_absent(FabricEdit& edit, const Line& line) {
    auto mac = line.parse<MacAddr>(line.first());
    segment_of(edit, line).set_mac(mac, Destination::nowhere());
    add_neighbours(segment_of(edit, line), line, mac);
}

void set_virtual_address(FabricEdit& edit, const Line& line) {
    VirtualAddress shared;
    if (line.has("nic")) {
        auto nic = line.get<MacAddr>("nic");
        shared.holder = {nic, line.has("mac") ? line.get<MacAddr>("mac") : nic};
    }
    segment_of(edit, line).set_virtual_address(line.parse<IpAddr>(line.first()), shared);
}

void set_shared_mac(FabricEdit& edit, const Line& line) {
    auto place = line.has("nic") ? Destination::local(PortId(line.number("nic")))
                                 : Destination::vtep(NextHopId(line.number("vtep")));
    segment_of(edit, line).set_shared_mac(line.parse<MacAddr>(line.first()), *place);
}

void add_other_sender(FabricEdit& edit, const Line& line) {
    NextHopId hop(line.number("vtep"));
    if (auto outside = IpAddr::from(line.first()))
        segment_of(edit, line).allow_also_from(*outside, hop);
    else
        segment_of(edit, line).allow_also_from(line.parse<MacAddr>(line.first()), hop);
}

void set_tunnel(FabricEdit& edit, const Line& line) {
    TunnelSettings settings;
    settings.udp_port = static_cast<uint16_t>(line.number("udp-port", 4789));
    settings.copy_dscp = !line.has("pipe");
    settings.zero_checksum6 = line.has("zero-checksum6");
    edit.set_tunnel(settings);
}

Action action_of(const Line& line, const std::string& word) {
    for (Action action : {Action::drop, Action::reject, Action::allow})
        if (word == to_string(action))
            return action;
    if (word == "deny")
        return Action::drop;
    line.fail_here("neither allow, drop, deny nor reject");
}

std::vector<Rule> default_rules(const Line& line) {
    std::vector<Rule> rules;
    for (Direction direction : {Direction::in, Direction::out})
        if (line.has(to_string(direction))) {
            Rule& rule = rules.emplace_back();
            rule.direction = direction;
            rule.action = action_of(line, line.value(to_string(direction)));
        }
    return rules;
}

std::optional<uint8_t> protocol_of(const std::string& word) {
    const std::map<std::string, uint8_t> names = {
        {"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"icmp6", 58}};
    auto found = names.find(word);
    return found != names.end() ? found->second : static_cast<uint8_t>(std::stoul(word));
}

// "N" or "N-M"; of ICMP "TYPE" or "TYPE/CODE".
Range range_of(const std::string& word, bool icmp) {
    auto number = [](const std::string& text) { return static_cast<uint16_t>(std::stoul(text)); };
    auto mark = word.find_first_of("-/");
    uint16_t first = number(word.substr(0, mark));
    if (icmp)
        return mark == word.npos
                   ? Range{icmp_service(uint8_t(first), 0), icmp_service(uint8_t(first), 255)}
                   : Range{icmp_service(uint8_t(first), uint8_t(number(word.substr(mark + 1)))),
                           icmp_service(uint8_t(first), uint8_t(number(word.substr(mark + 1))))};
    return {first, mark == word.npos ? first : number(word.substr(mark + 1))};
}

AddressMatch address_match(const Line& line, std::string_view key) {
    AddressMatch match;
    match.any = !line.has(key);
    for (const std::string& word : line.list(key))
        if (word.starts_with("group:"))
            match.groups.emplace_back(static_cast<uint32_t>(std::stoul(word.substr(6))));
        else if (word != "nobody")
            match.prefixes.push_back(line.parse<IpPrefix>(word));
    return match;
}

Rule rule_of(const Line& line) {
    Rule rule;
    rule.id = RuleId(line.id());
    rule.direction = line.has("in") ? Direction::in : Direction::out;
    rule.priority = line.number(to_string(rule.direction));
    rule.action = action_of(line, line.value("then"));
    if (line.has("protocol"))
        rule.match.edit().protocol = protocol_of(line.value("protocol"));
    rule.match.edit().source = address_match(line, "from");
    rule.match.edit().destination = address_match(line, "to");
    for (const std::string& word : line.list("source-ports"))
        rule.match.edit().source_ports.push_back(range_of(word, false));
    for (const char* key : {"ports", "types"})
        for (const std::string& word : line.list(key))
            rule.match.edit().services.push_back(range_of(word, std::string_view(key) == "types"));
    rule.match.edit().outside_addresses = line.has("outside");
    rule.log = line.has("log");
    return rule;
}

AddressGroup group_of(const Line& line) {
    AddressGroup group{GroupId(line.id()), {}, line.has("broken")};
    for (const std::string& word : line.list("members"))
        group.prefixes.push_back(line.parse<IpPrefix>(word));
    return group;
}

RouterSettings router_settings(const Line& line) {
    RouterSettings settings;
    settings.fence = line.has("fence");
    bool translates = line.has("translation") && line.value("translation") == "one-to-one";
    settings.translation = translates ? Translation::one_to_one : Translation::none;
    settings.outside_addresses = line.addresses("own");
    return settings;
}

RouterInterface router_interface(const Line& line) {
    RouterInterface interface(SegmentId(line.number("segment")), line.get<MacAddr>("mac"));
    interface.outside = line.has("outside");
    interface.policies = line.policies();
    for (const std::string& word : line.list("addresses")) {
        auto slash = word.find('/');
        if (slash == std::string::npos)
            line.fail_here("an address needs a length");
        auto length = static_cast<unsigned>(std::stoul(word.substr(slash + 1)));
        interface.addresses.push_back({line.parse<IpAddr>(word.substr(0, slash)), length});
    }
    return interface;
}

Route route_of(const RouterSettings& router, const Line& line) {
    auto found = std::find_if(router.interfaces.begin(), router.interfaces.end(), [&](auto& one) {
        return one.segment == SegmentId(line.number("segment"));
    });
    if (found == router.interfaces.end())
        line.fail_here("the router has no interface there");
    Route route{line.parse<IpPrefix>(line.second()),
                static_cast<uint16_t>(found - router.interfaces.begin()), std::nullopt};
    if (line.has("next"))
        route.next_hop = line.get<IpAddr>("next");
    return route;
}

void add_held(FabricEdit& edit, const Line& line) {
    auto owner = Destination::nowhere();
    if (line.has("nic"))
        owner = *Destination::local(PortId(line.number("nic")));
    if (line.has("vtep"))
        owner = *Destination::vtep(NextHopId(line.number("vtep")));
    segment_of(edit, line)
        .set_held(line.parse<IpAddr>(line.first()),
                  {RouterId(line.number("router")), owner, line.get<IpAddr>("inside")});
}

} // namespace

Lab::Lab(unsigned buffers) : Lab(buffers, ConnectionSettings()) {}

Lab::Lab(unsigned buffers, const ConnectionSettings& connections)
    : pool_((start_dpdk(), make_pool(buffers))),
      worker_(std::make_unique<Worker>(0, pool_, rte_get_tsc_hz(), make_connections(connections))),
      edit_(std::make_unique<FabricEdit>()) {
    worker_->recheck_every(1);
}

Lab::~Lab() {
    worker_.reset();
    rte_mempool_free(pool_);
}

void Lab::configure(std::string_view text) {
    if (!edit_)
        edit_ = std::make_unique<FabricEdit>(fabric_);
    Line line(text);
    const auto& kind = line.kind();
    if (kind == "takes-large")
        takes_large_.insert(PortId(line.id()));
    else if (kind == "segment")
        add_segment(*edit_, line);
    else if (kind == "nic" || kind == "waiting")
        add_nic(*edit_, line);
    else if (kind == "dhcp")
        add_dhcp(*edit_, line);
    else if (kind == "bridged")
        add_bridged(*edit_, line);
    else if (kind == "mirror")
        add_mirror(*edit_, line);
    else if (kind == "unbound")
        edit_->set_port(LocalPort(PortId(line.id()), PortKind::unbound));
    else if (kind == "uplink")
        add_uplink(*edit_, line);
    else if (kind == "shadow")
        add_shadow(*edit_, line);
    else if (kind == "vtep")
        add_vtep(*edit_, line);
    else if (kind == "way")
        add_way(*edit_, line);
    else if (kind == "remote")
        add_remote(*edit_, line);
    else if (kind == "learned")
        add_learned(*edit_, line);
    else if (kind == "absent")
        add_absent(*edit_, line);
    else if (kind == "trusted-vtep")
        segment_of(*edit_, line).set_trusted(NextHopId(line.id()), true);
    else if (kind == "virtual")
        set_virtual_address(*edit_, line);
    else if (kind == "shared")
        set_shared_mac(*edit_, line);
    else if (kind == "also")
        add_other_sender(*edit_, line);
    else if (kind == "tunnel")
        set_tunnel(*edit_, line);
    else if (kind == "policy")
        policies_[line.id()].defaults = default_rules(line);
    else if (kind == "rule")
        policies_.at(line.number("policy")).rules.insert_or_assign(line.id(), rule_of(line));
    else if (kind == "group")
        groups_.insert_or_assign(line.id(), group_of(line));
    else if (kind == "router")
        routers_[line.id()].settings = router_settings(line);
    else if (kind == "interface")
        routers_.at(line.id()).settings.interfaces.push_back(router_interface(line));
    else if (kind == "route")
        routers_.at(line.id()).routes.push_back(route_of(routers_.at(line.id()).settings, line));
    else if (kind == "held")
        add_held(*edit_, line);
    else if (kind == "erase")
        erase(line);
    else if (kind == "pass")
        pass(line.id());
    else
        line.fail_here("unknown object");
    for (const char* port : {"nic", "waiting", "unbound", "bridged", "uplink", "shadow"})
        if (kind == port)
            open(PortId(line.id()));
}

void Lab::erase(const Line& line) {
    const auto& kind = line.first();
    auto id = [&] { return static_cast<uint32_t>(std::stoul(line.second())); };
    if (kind == "policy") {
        edit_->erase_policy(PolicyId(id()));
        policies_.erase(id());
    } else if (kind == "rule") {
        for (auto& [number, parts] : policies_)
            parts.rules.erase(id());
    } else if (kind == "router") {
        edit_->erase_router(RouterId(id()));
        routers_.erase(id());
    } else if (kind == "route") {
        auto prefix = line.parse<IpPrefix>(line.third());
        std::erase_if(routers_.at(id()).routes,
                      [&](const Route& route) { return route.prefix == prefix; });
    } else if (kind == "held") {
        segment_of(*edit_, line).erase_held(line.parse<IpAddr>(line.second()));
    } else if (kind == "address") {
        segment_of(*edit_, line).erase_neighbour(line.parse<IpAddr>(line.second()));
    } else if (kind == "nic") {
        erase_nic(*edit_, line, PortId(id()));
    } else {
        line.fail_here("unknown object");
    }
}

// Until all is done that is due then. Connections age by the time that passes while they are swept.
void Lab::pass(uint32_t seconds) {
    constexpr int enough = 1024; // steps
    const Fabric& now = fabric();
    for (int i = 0; i < enough; ++i) {
        worker_->set_now(rte_rdtsc() + seconds * rte_get_tsc_hz());
        sweep(now, *worker_);
        process_arrivals(now, *worker_);
    }
}

void Lab::open(PortId port) {
    if (std::find(ports_.begin(), ports_.end(), port) != ports_.end())
        return; // it is changed, and counts on
    worker_->open_port(port);
    ports_.push_back(port);
}

const Fabric& Lab::fabric() {
    if (edit_) {
        for (const auto& [id, parts] : routers_)
            edit_->set_router(Router(RouterId(id), parts.settings, parts.routes));
        set_policies();
        fabric_ = edit_->finish();
    }
    edit_.reset();
    return *fabric_;
}

void Lab::use(std::shared_ptr<const Fabric> fabric) {
    edit_.reset();
    fabric_ = std::move(fabric);
}

// All groups are of domain 0.
void Lab::set_policies() {
    std::vector<AddressGroup> groups;
    for (const auto& [id, group] : groups_)
        groups.push_back(group);
    edit_->set_groups(AddressGroups(DomainId(0), groups));
    for (const auto& [id, parts] : policies_) {
        std::vector<Rule> rules = parts.defaults;
        for (const auto& [number, rule] : parts.rules) {
            worker_->open_rule(rule.id);
            rules.push_back(rule);
        }
        edit_->set_policy(Policy(PolicyId(id), rules));
    }
}

rte_mbuf* Lab::buffer(const std::vector<uint8_t>& bytes) {
    rte_mbuf* mbuf = rte_pktmbuf_alloc(pool_);
    if (!mbuf || rte_pktmbuf_tailroom(mbuf) < bytes.size())
        throw std::runtime_error("no buffer for a frame");
    std::memset(mbuf->buf_addr, residue, mbuf->buf_len);
    char* place = rte_pktmbuf_append(mbuf, static_cast<uint16_t>(bytes.size()));
    std::copy(bytes.begin(), bytes.end(), place);
    return mbuf;
}

// In buffers of which none is full, so that segments begin and end anywhere in them.
void Lab::receive_large(PortId from, const std::vector<uint8_t>& frame, Large large) {
    constexpr size_t most = 700;
    rte_mbuf* first = nullptr;
    for (size_t at = 0; at < frame.size(); at += most) {
        const auto begin = frame.begin() + static_cast<ptrdiff_t>(at);
        rte_mbuf* next =
            buffer({begin, begin + static_cast<ptrdiff_t>(std::min(most, frame.size() - at))});
        if (!first)
            first = next;
        else if (rte_pktmbuf_chain(first, next) != 0)
            throw std::runtime_error("too many buffers for a frame");
    }
    claim_large(*first, large.kind, large.segment);
    process(fabric(), *worker_, from, &first, 1, Frames::some_large);
}

void Lab::receive(PortId from, const std::vector<std::vector<uint8_t>>& frames, bool bad_l4) {
    std::vector<rte_mbuf*> mbufs;
    for (const auto& bytes : frames)
        mbufs.push_back(buffer(bytes));
    for (rte_mbuf* mbuf : mbufs)
        mbuf->ol_flags |= bad_l4 ? RTE_MBUF_F_RX_L4_CKSUM_BAD : 0;
    process(fabric(), *worker_, from, mbufs.data(), static_cast<uint16_t>(mbufs.size()));
}

std::map<uint32_t, std::vector<std::vector<uint8_t>>> Lab::transmitted() {
    std::map<uint32_t, std::vector<std::vector<uint8_t>>> all;
    segments_.clear();
    worker_->drain([&](PortId to, Outbox& outbox) {
        worker_->before_transmission(fabric(), to, outbox);
        auto takes = [&](const rte_mbuf&) { return takes_large_.contains(to); };
        auto transmit = [&](Outbox& frames) {
            for (uint16_t i = 0; i < frames.count; ++i)
                note_transmitted(to.value(), *frames.frames[i], all[to.value()]);
            worker_->transmitted(frames, frames.count);
        };
        InSegments(*worker_, takes, transmit)(outbox);
    });
    return all;
}

namespace {

void finish_large(const rte_mbuf& frame, std::vector<uint8_t>& bytes) {
    const size_t l3 = frame.l2_len, l4 = l3 + frame.l3_len, field = l4 + 16;
    const bool is_ip6 = frame.ol_flags & RTE_MBUF_F_TX_IPV6;
    const size_t length = bytes.size() - l4;
    InternetSum sum;
    sum.add(&bytes[l3 + (is_ip6 ? 8u : 12u)], is_ip6 ? 32 : 8);
    sum.add({0, 6, static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(length)});
    bytes[field] = bytes[field + 1] = 0;
    sum.add(&bytes[l4], length);
    bytes[field] = static_cast<uint8_t>(sum.checksum() >> 8);
    bytes[field + 1] = static_cast<uint8_t>(sum.checksum());
}

} // namespace

void Lab::note_transmitted(uint32_t port, rte_mbuf& mbuf,
                           std::vector<std::vector<uint8_t>>& frames) {
    auto& bytes = frames.emplace_back(mbuf.pkt_len);
    for (auto [part, at] = std::pair<const rte_mbuf*, size_t>{&mbuf, 0}; part; part = part->next) {
        const auto* data = rte_pktmbuf_mtod(part, const uint8_t*);
        std::copy(data, data + part->data_len, bytes.begin() + static_cast<ptrdiff_t>(at));
        at += part->data_len;
    }
    if (is_large(mbuf))
        finish_large(mbuf, bytes);
    segments_[port].push_back(is_large(mbuf) ? mbuf.tso_segsz : uint16_t{0});
    rte_pktmbuf_free(&mbuf);
}

std::string Lab::counters(PortId port) const {
    CounterSums sums = worker_->counters(port);
    std::string text;
    for (size_t i = 0; i < verdict_count; ++i)
        if (uint64_t n = sums[static_cast<Verdict>(i)])
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", verdict_infos[i].name, n);
    return text;
}

unsigned Lab::buffers_in_use() const { return rte_mempool_in_use_count(pool_); }

} // namespace ringfence::test
