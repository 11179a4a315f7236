// The networks' nouns: network, vapp-network.
#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

constexpr Option mtu{"mtu", "BYTES",
                     "largest IP packet; without it, or with none, what the underlay leaves"};
constexpr Option keep_nothing{"cascade", "", "another mode may delete firewall rules, too"};
constexpr Option subnet{"subnet", "PREFIX", "an address range on it, such as 10.0.0.0/24", true};
constexpr Option gateway{"gateway", "ADDRESS", "the gateway of one of its subnets", true};
constexpr Option range{"range", "FIRST-LAST", "addresses to give to NICs", true};
constexpr Option unknown_unicast{"unknown-unicast", "flood|drop",
                                 "what becomes of frames to a MAC that nobody is known to have",
                                 false, "flood|drop"};
constexpr Option vlan_transparent{"vlan-transparent", "yes|no", "whether tagged frames pass", false,
                                  "yes|no"};
constexpr Option inbound{"inbound", "deny|allow",
                         "what becomes of connections that begin outside its edge router; deny "
                         "unless given",
                         false, "deny|allow"};
constexpr Option log_default{"log-default", "yes|no", "whether what that decides is logged", false,
                             "yes|no"};
constexpr Option mode{
    "mode", "isolated|bridged|nat-routed|fenced",
    "how it meets its parent: not at all (isolated, unless given), as one segment "
    "with it (bridged), as a subnet of its own behind an edge router "
    "(nat-routed), or with the parent's subnet on both sides of an edge router "
    "(fenced)",
    false, "isolated|bridged|nat-routed|fenced"};
constexpr Option translation{"translation", "none|one-to-one",
                             "of a nat-routed network: each NIC gets an outside address on the "
                             "parent (one-to-one, unless given), or the organization's edge router "
                             "gets a route to it (none); ports is not built yet",
                             false, "none|one-to-one|ports"};
constexpr Option parent{"parent", "NETWORK", "the organization network that it meets"};
constexpr Option vni{"vni", "VNI", "its VXLAN network identifier; without it a free one is taken"};

// "none" is the empty setting.
Result<Setting<int64_t>> mtu_of(const Arguments& arguments) {
    if (arguments.text("mtu") == "none")
        return Setting<int64_t>(std::optional<int64_t>());
    return arguments.number("mtu", 0, 65535).map([](const std::optional<int64_t>& bytes) {
        return bytes ? Setting<int64_t>(bytes) : Setting<int64_t>();
    });
}

Result<SegmentChange> segment_change_of(const Arguments& arguments) {
    return mtu_of(arguments).map([&](const Setting<int64_t>& bytes) {
        return SegmentChange{.mtu = bytes,
                             .subnets = maybe_texts(arguments, "subnet"),
                             .gateways = maybe_texts(arguments, "gateway"),
                             .ranges = maybe_texts(arguments, "range"),
                             .unknown_unicast = arguments.maybe("unknown-unicast"),
                             .vlan_transparent = maybe_yes(arguments, "vlan-transparent"),
                             .inbound = arguments.maybe("inbound"),
                             .log_default = maybe_yes(arguments, "log-default")};
    });
}

Result<Segment> segment_of(const Arguments& arguments) {
    return mtu_of(arguments).map([&](const Setting<int64_t>& bytes) {
        return Segment{.mtu = bytes.value_or(std::nullopt),
                       .subnets = texts_of(arguments, "subnet"),
                       .gateways = texts_of(arguments, "gateway"),
                       .ranges = texts_of(arguments, "range"),
                       .unknown_unicast = arguments.maybe("unknown-unicast").value_or("flood"),
                       .vlan_transparent = maybe_yes(arguments, "vlan-transparent").value_or(false),
                       .inbound = arguments.text("inbound"),
                       .log_default = maybe_yes(arguments, "log-default").value_or(false)};
    });
}

// What `network create` and `vapp-network create` have in common.
template <class Object, class New> Result<New> new_network(const Arguments& arguments) {
    New network;
    auto path = name_of<Object>(arguments);
    if (!path)
        return tl::unexpected(path.error());
    auto segment = segment_of(arguments);
    if (!segment)
        return tl::unexpected(segment.error());
    auto number = arguments.number("vni", INT64_MIN, INT64_MAX);
    if (!number)
        return tl::unexpected(number.error());
    network.path = std::move(*path);
    network.segment = std::move(*segment);
    network.vni = *number;
    network.mode = arguments.maybe("mode").value_or(network.mode);
    network.may_exist = arguments.has("may-exist");
    return network;
}

