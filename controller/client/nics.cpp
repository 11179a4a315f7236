// NICs. A NIC's MAC and addresses have their ledger rows made with it: the ledger's index is what
// keeps them apart.
#include "controller/client/machines.h"
#include "controller/client/meeting.h"
#include "controller/client/store.h"
#include "controller/client/updates.h"
#include "controller/model/edges.h"

namespace ringfence::client {

namespace {

constexpr int64_t nics_of_a_vm = 65536;

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

// "front" of the VM's organization, or "back" of its vApp.
Result<> put_on(Draft& draft, nb::Nic& nic, const Path& vm, const NicNetwork& to) {
    if (to.network.empty() == to.vapp_network.empty())
        return fail("NIC of {}: {}; name one organization network or one vApp network", vm.text(),
                    to.network.empty() ? "which network is it on" : "it can't be on two networks");
    if (!to.network.empty())
        return find_network(draft.rows(), {vm[0], to.network})
            .map([&](const nb::OrganizationNetwork* network) {
                nic.organization_network = network->uuid;
            });
    return find_vapp_network(draft.rows(), {vm[0], vm[1], to.vapp_network})
        .map([&](const nb::VappNetwork* network) { nic.vapp_network = network->uuid; });
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

// Addresses that pool and dhcp could have given, too.
bool are_of_ranges(const nb::Tables& rows, const Uuid& network, const Texts& addresses) {
    const auto addressing = model::addressing_of(rows, network);
    return !addresses.empty() && std::ranges::all_of(addresses, [&](const std::string& text) {
        const auto address = IpAddr::from(text);
        return address && std::ranges::any_of(addressing.ranges, [&](const auto& range) {
                   return range.contains(*address);
               });
    });
}

// "none" has no addresses, "manual" those that are given, "pool" and "dhcp" free ones of the
// ranges.
Result<> settle_allocation(Draft& draft, Ledger& ledger, nb::Nic& nic,
                           const std::optional<std::string>& wanted, bool addresses_given) {
    nic.allocation = wanted.value_or(nic.addresses.empty() ? "none" : "manual");
    if (nic.allocation == "none" && wanted && !addresses_given)
        nic.addresses.clear();
    if (nic.allocation != "pool" && nic.allocation != "dhcp")
        return {};
    if (addresses_given)
        return fail("NIC {}: allocation {} takes free addresses, and some are given; choose one of "
                    "the two",
                    nic.port_name, nic.allocation);
    const Uuid network = segment_of(draft.rows(), nic);
    if (are_of_ranges(draft.rows(), network, nic.addresses))
        return {};
    nic.addresses.clear();
    for (const Family family : families) {
        const auto address = ledger.pick_inside(network, family);
        if (!address)
            return tl::unexpected(address.error());
        if (*address)
            nic.addresses.insert(**address);
    }
    if (nic.addresses.empty())
        return fail("NIC {}: {} has no range to take an address from; give it one (--range "
                    "FIRST-LAST), or choose allocation manual",
                    nic.port_name, network_path_of(draft.rows(), network).text());
    return {};
}

void settle_security(nb::Nic& nic, const std::optional<std::string>& wanted) {
    if (wanted)
        nic.port_security = *wanted;
    else if (nic.port_security != "trusted")
        nic.port_security = nic.addresses.empty() ? "mac" : "strict";
}

// An option that isn't wanted isn't there.
void set_option(nb::Nic& nic, const char* name, const std::optional<std::string>& value) {
    if (value && value->empty())
        nic.options.erase(name);
    else if (value)
        nic.options[name] = *value;
}

std::optional<std::string> yes(const std::optional<bool>& wanted) {
    return wanted ? std::optional<std::string>(*wanted ? "yes" : "") : std::nullopt;
}

void change_options(nb::Nic& nic, const NicChange& change) {
    set_option(nic, "hostname", change.hostname);
    set_option(nic, "trusted-relay", yes(change.trusted_relay));
    set_option(nic, "dhcp-server", yes(change.dhcp_server));
}

// Shared addresses that go by its own MAC go on doing so.
void change_mac(nb::Nic& nic, const std::string& mac) {
    for (auto& [address, its] : nic.virtual_addresses)
        if (its == nic.mac)
            its = mac;
    nic.mac = mac;
}

// A group by its name in the NIC's organization, or by its path.
Result<> join(const nb::Tables& rows, nb::Nic& nic, const Texts& groups, bool leave = false) {
    const Path place = path_of(rows, *rows.virtual_machine.find(nic.virtual_machine));
    for (const std::string& name : groups) {
        Path path = Path::split(name);
        if (path.depth() == 1)
            path = {place[0], path[0]};
        const auto group = find_security_group(rows, path);
        if (!group)
            return tl::unexpected(group.error());
        if (leave)
            nic.security_groups.erase((*group)->uuid);
        else
            nic.security_groups.insert((*group)->uuid);
    }
    return {};
}

Result<> change_groups(const nb::Tables& rows, nb::Nic& nic, const NicChange& change) {
    if (change.security_groups)
        nic.security_groups.clear();
    if (auto joined = join(rows, nic, change.security_groups.value_or(Texts())); !joined)
        return joined;
    if (auto joined = join(rows, nic, change.join); !joined)
        return joined;
    return join(rows, nic, change.leave, true);
}

} // namespace

void rely_on_place(Draft& draft, const nb::Nic& nic) {
    const nb::Tables& rows = draft.rows();
    rely_on_addressing(draft, segment_of(rows, nic));
    const auto* network = nic.vapp_network ? rows.vapp_network.find(*nic.vapp_network) : nullptr;
    if (!network)
        return;
    using Column = nb::VappNetwork::Column;
    draft.rely_on(*network, Column::mode | Column::parent | Column::translation);
    if (!network->parent)
        return;
    rely_on_addressing(draft, *network->parent);
    draft.rely_on(*rows.vapp.find(network->vapp), nb::Vapp::Column::deployed);
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
        if (auto attached = put_on(draft, nic, wanted.vm, wanted.network); !attached)
            return tl::unexpected(attached.error());
        rely_on_place(draft, nic);
        Ledger ledger(draft);
        const Uuid segment = segment_of(draft.rows(), nic);
        nic.uuid = Uuid::random();
        nic.mac = wanted.mac.empty() ? ledger.pick_mac(segment) : canonical_mac(wanted.mac);
        nic.addresses = canonical_addresses(wanted.addresses);
        if (auto settled =
                settle_allocation(draft, ledger, nic, wanted.allocation, !wanted.addresses.empty());
            !settled)
            return tl::unexpected(settled.error());
        settle_security(nic, wanted.port_security);
        if (auto joined = join(draft.rows(), nic, wanted.security_groups); !joined)
            return tl::unexpected(joined.error());
        ledger.add(entries_of(draft.rows(), nic)); // inside first: nobody's outside address then
        if (auto settled = settle_outside(draft.rows(), ledger, nic); !settled)
            return tl::unexpected(settled.error());
        draft.insert(nic);
        ledger.add(entries_of(draft.rows(), nic));
        return Target{nic.uuid};
    });
}

