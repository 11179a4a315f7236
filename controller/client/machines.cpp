// vApps, virtual machines, NICs. A NIC's MAC and addresses have their ledger rows made with it: the
// ledger's index is what keeps them apart.
#include <random>

#include "controller/client/store.h"
#include "controller/client/updates.h"
#include "core/types/addresses.h"

namespace ringfence::client {

namespace {

constexpr const char* default_data_center = "default";
constexpr int64_t nics_of_a_vm = 65536;

// --- vApps and VMs on demand --------------------------------------------------------------------
Result<Uuid> insert_vapp(Draft& draft, const NewVapp& wanted) {
    return find_data_center(draft.rows(), {wanted.path[0], wanted.data_center})
        .map([&](const nb::VirtualDataCenter* data_center) {
            nb::Vapp vapp;
            vapp.organization = data_center->organization;
            vapp.data_center = data_center->uuid;
            vapp.name = wanted.path[1];
            vapp.deployed = true;
            return draft.insert(vapp);
        });
}

// A row that is there, or a new one where it is merely missing.
template <class Row> Result<Uuid> find_or_make(const Found<Row>& there, const auto& make) {
    if (there)
        return (*there)->uuid;
    if (there.error().kind != ErrorKind::not_found)
        return tl::unexpected(there.error());
    return make();
}

Result<Uuid> vapp_for(Draft& draft, const Path& path) {
    return find_or_make(find_vapp(draft.rows(), path), [&] {
        return insert_vapp(draft, {.path = path, .data_center = default_data_center});
    });
}

Result<Uuid> vm_for(Draft& draft, const Path& path) {
    return find_or_make(find_vm(draft.rows(), path), [&] {
        return vapp_for(draft, {path[0], path[1]}).map([&](const Uuid& vapp) {
            nb::VirtualMachine vm;
            vm.vapp = vapp;
            vm.name = path[2];
            return draft.insert(vm);
        });
    });
}

// --- NICs ---------------------------------------------------------------------------------------
int64_t free_number(const nb::Tables& rows, const Uuid& vm) {
    std::set<int64_t> taken;
    for (const nb::Nic& nic : rows.nic)
        if (nic.virtual_machine == vm)
            taken.insert(nic.number);
    int64_t number = 0;
    while (number < nics_of_a_vm && taken.contains(number))
        ++number;
    return number; // out of range when all are taken; the rules say so
}

// Unicast and locally administered (IEEE 802c, the administratively assigned quadrant).
MacAddr random_mac() {
    std::random_device random;
    const uint64_t bits = uint64_t{random()} << 32 | random();
    return MacAddr::from_u64((bits & 0x00ffffffffff) | 0x020000000000);
}

std::string free_mac(const model::Model& model, const Uuid& segment) {
    std::string mac;
    do
        mac = to_string(random_mac());
    while (model.holder(segment, mac));
    return mac;
}

// Canonical text; what is no address is left for the rules to refuse.
std::string canonical_mac(const std::string& text) {
    const auto mac = MacAddr::from(text);
    return mac ? to_string(*mac) : text;
}
Texts canonical_addresses(const Texts& texts) {
    Texts addresses;
    for (const std::string& text : texts) {
        const auto address = IpAddr::from(text);
        addresses.insert(address ? to_string(*address) : text);
    }
    return addresses;
}

// What the NIC's addresses are checked against: its network's addressing, or, where that is
// bridged, its parent's.
template <class Row>
void rely_on_addressing(Draft& draft, const ovsdb::Table<Row>& table, const Uuid& segment) {
    using Column = typename Row::Column;
    if (const Row* network = table.find(segment))
        draft.rely_on(*network, Column::subnets | Column::gateways);
}
void rely_on_addressing(Draft& draft, const Uuid& segment) {
    rely_on_addressing(draft, draft.rows().organization_network, segment);
    rely_on_addressing(draft, draft.rows().vapp_network, segment);
}

// "front" of the VM's organization, or "back" of its vApp.
Result<> attach(Draft& draft, nb::Nic& nic, const Path& vm, const NicNetwork& to) {
    if (to.network.empty() == to.vapp_network.empty())
        return fail("NIC of {}: {}; name one organization network or one vApp network", vm.text(),
                    to.network.empty() ? "which network is it on" : "it can't be on two networks");
    if (!to.network.empty())
        return find_network(draft.rows(), {vm[0], to.network})
            .map([&](const nb::OrganizationNetwork* network) {
                nic.organization_network = network->uuid;
            });
    return find_vapp_network(draft.rows(), {vm[0], vm[1], to.vapp_network})
        .map([&](const nb::VappNetwork* network) {
            using Column = nb::VappNetwork::Column;
            draft.rely_on(*network, Column::mode | Column::parent);
            nic.vapp_network = network->uuid;
        });
}

// The hosts that a NIC may be bound to are those of its data center.
void rely_on_hosts(Draft& draft, const nb::Nic& nic) {
    using Column = nb::VirtualDataCenter::Column;
    const nb::Tables& rows = draft.rows();
    const auto* vm = rows.virtual_machine.find(nic.virtual_machine);
    const auto* vapp = vm ? rows.vapp.find(vm->vapp) : nullptr;
    if (const auto* vdc = vapp ? rows.virtual_data_center.find(vapp->data_center) : nullptr)
        draft.rely_on(*vdc, Column::all_hosts | Column::hosts);
}

void settle_security(nb::Nic& nic, const std::optional<std::string>& wanted) {
    nic.allocation = nic.addresses.empty() ? "none" : "manual";
    if (wanted)
        nic.port_security = *wanted;
    else if (nic.port_security != "trusted")
        nic.port_security = nic.addresses.empty() ? "mac" : "strict";
}

void insert_allocation(Draft& draft, const nb::Nic& nic, const Uuid& segment,
                       const std::string& address, const char* kind) {
    nb::AddressAllocation allocation;
    allocation.network = segment;
    allocation.address = address;
    allocation.kind = kind;
    allocation.nic = nic.uuid;
    allocation.owner = nic.port_name;
    draft.insert(allocation);
}

// The ledger as the NIC wants it: rows that stay are left alone.
void settle_ledger(Draft& draft, const nb::Nic& nic, const Uuid& segment) {
    std::set<std::string> missing = nic.addresses;
    missing.insert(nic.mac);
    std::vector<nb::AddressAllocation> stale;
    for (const nb::AddressAllocation& allocation : draft.rows().address_allocation)
        if (allocation.nic == nic.uuid && missing.erase(allocation.address) == 0)
            stale.push_back(allocation);
    for (const nb::AddressAllocation& allocation : stale)
        draft.erase(allocation);
    for (const std::string& address : missing)
        insert_allocation(draft, nic, segment, address, address == nic.mac ? "mac" : "nic");
}

} // namespace

// --- vApps --------------------------------------------------------------------------------------
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
        return find_or_make(there, [&] { return insert_vapp(draft, wanted); })
            .map([](const Uuid& uuid) { return Target{uuid}; });
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
        draft.update(vapp, nb::Vapp::Column::name);
        return Target{vapp.uuid};
    });
}

