#include "controller/model/edges.h"

#include <algorithm>

#include <fmt/format.h>

#include "controller/model/texts.h"

namespace ringfence::model {
namespace {

constexpr uint64_t inside_mac = 0x025246000001;
constexpr uint64_t locally_administered = 0x020000000000; // unicast (IEEE 802-2014, 8.2)

template <class Network> Addressing parse(const Network& network) {
    return Addressing::from(network.subnets, network.gateways, network.ranges)
        .value_or(Addressing{});
}

} // namespace

bool has_edge(const northbound::VappNetwork& network) {
    return network.mode == "nat-routed" || is_fenced(network);
}

bool translates(const northbound::VappNetwork& network) {
    return is_fenced(network) ||
           (network.mode == "nat-routed" && network.translation == "one-to-one");
}

Addressing addressing_of(const Rows& rows, const Uuid& uuid) {
    if (const auto* network = rows.organization_network.find(uuid))
        return parse(*network);
    const auto* network = rows.vapp_network.find(uuid);
    if (!network)
        return {};
    if (!is_fenced(*network) && network->mode != "bridged")
        return parse(*network);
    const auto* parent =
        network->parent ? rows.organization_network.find(*network->parent) : nullptr;
    return parent ? parse(*parent) : Addressing{};
}

std::vector<Standing> standings(const Rows& rows, const northbound::EdgeRouter& edge) {
    std::vector<Standing> all;
    if (!edge.vapp_network) {
        for (const Uuid& network : edge.networks)
            all.push_back({network, false});
        return all;
    }
    all.push_back({*edge.vapp_network, false});
    if (const auto* inside = rows.vapp_network.find(*edge.vapp_network); inside && inside->parent)
        all.push_back({*inside->parent, true});
    return all;
}

MacAddr router_mac(const northbound::EdgeRouter& edge, const Uuid& network) {
    if (edge.vapp_network == network)
        return MacAddr::from_u64(inside_mac);
    const Uuid hash = Uuid::named("mac/" + to_string(edge.uuid));
    uint64_t bits = 0;
    for (size_t i = 0; i < 5; ++i)
        bits = bits << 8 | hash.bytes[i];
    return MacAddr::from_u64(locally_administered | bits);
}

std::vector<IpAddr> router_addresses(const northbound::EdgeRouter& edge, const Uuid& network) {
    std::vector<IpAddr> addresses;
    const auto entry = edge.addresses.find(to_string(network));
    if (entry == edge.addresses.end())
        return addresses;
    for (const std::string& text : split(entry->second, ','))
        if (auto address = IpAddr::from(text))
            addresses.push_back(*address);
    std::ranges::sort(addresses);
    return addresses;
}

std::string address_list(const std::vector<IpAddr>& addresses) {
    std::string list;
    for (const IpAddr& address : addresses)
        list.append(list.empty() ? "" : ",").append(to_string(address));
    return list;
}

} // namespace ringfence::model