Result<> create_network(Session& session, const Arguments& arguments) {
    return new_network<Network, NewNetwork>(arguments).and_then([&](NewNetwork network) {
        network.data_center = arguments.maybe("vdc").value_or(network.data_center);
        return create(session, network);
    });
}

Result<> set_network(Session& session, const Arguments& arguments) {
    return segment_change_of(arguments).and_then([&](const SegmentChange& change) {
        return set<Network>(session, arguments, NetworkChange{arguments.maybe("name"), change});
    });
}

Result<> create_vapp_network(Session& session, const Arguments& arguments) {
    return new_network<VappNetwork, NewVappNetwork>(arguments).and_then(
        [&](NewVappNetwork network) {
            network.parent = arguments.text("parent");
            network.translation = arguments.text("translation");
            return create(session, network);
        });
}

Result<> set_vapp_network(Session& session, const Arguments& arguments) {
    return segment_change_of(arguments).and_then([&](const SegmentChange& change) {
        return set<VappNetwork>(session, arguments,
                                VappNetworkChange{.name = arguments.maybe("name"),
                                                  .mode = arguments.maybe("mode"),
                                                  .parent = arguments.maybe("parent"),
                                                  .translation = arguments.maybe("translation"),
                                                  .segment = change,
                                                  .cascade = arguments.has("cascade")});
    });
}

} // namespace

Noun network_noun() {
    return {
        "network",
        "segments shared by the vApps of an organization",
        "as ORG/NETWORK, or as NETWORK with --org",
        {{"create",
          "NETWORK",
          "make an organization network",
          {options::org,
           options::vdc,
           {"mode", "isolated", "isolated; routed after 'edge attach'; bridged is not built yet"},
           vni,
           mtu,
           subnet,
           gateway,
           range,
           unknown_unicast,
           vlan_transparent,
           inbound,
           log_default,
           options::may_exist},
          "",
          create_network},
         {"list", "", "list organization networks", {options::org}, "", list<Network>},
         {"show", "NETWORK", "show an organization network", {options::org}, "", show<Network>},
         {"set",
          "NETWORK",
          "change an organization network",
          {options::org, options::rename, mtu, subnet, gateway, range, unknown_unicast,
           vlan_transparent, inbound, log_default},
          "--subnet, --gateway and --range replace all that there were; none: there are none.",
          set_network},
         {"delete",
          "NETWORK",
          "delete an organization network",
          {options::org, options::cascade, options::if_exists},
          "--cascade deletes the NICs on it and the vApp networks that meet it, too, and detaches "
          "it from its edge router.",
          erase<Network>}}};
}

Noun vapp_network_noun() {
    return {
        "vapp-network",
        "segments inside one vApp",
        "as ORG/VAPP/NETWORK, as VAPP/NETWORK with --org, or as NETWORK with --org and --vapp",
        {{"create",
          "NETWORK",
          "make a vApp network",
          {options::org, options::vapp, mode, parent, translation, vni, mtu, subnet, gateway, range,
           unknown_unicast, vlan_transparent, inbound, log_default, options::may_exist},
          "A nat-routed or fenced network comes with an edge router (see 'edge list'), whose "
          "outside "
          "address, like those of the NICs, is from the ranges of the parent. A nat-routed one "
          "without --gateway has the first address of each subnet for it.",
          create_vapp_network},
         {"list", "", "list vApp networks", {options::org, options::vapp}, "", list<VappNetwork>},
         {"show",
          "NETWORK",
          "show a vApp network",
          {options::org, options::vapp},
          "",
          show<VappNetwork>},
         {"set",
          "NETWORK",
          "change a vApp network",
          {options::org, options::vapp, options::rename, mode, parent, translation, mtu, subnet,
           gateway, range, unknown_unicast, vlan_transparent, inbound, log_default, keep_nothing},
          "--subnet, --gateway and --range replace all that there were; none: there are none. "
          "Another --mode drops what that mode can't have (fenced: subnets of its own), and works "
          "while VMs run, if their addresses fit. It is refused where firewall rules, static "
          "routes or DHCP settings would be lost, unless --cascade is said.",
          set_vapp_network},
         {"delete",
          "NETWORK",
          "delete a vApp network",
          {options::org, options::vapp, options::cascade, options::if_exists},
          "--cascade deletes the NICs on it, too.",
          erase<VappNetwork>}}};
}

} // namespace ringfence::ctl