Result<Made<Nic>> Cloud::set(std::string_view name, const NicChange& change) {
    return impl_->change(&nb::Tables::nic, [&](Draft& draft) -> Result<Target> {
        const auto there = find_nic(draft.rows(), name);
        if (!there)
            return tl::unexpected(there.error());
        nb::Nic nic = **there;
        rely_on_place(draft, nic);
        Ledger ledger(draft);
        const Entries before = entries_of(draft.rows(), nic);
        if (change.mac)
            change_mac(nic, canonical_mac(*change.mac));
        if (change.addresses)
            nic.addresses = canonical_addresses(*change.addresses);
        const bool other = change.allocation && *change.allocation != nic.allocation;
        if (other || change.addresses)
            if (auto settled = settle_allocation(draft, ledger, nic, change.allocation,
                                                 change.addresses.has_value());
                !settled)
                return tl::unexpected(settled.error());
        if (change.addresses || change.allocation || change.port_security)
            settle_security(nic, change.port_security);
        const Entries inside = entries_of(draft.rows(), nic);
        ledger.change(before, inside);
        if (auto settled = settle_outside(draft.rows(), ledger, nic); !settled)
            return tl::unexpected(settled.error());
        change_options(nic, change);
        change_limits(nic.limits, change.limits);
        if (auto joined = change_groups(draft.rows(), nic, change); !joined)
            return tl::unexpected(joined.error());
        using Column = nb::Nic::Column;
        draft.update(nic, Column::mac | Column::addresses | Column::allocation |
                              Column::port_security | Column::outside_addresses | Column::options |
                              Column::limits | Column::security_groups | Column::virtual_addresses);
        ledger.change(inside, entries_of(draft.rows(), nic));
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