// --- Virtual machines ---------------------------------------------------------------------------
Result<std::vector<Vm>> Cloud::vms(const Path& scope) {
    return impl_->list(&nb::Tables::virtual_machine, scope);
}

Result<Vm> Cloud::vm(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_vm(rows, path); });
}

Result<Made<Vm>> Cloud::create(const NewVm& wanted) {
    return impl_->change(&nb::Tables::virtual_machine, [&](Draft& draft) -> Result<Target> {
        if (const auto there = find_vm(draft.rows(), wanted.path))
            return existing("VM", wanted.path.text(), **there, wanted.may_exist);
        return vm_for(draft, wanted.path).map([](const Uuid& uuid) { return Target{uuid}; });
    });
}

Result<Made<Vm>> Cloud::set(const Path& path, const VmChange& change) {
    return impl_->change(&nb::Tables::virtual_machine, [&](Draft& draft) -> Result<Target> {
        const auto there = find_vm(draft.rows(), path);
        if (!there)
            return tl::unexpected(there.error());
        nb::VirtualMachine vm = **there;
        if (change.name && *change.name != vm.name) {
            const Path renamed{path[0], path[1], *change.name};
            if (const auto other = find_vm(draft.rows(), renamed))
                return existing("VM", renamed.text(), **other, false);
            vm.name = *change.name;
        }
        draft.update(vm, nb::VirtualMachine::Column::name);
        return Target{vm.uuid};
    });
}

