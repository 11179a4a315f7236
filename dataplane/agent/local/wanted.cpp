#include "dataplane/agent/local/wanted.h"

#include "dataplane/agent/local/mirrors.h"
#include "dataplane/agent/local/policing.h"

#include <algorithm>
#include <charconv>
#include <climits>

#include <net/if.h>

namespace ringfence::agent {

namespace {

template <class Map> std::string value_of(const Map& map, const char* key) {
    auto found = map.find(key);
    return found == map.end() ? std::string() : found->second;
}

Result<PortType> type_of(const vswitch::Interface& row) {
    const std::string& type = row.type;
    if (type == "tap")
        return PortType::tap;
    if (type == "internal")
        return PortType::internal;
    if (type == "dpdk")
        return PortType::dpdk;
    if (type == "dpdkvhostuserclient")
        return PortType::vhost_user_client;
    if (type == "dpdkvhostuser")
        return PortType::vhost_user;
    if (type.empty() || type == "system")
        return PortType::system;
    if (type == "patch")
        return fail(ErrorKind::unsupported,
                    "type patch is not built yet: put the ports on one bridge");
    if (type == "vxlan")
        return fail(ErrorKind::unsupported,
                    "type vxlan is not built: the fabric makes its tunnels itself, from "
                    "external_ids:ringfence-encap-ip of the Open_vSwitch row");
    return fail("\"{}\" is not a type of interface: use system, tap, internal, dpdk, "
                "dpdkvhostuser or dpdkvhostuserclient",
                type);
}

// Below the run folder, and nowhere else: who may plug a port may not choose where we write.
Result<std::string> socket_of(const std::string& name, const std::string& folder) {
    for (const std::string& part : {name, folder})
        if (part.find("..") != part.npos || part.starts_with('/'))
            return fail(
                "the socket \"{}\" of other_config:vhost-sock-dir \"{}\" lies outside of the "
                "run folder",
                name, folder);
    if (name.find('/') != name.npos)
        return fail("\"{}\" cannot be the name of a socket", name);
    return folder.empty() ? name : folder + "/" + name;
}

Result<std::string> device_of(const vswitch::Interface& row, PortType type,
                              const std::string& socket_folder) {
    if (type == PortType::vhost_user)
        return socket_of(row.name, socket_folder);
    const char* key = type == PortType::dpdk                ? "dpdk-devargs"
                      : type == PortType::vhost_user_client ? "vhost-server-path"
                                                            : nullptr;
    if (!key)
        return std::string();
    std::string device = value_of(row.options, key);
    if (device.empty())
        return fail("type {} needs options:{}", row.type, key);
    return device;
}

// One that no port can have is refused where the port would get it: the port stays as it is.
std::optional<unsigned> mtu_of(const vswitch::Interface& row) {
    if (!row.mtu_request)
        return std::nullopt;
    return static_cast<unsigned>(std::clamp<int64_t>(*row.mtu_request, 0, UINT_MAX));
}

Result<std::optional<MacAddr>> mac_of(const vswitch::Interface& row) {
    if (!row.mac)
        return std::nullopt;
    auto mac = MacAddr::from(*row.mac);
    if (!mac || mac->is_group() || mac->is_zero())
        return fail("mac \"{}\" is not an address for one device", *row.mac);
    return *mac;
}

std::optional<uint16_t> ofport_from(const std::optional<int64_t>& number) {
    if (!number || *number < 1 || *number > 65534)
        return std::nullopt;
    return static_cast<uint16_t>(*number);
}

// ovs-vswitchd.conf.db(5): without a mode a port that has a tag is an access port.
Result<VlanMode> vlan_mode_of(const vswitch::Port& port) {
    if (!port.vlan_mode)
        return port.tag ? VlanMode::access : VlanMode::trunk;
    for (auto [word, mode] : {std::pair{"access", VlanMode::access},
                              {"trunk", VlanMode::trunk},
                              {"native-tagged", VlanMode::native_tagged},
                              {"native-untagged", VlanMode::native_untagged}})
        if (*port.vlan_mode == word)
            return mode;
    return fail(ErrorKind::unsupported, "vlan_mode {} is not built", *port.vlan_mode);
}

Result<WantedPort> port_from(const vswitch::Bridge& bridge, const vswitch::Port& port,
                             const vswitch::Interface& row, const std::string& socket_folder) {
    if (port.interfaces.size() > 1)
        return fail(ErrorKind::unsupported, "port {} has {} interfaces: bonds are not built yet",
                    port.name, port.interfaces.size());
    WantedPort wanted;
    wanted.interface = row.uuid;
    wanted.name = row.name;
    wanted.bridge = bridge.name;
    wanted.is_bridge = row.name == bridge.name;
    auto type = type_of(row);
    if (!type)
        return tl::unexpected(type.error());
    wanted.type = *type;
    if (wanted.type == PortType::tap || wanted.type == PortType::internal ||
        wanted.type == PortType::system)
        if (std::string trouble = trouble_with_device_name(row.name); !trouble.empty())
            return fail("{}", trouble);
    auto device = device_of(row, *type, socket_folder);
    auto mac = mac_of(row);
    for (const Error* error : {device ? nullptr : &device.error(), mac ? nullptr : &mac.error()})
        if (error)
            return tl::unexpected(*error);
    wanted.device = *device;
    wanted.mtu_request = mtu_of(row);
    wanted.mac = *mac;
    if (auto own = MacAddr::from(value_of(bridge.other_config, "hwaddr"));
        own && !own->is_group() && !own->is_zero() && wanted.is_bridge && !wanted.mac)
        wanted.mac = *own;
    wanted.iface_id = value_of(row.external_ids, "iface-id");
    wanted.uplink_shadow = value_of(row.external_ids, "ringfence-uplink");
    wanted.is_bridged = wanted.iface_id.empty() && wanted.uplink_shadow.empty() &&
                        bridge.fail_mode.value_or("") != "secure";
    if (wanted.is_bridged) {
        auto mode = vlan_mode_of(port);
        if (!mode)
            return tl::unexpected(mode.error());
        wanted.vlan_mode = *mode;
    }
    if (port.tag)
        wanted.tag = static_cast<uint16_t>(*port.tag);
    for (int64_t vlan : port.trunks)
        wanted.trunks.insert(static_cast<uint16_t>(vlan));
    wanted.ofport = ofport_from(row.ofport);
    wanted.ofport_request = ofport_from(row.ofport_request);
    return wanted;
}

void limit(const vswitch::Tables& tables, const vswitch::Port& row,
           const vswitch::Interface& interface, WantedPort& port) {
    auto limits = policing_from(tables, row, interface);
    if (limits)
        port.limits = *limits;
    else
        port.limits_trouble = limits.error().text;
}

// As far as it is a number; one out of the range counts as the nearest that is in it.
std::optional<int64_t> number_of(const std::map<std::string, std::string>& config, const char* key,
                                 int64_t least, int64_t most) {
    const std::string text = value_of(config, key);
    int64_t number = 0;
    auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || bad != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return std::clamp(number, least, most);
}

void read_bridge(const vswitch::Tables& tables, const vswitch::Bridge& row, Wanted& wanted) {
    WantedBridge bridge;
    bridge.row = row.uuid;
    bridge.name = row.name;
    if (auto most = number_of(row.other_config, "mac-table-size", 10, 1'000'000))
        bridge.most_macs = static_cast<size_t>(*most);
    if (auto life = number_of(row.other_config, "mac-aging-time", 15, 3600))
        bridge.mac_life = std::chrono::seconds(*life);
    if (std::string id = value_of(row.other_config, "datapath-id");
        id.size() == 16 && id.find_first_not_of("0123456789abcdefABCDEF") == id.npos)
        bridge.datapath_id = id;
    if (auto mac = MacAddr::from(value_of(row.other_config, "hwaddr")))
        bridge.hwaddr = *mac;
    if (row.stp_enable || row.rstp_enable)
        wanted.fabric.errors.push_back(
            fmt::format("bridge {}: spanning trees (stp_enable, rstp_enable) are not built, and "
                        "nothing breaks a loop",
                        row.name));
    wanted.bridges.push_back(bridge);
    wanted.controllers.insert(row.controller.begin(), row.controller.end());

    for (const ovsdb::Uuid& port_uuid : row.ports) {
        const vswitch::Port* port = tables.port.find(port_uuid);
        if (!port)
            continue;
        for (const ovsdb::Uuid& interface_uuid : port->interfaces) {
            const vswitch::Interface* interface = tables.interface.find(interface_uuid);
            if (!interface)
                continue;
            if (auto built = port_from(row, *port, *interface,
                                       value_of(wanted.other_config, "vhost-sock-dir"))) {
                limit(tables, *port, *interface, *built);
                wanted.ports.emplace(built->name, *built);
            } else
                wanted.refused.emplace(interface_uuid, built.error().text);
        }
    }
}

// An uplink is no tenant's port, and its shadow tap is a device of its own.
std::string trouble_with_uplink(const WantedPort& port, const Wanted& wanted) {
    if (!port.iface_id.empty())
        return "an uplink (external_ids:ringfence-uplink) can't have an iface-id too";
    if (std::string trouble = trouble_with_device_name(port.uplink_shadow); !trouble.empty())
        return "external_ids:ringfence-uplink: " + trouble;
    if (wanted.ports.contains(port.uplink_shadow))
        return fmt::format("external_ids:ringfence-uplink: {} is a port of its own",
                           port.uplink_shadow);
    return {};
}

// Of ports that claim the same thing one keeps it: the one that works already (its row has an
// ofport), else the first by name.
void refuse_conflicts(Wanted& wanted) {
    std::map<std::string, std::string> shadows, claims; // what is taken, and by which port
    for (bool works : {true, false})
        for (const auto& [name, port] : wanted.ports)
            if (!port.iface_id.empty() && port.ofport.has_value() == works)
                claims.emplace(port.iface_id, name);
    for (auto port = wanted.ports.begin(); port != wanted.ports.end();) {
        const auto& [name, wish] = *port;
        std::string trouble;
        if (!wish.uplink_shadow.empty()) {
            trouble = trouble_with_uplink(wish, wanted);
            if (auto [holder, fresh] = shadows.emplace(wish.uplink_shadow, name);
                trouble.empty() && !fresh)
                trouble = fmt::format("external_ids:ringfence-uplink: {} shadows {} already",
                                      wish.uplink_shadow, holder->second);
        } else if (!wish.iface_id.empty()) {
            if (const std::string& holder = claims.at(wish.iface_id); holder != name)
                trouble = fmt::format("external_ids:iface-id: {} has {} already on this host",
                                      holder, wish.iface_id);
        }
        if (!trouble.empty()) {
            wanted.refused.emplace(wish.interface, trouble);
            port = wanted.ports.erase(port);
        } else {
            ++port;
        }
    }
}

std::vector<std::string> split(const std::string& list) {
    std::vector<std::string> words;
    for (size_t from = 0; from <= list.size();) {
        size_t to = std::min(list.find(',', from), list.size());
        std::string word = list.substr(from, to - from);
        word.erase(0, word.find_first_not_of(' '));
        word.erase(word.find_last_not_of(' ') + 1);
        if (!word.empty())
            words.push_back(word);
        from = to + 1;
    }
    return words;
}

} // namespace

const char* to_string(PortType type) {
    switch (type) {
    case PortType::tap:
        return "tap";
    case PortType::internal:
        return "internal";
    case PortType::system:
        return "system";
    case PortType::dpdk:
        return "dpdk";
    case PortType::vhost_user:
        return "dpdkvhostuser";
    case PortType::vhost_user_client:
        return "dpdkvhostuserclient";
    }
    return "";
}

Wanted wanted_from(const vswitch::Tables& tables) {
    Wanted wanted;
    for (const vswitch::OpenvSwitch& root : tables.open_vswitch) { // one row at most
        wanted.root = root.uuid;
        wanted.next_cfg = root.next_cfg;
        wanted.other_config = root.other_config;
        wanted.fabric = fabric_settings_from(root.external_ids);
        wanted.fabric.limits = default_limits_from(root.other_config, wanted.fabric.errors);
        wanted.watch = watch_settings_from(tables, root);
        for (const ovsdb::Uuid& uuid : root.bridges)
            if (const vswitch::Bridge* bridge = tables.bridge.find(uuid))
                read_bridge(tables, *bridge, wanted);
    }
    std::ranges::sort(wanted.bridges, {}, &WantedBridge::name);
    refuse_conflicts(wanted);
    for (const WantedBridge& bridge : wanted.bridges)
        read_mirrors(tables, *tables.bridge.find(bridge.row), wanted);
    return wanted;
}

static void read_tunnel(const std::map<std::string, std::string>& external_ids,
                        FabricSettings& settings) {
    if (std::string text = value_of(external_ids, "ringfence-encap-port"); !text.empty()) {
        unsigned port = 0;
        auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), port);
        if (bad == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535)
            settings.tunnel.udp_port = static_cast<uint16_t>(port);
        else
            settings.errors.push_back(fmt::format(
                "external_ids:ringfence-encap-port: \"{}\" is not a UDP port, 1 to 65535", text));
    }
    std::string dscp = value_of(external_ids, "ringfence-encap-dscp");
    settings.tunnel.copy_dscp = dscp != "zero";
    if (!dscp.empty() && dscp != "zero" && dscp != "copy")
        settings.errors.push_back(fmt::format(
            "external_ids:ringfence-encap-dscp: \"{}\" is neither copy nor zero", dscp));
    std::string checksum = value_of(external_ids, "ringfence-encap-udp6-checksum");
    settings.tunnel.zero_checksum6 = checksum == "zero";
    if (!checksum.empty() && checksum != "zero" && checksum != "full")
        settings.errors.push_back(fmt::format(
            "external_ids:ringfence-encap-udp6-checksum: \"{}\" is neither full nor zero",
            checksum));
}

