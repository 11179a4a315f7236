// vApps: what is deployed, undeployed and deleted as a unit.
#include "controller/client/machines.h"
#include "controller/client/meeting.h"
#include "controller/client/store.h"
#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

std::vector<nb::VappNetwork> networks_of(const nb::Tables& rows, const Uuid& vapp) {
    std::vector<nb::VappNetwork> networks;
    std::ranges::copy_if(rows.vapp_network, std::back_inserter(networks),
                         [&](const nb::VappNetwork& network) { return network.vapp == vapp; });
    return networks;
}

std::vector<nb::Nic> nics_of(const nb::Tables& rows, const Uuid& vapp) {
    std::vector<nb::Nic> nics;
    for (const nb::Nic& nic : rows.nic)
        if (const auto* vm = rows.virtual_machine.find(nic.virtual_machine); vm && vm->vapp == vapp)
            nics.push_back(nic);
    return nics;
}

// The edge routers of a vApp's networks have its name in theirs, and so has the ledger.
void rename_edges(Draft& draft, const Uuid& vapp) {
    const nb::Tables& rows = draft.rows();
    Ledger ledger(draft);
    for (const nb::VappNetwork& network : networks_of(rows, vapp)) {
        ledger.add(entries_of(rows, network));
        if (const auto* there = edge_of(rows, network)) {
            nb::EdgeRouter edge = *there;
            edge.name = rows.vapp.find(vapp)->name + "/" + network.name;
            draft.update(edge, nb::EdgeRouter::Column::name);
            ledger.add(entries_of(rows, edge));
        }
    }
}

// To deployed or back; outside addresses that nobody needs are released unless they are kept.
Result<Target> set_deployed(Draft& draft, const Path& path, bool deployed, bool keep) {
    const auto there = find_vapp(draft.rows(), path);
    if (!there)
        return tl::unexpected(there.error());
    nb::Vapp vapp = **there;
    vapp.deployed = deployed;
    draft.rely_on_all(); // a NIC that comes meanwhile is deployed as the others
    draft.update(vapp, nb::Vapp::Column::deployed);
    Ledger ledger(draft);
    for (nb::Nic nic : nics_of(draft.rows(), vapp.uuid)) {
        const Entries before = entries_of(draft.rows(), nic);
        if (!deployed && !keep)
            nic.outside_addresses.clear();
        if (auto settled = settle_outside(draft.rows(), ledger, nic); !settled)
            return tl::unexpected(settled.error());
        draft.update(nic, nb::Nic::Column::outside_addresses);
        ledger.change(before, entries_of(draft.rows(), nic));
    }
    return Target{vapp.uuid};
}

} // namespace

Result<std::vector<Vapp>> Cloud::vapps(const Path& scope) {
    return impl_->list(&nb::Tables::vapp, scope);
}

Result<Vapp> Cloud::vapp(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_vapp(rows, path); });
}

Result<Made<Vapp>> Cloud::create(const NewVapp& wanted) {
    return impl_->change(&nb::Tables::vapp, [&](Draft& draft) -> Result<Target> {
        const auto there = find_vapp(draft.rows(), wanted.path);
        if (there)
            return existing("vApp", wanted.path.text(), **there, wanted.may_exist);
        if (there.error().kind != ErrorKind::not_found)
            return tl::unexpected(there.error());
        return insert_vapp(draft, wanted).map([](const Uuid& uuid) { return Target{uuid}; });
    });
}

Result<Made<Vapp>> Cloud::set(const Path& path, const VappChange& change) {
    return impl_->change(&nb::Tables::vapp, [&](Draft& draft) -> Result<Target> {
        const auto there = find_vapp(draft.rows(), path);
        if (!there)
            return tl::unexpected(there.error());
        nb::Vapp vapp = **there;
        if (change.name && *change.name != vapp.name) {
            const Path renamed{path[0], *change.name};
            if (const auto other = find_vapp(draft.rows(), renamed))
                return existing("vApp", renamed.text(), **other, false);
            vapp.name = *change.name;
        }
        const bool renamed = vapp.name != (*there)->name;
        draft.update(vapp, nb::Vapp::Column::name);
        if (renamed) {
            draft.rely_on_all(); // a network that comes meanwhile has an edge of this name, too
            rename_edges(draft, vapp.uuid);
        }
        return Target{vapp.uuid};
    });
}

Result<Made<Vapp>> Cloud::deploy(const Path& path) {
    return impl_->change(&nb::Tables::vapp,
                         [&](Draft& draft) { return set_deployed(draft, path, true, true); });
}

Result<Made<Vapp>> Cloud::undeploy(const Path& path, bool keep_addresses) {
    return impl_->change(&nb::Tables::vapp, [&](Draft& draft) {
        return set_deployed(draft, path, false, keep_addresses);
    });
}

} // namespace ringfence::client
