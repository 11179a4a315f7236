// The noun of the ledger: address.
#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

Result<> list_addresses(Session& session, const Arguments& arguments) {
    const auto path = arguments.operands.empty()
                          ? scope_of(arguments)
                          : path_in_organization(arguments, arguments.operands[0]);
    if (!path)
        return tl::unexpected(path.error());
    return session.cloud()
        .and_then([&](Cloud* cloud) { return cloud->addresses(*path); })
        .map([&](const auto& addresses) { session.print(list_of("address", addresses)); });
}

// Of one address who has it, of a network how many there are.
Result<> show_address(Session& session, const Arguments& arguments) {
    const auto network = path_in_organization(arguments, arguments.operands[0]);
    if (!network)
        return tl::unexpected(network.error());
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        if (arguments.operands.size() > 1)
            return cloud->address(*network, arguments.operands[1]).map([&](const Address& address) {
                session.print(one("address", address));
            });
        return cloud->address_counts(*network).map(
            [&](const AddressCounts& counts) { session.print(one("address", counts)); });
    });
}

Result<> reserve(Session& session, const Arguments& arguments) {
    const auto network = path_in_organization(arguments, arguments.operands[0]);
    if (!network)
        return tl::unexpected(network.error());
    const NewReservation wanted{.network = *network,
                                .address = arguments.operands[1],
                                .owner = arguments.maybe("for").value_or("reserved"),
                                .may_exist = arguments.has("may-exist")};
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        const auto made = cloud->reserve(wanted);
        if (!made)
            return tl::unexpected(made.error());
        session.print_change(one("address", made->object), made->receipt, false);
        return session.wait(made->receipt);
    });
}

Result<> release(Session& session, const Arguments& arguments) {
    const auto network = path_in_organization(arguments, arguments.operands[0]);
    if (!network)
        return tl::unexpected(network.error());
    return session.cloud()
        .and_then([&](Cloud* cloud) {
            return cloud->release(*network, arguments.operands[1], deletion_of(arguments));
        })
        .and_then([&](const Deleted& deleted) {
            session.print_deleted(deleted);
            return session.wait(deleted.receipt);
        });
}

Result<> allow(Session& session, const Arguments& arguments) {
    return name_of<Nic>(arguments).and_then([&](const std::string& nic) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish(session, Change::setting,
                          cloud->allow({.nic = nic,
                                        .address = arguments.operands[1],
                                        .mac = arguments.text("mac"),
                                        .owner = arguments.text("for")}));
        });
    });
}

Result<> revoke(Session& session, const Arguments& arguments) {
    return name_of<Nic>(arguments).and_then([&](const std::string& nic) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish(session, Change::setting,
                          cloud->revoke(nic, arguments.operands[1], arguments.has("if-exists")));
        });
    });
}

} // namespace

Noun address_noun() {
    return {
        "address",
        "the ledger of addresses: what is taken, how much is free",
        "",
        {{"list",
          "[NETWORK]",
          "list what is taken on a network, or on all of them",
          {options::org},
          "NETWORK is ORG/NETWORK or ORG/VAPP/NETWORK, with --org NETWORK or VAPP/NETWORK.",
          list_addresses},
         {"show",
          "NETWORK [ADDRESS]",
          "show who has it, or how many are free",
          {options::org},
          "Free are those of its ranges that can be given out; a fenced network has those of its "
          "parent that are not taken there, either.",
          show_address},
         {"reserve",
          "NETWORK ADDRESS",
          "keep an address from being given to anybody",
          {options::org, {"for", "TEXT", "what it is reserved for"}, options::may_exist},
          "",
          reserve},
         {"release",
          "NETWORK ADDRESS",
          "undo 'address reserve'",
          {options::org, options::if_exists},
          "Addresses of NICs and edge routers go with those.",
          release},
         {"allow",
          "NIC ADDRESS",
          "let a NIC take over an address that others may have",
          {options::org,
           options::vapp,
           options::vm,
           {"mac", "MAC", "the MAC that goes with it (VRRP); unless given the NIC's own"},
           {"for", "TEXT", "what it is for, as the ledger says it; unless given its vApp"}},
          "NIC is a port name or ORG/VAPP/VM/NUMBER. Who announces it has it (VRRP, keepalived).",
          allow},
         {"revoke",
          "NIC ADDRESS",
          "undo 'address allow'",
          {options::org, options::vapp, options::vm, options::if_exists},
          "An address that no NIC may have any more is free again.",
          revoke}}};
}

} // namespace ringfence::ctl