FabricSettings fabric_settings_from(const std::map<std::string, std::string>& external_ids) {
    FabricSettings settings;
    settings.host = value_of(external_ids, "system-id");
    settings.remote = value_of(external_ids, "ringfence-remote");
    if (!settings.remote.empty() && settings.host.empty())
        settings.errors.push_back("external_ids:ringfence-remote needs external_ids:system-id, "
                                  "the host's name in the fabric");
    for (const std::string& word : split(value_of(external_ids, "ringfence-encap-ip"))) {
        auto address = IpAddr::from(word);
        if (address && is_host_address(*address))
            settings.vtep_addresses.push_back(*address);
        else
            settings.errors.push_back(fmt::format(
                "external_ids:ringfence-encap-ip: \"{}\" is not an address of a host", word));
    }
    for (const std::string& word : split(value_of(external_ids, "ringfence-bridge-mappings"))) {
        size_t colon = word.find(':');
        if (colon == word.npos || colon == 0 || colon + 1 == word.size())
            settings.errors.push_back(fmt::format(
                "external_ids:ringfence-bridge-mappings: \"{}\" is not NETWORK:BRIDGE", word));
        else
            settings.bridge_mappings[word.substr(0, colon)] = word.substr(colon + 1);
    }
    read_tunnel(external_ids, settings);
    return settings;
}

bool is_dead_vlan(const WantedPort& port) {
    constexpr uint16_t dead_vlan = 4095;
    return port.tag == dead_vlan || port.trunks == std::set<uint16_t>{dead_vlan};
}

std::string trouble_with_device_name(const std::string& name) {
    if (name.size() >= IFNAMSIZ)
        return fmt::format("a device name has at most {} characters: {}", IFNAMSIZ - 1, name);
    bool bad = name.empty() || name == "." || name == ".." ||
               std::ranges::any_of(name, [](unsigned char c) {
                   return c <= ' ' || c == '/' || c == ':' || c == 0x7f;
               });
    return bad ? fmt::format("\"{}\" can't be the name of a device", name) : std::string();
}

} // namespace ringfence::agent
