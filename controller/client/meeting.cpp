#include "controller/client/meeting.h"

#include <algorithm>

#include "controller/client/dhcp.h"
#include "controller/client/rows.h"
#include "controller/model/edges.h"

namespace ringfence::client {

namespace {

std::vector<IpAddr> parsed(const std::set<std::string>& texts) {
    std::vector<IpAddr> addresses;
    for (const std::string& text : texts)
        if (const auto address = IpAddr::from(text))
            addresses.push_back(*address);
    return addresses;
}

const IpAddr* of_family(const std::vector<IpAddr>& addresses, Family family) {
    const auto found = std::ranges::find(addresses, family, family_of);
    return found == addresses.end() ? nullptr : &*found;
}

bool has_family(const model::Addressing& addressing, Family family) {
    return std::ranges::any_of(addressing.subnets, [&](const IpPrefix& subnet) {
        return family_of(subnet.address()) == family;
    });
}

template <class Row> std::vector<Row> copies(const ovsdb::Table<Row>& table, const auto& wanted) {
    std::vector<Row> rows;
    std::ranges::copy_if(table, std::back_inserter(rows), wanted);
    return rows;
}

std::vector<nb::Nic> nics_on(const nb::Tables& rows, const nb::VappNetwork& network) {
    return copies(rows.nic, [&](const nb::Nic& nic) { return nic.vapp_network == network.uuid; });
}

// Of the addresses that somebody has outside, those that still fit, and free ones for the rest of
// the families.
Result<std::vector<IpAddr>> pick_own(const nb::Tables& rows, Ledger& ledger, const Uuid& parent,
                                     const std::vector<IpAddr>& kept, const auto& wants) {
    const model::Addressing addressing = model::addressing_of(rows, parent);
    std::vector<IpAddr> own;
    for (const Family family : families) {
        if (!wants(family) || !has_family(addressing, family))
            continue;
        const IpAddr* old = of_family(kept, family);
        if (old && addressing.subnet_of(*old)) {
            own.push_back(*old);
            continue;
        }
        const auto free = ledger.pick_outside(parent, family);
        if (!free)
            return tl::unexpected(free.error());
        if (*free)
            own.push_back(*IpAddr::from(**free));
    }
    return own;
}

Result<> check_parent(const nb::Tables& rows, const nb::VappNetwork& network) {
    if (network.parent && rows.organization_network.find(*network.parent))
        return {};
    return fail(ErrorKind::not_found,
                "vApp network {}: is {} and has no parent; name an organization network",
                path_of(rows, network).text(), network.mode);
}

// Its MAC on the parent comes from its UUID: one that is free there.
Uuid free_edge_uuid(const Ledger& ledger, nb::EdgeRouter edge, const Uuid& parent) {
    do
        edge.uuid = Uuid::random();
    while (ledger.is_taken(parent, to_string(model::router_mac(edge, parent))));
    return edge.uuid;
}

void erase_edge(Draft& draft, Ledger& ledger, const nb::EdgeRouter& edge, const Entries& its) {
    const nb::EdgeRouter copy = edge;
    for (const nb::StaticRoute& route :
         copies(draft.rows().static_route,
                [&](const nb::StaticRoute& route) { return route.edge_router == copy.uuid; }))
        draft.erase(route);
    for (const nb::FirewallRule& rule :
         copies(draft.rows().firewall_rule,
                [&](const nb::FirewallRule& rule) { return rule.edge_router == copy.uuid; }))
        draft.erase(rule);
    ledger.remove(its);
    draft.erase(copy);
}

constexpr auto edge_columns() {
    using Column = nb::EdgeRouter::Column;
    return Column::name | Column::addresses | Column::translation;
}

// The edge router as the network, which is in the draft, wants it.
Result<> settle_edge(Draft& draft, Ledger& ledger, const nb::VappNetwork& network,
                     const Entries& before) {
    const nb::EdgeRouter* there = edge_of(draft.rows(), network);
    if (!model::has_edge(network)) {
        if (there)
            erase_edge(draft, ledger, *there, before);
        return {};
    }
    const auto edge = make_edge(draft.rows(), ledger, network, there);
    if (!edge)
        return tl::unexpected(edge.error());
    if (there)
        draft.update(*edge, edge_columns());
    else
        draft.insert(*edge);
    ledger.change(before, entries_of(draft.rows(), *edge));
    return {};
}

Result<> settle_nics(Draft& draft, Ledger& ledger, std::vector<nb::Nic> nics,
                     const std::unordered_map<Uuid, Entries>& before) {
    for (nb::Nic& nic : nics) {
        if (auto settled = settle_outside(draft.rows(), ledger, nic); !settled)
            return settled;
        draft.update(nic, nb::Nic::Column::outside_addresses);
        ledger.change(before.at(nic.uuid), entries_of(draft.rows(), nic));
    }
    return {};
}

std::unordered_map<Uuid, Entries> entries_of_all(const nb::Tables& rows,
                                                 const std::vector<nb::Nic>& nics) {
    std::unordered_map<Uuid, Entries> entries;
    for (const nb::Nic& nic : nics)
        entries[nic.uuid] = entries_of(rows, nic);
    return entries;
}

// A router that has the gateways for its addresses there follows them.
void follow_gateways(nb::EdgeRouter& edge, const Uuid& network, const std::set<std::string>& before,
                     const std::set<std::string>& after) {
    auto own = model::router_addresses(edge, network);
    auto gateways = parsed(before);
    std::ranges::sort(gateways);
    if (own == gateways && !after.empty())
        edge.addresses[to_string(network)] = model::address_list(parsed(after));
}

} // namespace

const nb::EdgeRouter* edge_of(const nb::Tables& rows, const nb::VappNetwork& network) {
    for (const nb::EdgeRouter& edge : rows.edge_router)
        if (edge.vapp_network == network.uuid)
            return &edge;
    return nullptr;
}

Result<nb::EdgeRouter> make_edge(const nb::Tables& rows, Ledger& ledger,
                                 const nb::VappNetwork& network, const nb::EdgeRouter* like) {
    if (auto has_parent = check_parent(rows, network); !has_parent)
        return tl::unexpected(has_parent.error());
    const nb::Vapp& vapp = *rows.vapp.find(network.vapp);
    const Uuid parent = *network.parent;
    nb::EdgeRouter edge = like ? *like : nb::EdgeRouter{};
    edge.organization = vapp.organization;
    edge.name = vapp.name + "/" + network.name;
    edge.vapp_network = network.uuid;
    edge.translation = model::is_fenced(network) ? "one-to-one" : network.translation.value_or("");
    if (!like)
        edge.uuid = free_edge_uuid(ledger, edge, parent);
    const auto own = pick_own(rows, ledger, parent, model::router_addresses(edge, parent),
                              [](Family) { return true; });
    if (!own)
        return tl::unexpected(own.error());
    if (own->empty())
        return fail("vApp network {}: its edge router needs an address on {}, which has no range "
                    "to take one from; give it one (--range FIRST-LAST)",
                    path_of(rows, network).text(), network_path_of(rows, parent).text());
    edge.addresses = {{to_string(parent), model::address_list(*own)}};
    if (!model::is_fenced(network))
        edge.addresses[to_string(network.uuid)] = model::address_list(parsed(network.gateways));
    return edge;
}

Result<> settle_outside(const nb::Tables& rows, Ledger& ledger, nb::Nic& nic) {
    const auto* network = nic.vapp_network ? rows.vapp_network.find(*nic.vapp_network) : nullptr;
    if (!network || !network->parent || !model::translates(*network)) {
        nic.outside_addresses.clear();
        return {};
    }
    const nb::Vapp& vapp = *rows.vapp.find(network->vapp);
    const auto kept = parsed(nic.outside_addresses);
    const auto inside = parsed(nic.addresses);
    const auto own = pick_own(rows, ledger, *network->parent, kept, [&](Family family) {
        return of_family(inside, family) && (vapp.deployed || of_family(kept, family));
    });
    if (!own)
        return tl::unexpected(own.error());
    nic.outside_addresses.clear();
    for (const IpAddr& address : *own)
        nic.outside_addresses.insert(to_string(address));
    return {};
}

Result<> reshape(Draft& draft, Ledger& ledger, const nb::VappNetwork& wanted) {
    using Column = nb::VappNetwork::Column;
    const nb::Tables& rows = draft.rows();
    const nb::VappNetwork old = *rows.vapp_network.find(wanted.uuid);
    auto nics = nics_on(rows, old);
    const auto of_nics = entries_of_all(rows, nics);
    const auto* edge = edge_of(rows, old);
    const Entries of_edge = edge ? entries_of(rows, *edge) : Entries();
    if (old.parent != wanted.parent)
        for (nb::Nic& nic : nics)
            nic.outside_addresses.clear();
    draft.update(wanted, Column::name | Column::mode | Column::parent | Column::vni |
                             Column::translation | Column::mtu | Column::subnets |
                             Column::gateways | Column::ranges | Column::unknown_unicast |
                             Column::vlan_transparent | Column::inbound | Column::options);
    ledger.change(entries_of(rows, old), entries_of(rows, wanted));
    if (auto settled = settle_edge(draft, ledger, wanted, of_edge); !settled)
        return settled;
    if (const auto* dhcp = dhcp_options_of(rows, wanted.uuid); dhcp && wanted.mode == "bridged")
        draft.erase(*dhcp); // its parent's counts
    settle_dhcp(draft, ledger, wanted.uuid);
    if (old.parent) // maybe it has one fence less
        settle_dhcp(draft, ledger, *old.parent);
    return settle_nics(draft, ledger, std::move(nics), of_nics);
}

Result<> reshape(Draft& draft, Ledger& ledger, const nb::OrganizationNetwork& wanted) {
    using Column = nb::OrganizationNetwork::Column;
    const nb::Tables& rows = draft.rows();
    const nb::OrganizationNetwork old = *rows.organization_network.find(wanted.uuid);
    draft.update(wanted, Column::name | Column::mtu | Column::subnets | Column::gateways |
                             Column::ranges | Column::unknown_unicast | Column::vlan_transparent |
                             Column::inbound | Column::options);
    ledger.change(entries_of(rows, old), entries_of(rows, wanted));
    for (nb::EdgeRouter edge : copies(rows.edge_router, [&](const nb::EdgeRouter& router) {
             return router.networks.contains(wanted.uuid);
         })) {
        const Entries before = entries_of(rows, edge);
        follow_gateways(edge, wanted.uuid, old.gateways, wanted.gateways);
        draft.update(edge, nb::EdgeRouter::Column::addresses);
        ledger.change(before, entries_of(rows, edge));
    }
    settle_dhcp(draft, ledger, wanted.uuid);
    if (old.subnets == wanted.subnets && old.ranges == wanted.ranges)
        return {};
    for (const nb::VappNetwork& child :
         copies(rows.vapp_network,
                [&](const nb::VappNetwork& network) { return network.parent == wanted.uuid; }))
        if (model::has_edge(child))
            if (auto settled = reshape(draft, ledger, child); !settled)
                return settled;
    return {};
}

} // namespace ringfence::client
