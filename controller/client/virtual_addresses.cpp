// Addresses that NICs share: each has a ledger row of its own, with an owner by name, as long as
// any NIC may have it; so has a MAC that goes with one and is no NIC's own.
#include "controller/client/ledger.h"
#include "controller/client/machines.h"
#include "controller/client/store.h"
#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

constexpr auto column = nb::Nic::Column::virtual_addresses;

// The ledger's rows of this one address, which it may not have yet.
Entries entries_for(const nb::Tables& rows, const nb::Nic& nic, const std::string& address) {
    const auto its = nic.virtual_addresses.find(address);
    if (its == nic.virtual_addresses.end())
        return {};
    Entries entries = shared_entries(rows, nic);
    std::erase_if(entries, [&](const Entry& entry) {
        return entry.address != address && entry.address != its->second;
    });
    return entries;
}

} // namespace

Result<Made<Nic>> Cloud::allow(const NewVirtualAddress& wanted) {
    return impl_->change(&nb::Tables::nic, [&](Draft& draft) -> Result<Target> {
        const nb::Tables& rows = draft.rows();
        const auto there = find_nic(rows, wanted.nic);
        if (!there)
            return tl::unexpected(there.error());
        nb::Nic nic = **there;
        rely_on_place(draft, nic);
        draft.rely_on_all(); // whoever has it already doesn't give it up meanwhile
        const std::string address = canonical_address(wanted.address);
        const Entries before = entries_for(rows, nic, address);
        nic.virtual_addresses[address] = wanted.mac.empty() ? nic.mac : canonical_mac(wanted.mac);
        draft.update(nic, column);
        Ledger ledger(draft);
        Entries entries = entries_for(rows, nic, address);
        for (Entry& entry : entries)
            if (!wanted.owner.empty()) {
                entry.owner = wanted.owner;
                entry.shared = false; // its name from now on, whoever came first
            }
        ledger.change(before, entries);
        return Target{nic.uuid};
    });
}

Result<Made<Nic>> Cloud::revoke(std::string_view name, std::string_view text, bool if_exists) {
    return impl_->change(&nb::Tables::nic, [&](Draft& draft) -> Result<Target> {
        const nb::Tables& rows = draft.rows();
        const auto there = find_nic(rows, name);
        if (!there)
            return tl::unexpected(there.error());
        nb::Nic nic = **there;
        const std::string address = canonical_address(std::string(text));
        if (!nic.virtual_addresses.contains(address)) {
            if (if_exists)
                return Target{nic.uuid, true};
            return fail(ErrorKind::not_found, "NIC {}: has no virtual address {}", nic.port_name,
                        address);
        }
        const Entries before = shared_entries(rows, nic);
        nic.virtual_addresses.erase(address);
        draft.rely_on_all(); // nobody else takes it meanwhile
        draft.update(nic, column);
        Ledger ledger(draft);
        ledger.change(before, shared_entries(rows, nic));
        return Target{nic.uuid};
    });
}

} // namespace ringfence::client