// --- NICs ---------------------------------------------------------------------------------------
Result<std::vector<Nic>> Cloud::nics(const Path& scope) {
    return impl_->list(&nb::Tables::nic, scope);
}

Result<Nic> Cloud::nic(std::string_view name) {
    return impl_->show([&](const nb::Tables& rows) { return find_nic(rows, name); });
}

Result<Made<Nic>> Cloud::create(const NewNic& wanted) {
    if (wanted.may_exist && !wanted.number && wanted.port_name.empty())
        return fail("NIC of {}: may it exist? say which, by its number or its port name",
                    wanted.vm.text());
    return impl_->change(&nb::Tables::nic, [&](Draft& draft) -> Result<Target> {
        const auto vm = vm_for(draft, wanted.vm);
        if (!vm)
            return tl::unexpected(vm.error());
        nb::Nic nic;
        nic.virtual_machine = *vm;
        nic.number = wanted.number.value_or(free_number(draft.rows(), *vm));
        nic.port_name = wanted.port_name.empty()
                            ? wanted.vm.child(fmt::format("{}", nic.number)).text()
                            : wanted.port_name;
        if (const nb::Nic* there = nic_of_vm(draft.rows(), *vm, nic.number))
            return existing("NIC", path_of(draft.rows(), *there).text(), *there, wanted.may_exist);
        if (const nb::Nic* there = nic_of_port(draft.rows(), nic.port_name))
            return existing("port", nic.port_name, *there, wanted.may_exist);
        if (auto attached = attach(draft, nic, wanted.vm, wanted.network); !attached)
            return tl::unexpected(attached.error());
        const model::Model model(draft.rows());
        const auto segment = model.segment_of(nic);
        if (!segment)
            return fail(ErrorKind::unsupported, "NIC of {}: its network has no segment",
                        wanted.vm.text());
        rely_on_addressing(draft, *segment);
        nic.mac = wanted.mac.empty() ? free_mac(model, *segment) : canonical_mac(wanted.mac);
        nic.addresses = canonical_addresses(wanted.addresses);
        settle_security(nic, wanted.port_security);
        nic.uuid = draft.insert(nic);
        settle_ledger(draft, nic, *segment);
        return Target{nic.uuid};
    });
}

Result<Made<Nic>> Cloud::set(std::string_view name, const NicChange& change) {
    return impl_->change(&nb::Tables::nic, [&](Draft& draft) -> Result<Target> {
        const auto there = find_nic(draft.rows(), name);
        if (!there)
            return tl::unexpected(there.error());
        nb::Nic nic = **there;
        const auto segment = model::Model(draft.rows()).segment_of(nic);
        if (!segment)
            return fail("NIC {}: its network has no segment", nic.port_name);
        rely_on_addressing(draft, *segment);
        if (change.mac)
            nic.mac = canonical_mac(*change.mac);
        if (change.addresses)
            nic.addresses = canonical_addresses(*change.addresses);
        if (change.addresses || change.port_security)
            settle_security(nic, change.port_security);
        using Column = nb::Nic::Column;
        draft.update(nic,
                     Column::mac | Column::addresses | Column::allocation | Column::port_security);
        settle_ledger(draft, nic, *segment);
        return Target{nic.uuid};
    });
}

Result<Made<Nic>> Cloud::bind(std::string_view name, std::string_view foreign_host) {
    return impl_->change(&nb::Tables::nic, [&](Draft& draft) -> Result<Target> {
        const auto there = find_nic(draft.rows(), name);
        if (!there)
            return tl::unexpected(there.error());
        nb::Nic nic = **there;
        nic.foreign_host.reset();
        if (!foreign_host.empty()) {
            const auto host = find_host(draft.rows(), foreign_host);
            if (!host)
                return tl::unexpected(host.error());
            draft.rely_on(**host, nb::Host::Column::kind);
            rely_on_hosts(draft, nic);
            nic.foreign_host = (*host)->uuid;
        }
        draft.update(nic, nb::Nic::Column::foreign_host);
        return Target{nic.uuid};
    });
}

} // namespace ringfence::client
