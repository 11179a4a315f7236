// NICs: what they attach to, their addresses, and who else has those.
#include "controller/model/check.h"
#include "controller/model/dhcp.h"
#include "controller/model/edges.h"
#include "controller/model/limits.h"
#include "controller/model/paths.h"
#include "controller/model/subnets.h"
#include "controller/model/texts.h"
#include "controller/model/virtual_addresses.h"
#include "core/types/addresses.h"

namespace ringfence::model {
namespace {

// A NIC and all that it stands in; none of it is null.
struct Place {
    const northbound::VirtualMachine* vm;
    const northbound::Vapp* vapp;
    const northbound::VirtualDataCenter* vdc;
};

Result<Place> find_place(const Model& model, const std::string& object,
                         const northbound::Nic& nic) {
    const auto& rows = model.rows();
    Place place{};
    place.vm = rows.virtual_machine.find(nic.virtual_machine);
    place.vapp = place.vm ? rows.vapp.find(place.vm->vapp) : nullptr;
    place.vdc = place.vapp ? rows.virtual_data_center.find(place.vapp->data_center) : nullptr;
    if (!place.vdc)
        return fail(ErrorKind::not_found, "{}: its VM, vApp or data center does not exist", object);
    return place;
}

Result<> check_groups(const Model& model, const std::string& object, const northbound::Nic& nic,
                      const Place& place) {
    const auto& rows = model.rows();
    for (const Uuid& uuid : nic.security_groups) {
        const auto* group = rows.security_group.find(uuid);
        if (!group)
            return fail(ErrorKind::not_found, "{}: one of its security groups does not exist",
                        object);
        if (group->organization != place.vapp->organization)
            return fail("{}: {} is another organization's", object, path(rows, *group));
    }
    return {};
}

Result<> check_options(const std::string& object, const northbound::Nic& nic) {
    if (auto known = check_known(object, "option", nic.options,
                                 {"hostname", "trusted-relay", "dhcp-server"});
        !known)
        return known;
    const auto hostname = nic.options.find("hostname");
    if (hostname != nic.options.end() && !is_domain_name(hostname->second))
        return fail("{}: hostname \"{}\" is not a name as DNS has it; give one like web-0", object,
                    shown(hostname->second));
    return first_of(check_yes(object, "trusted-relay", nic.options),
                    check_yes(object, "dhcp-server", nic.options));
}

Result<> check_attachment(const Model& model, const std::string& object, const northbound::Nic& nic,
                          const Place& place) {
    const auto& rows = model.rows();
    if (nic.organization_network.has_value() == nic.vapp_network.has_value())
        return fail("{}: attaches to {}; name one organization network or one vApp network", object,
                    nic.vapp_network ? "two networks" : "no network");
    if (nic.organization_network) {
        const auto* network = rows.organization_network.find(*nic.organization_network);
        if (!network)
            return fail(ErrorKind::not_found, "{}: its network does not exist", object);
        if (network->organization != place.vapp->organization)
            return fail("{}: {} is another organization's", object, path(rows, *network));
        return {};
    }
    const auto* network = rows.vapp_network.find(*nic.vapp_network);
    if (!network)
        return fail(ErrorKind::not_found, "{}: its network does not exist", object);
    if (network->vapp != place.vapp->uuid)
        return fail("{}: {} is another vApp's", object, path(rows, *network));
    return {};
}

Result<> check_port_security(const std::string& object, const northbound::Nic& nic) {
    if (nic.allocation == "none" && !nic.addresses.empty())
        return fail(
            "{}: allocation none and addresses exclude each other; choose allocation manual",
            object);
    if (nic.allocation == "manual" && nic.addresses.empty())
        return fail("{}: allocation manual needs addresses; give them, or choose allocation none "
                    "with port security mac",
                    object);
    if (nic.allocation != "none" && nic.addresses.empty())
        return fail("{}: allocation {} needs an address that is bound beforehand; take a free one "
                    "of its network's ranges",
                    object, nic.allocation);
    if (nic.port_security == "strict" && nic.addresses.empty())
        return fail("{}: port security strict needs addresses; give them, or choose port security "
                    "mac",
                    object);
    return {};
}

Result<> check_mac(const std::string& object, const northbound::Nic& nic) {
    auto mac = MacAddr::from(nic.mac);
    if (!mac)
        return tl::unexpected(
            Error{ErrorKind::invalid, fmt::format("{}: MAC \"{}\" is not a MAC address; give one "
                                                  "like 02:00:00:00:00:01",
                                                  object, shown(nic.mac))});
    if (mac->is_group() || mac->is_zero())
        return fail("{}: MAC {} is {}; give a unicast one, like 02:00:00:00:00:01", object,
                    to_string(*mac), mac->is_zero() ? "zero" : "multicast");
    if (*mac == dhcp_mac)
        return fail(ErrorKind::conflict,
                    "{}: MAC {} is the one that DHCP answers from; give another", object,
                    to_string(*mac));
    return {};
}

// Nobody else on the segment has it, and it is reserved for nobody else.
Result<> check_free(const Model& model, const std::string& object, const northbound::Nic& nic,
                    const Uuid& segment, const char* what, const std::string& address) {
    const auto& rows = model.rows();
    auto holder = model.holder(segment, address);
    if (holder && *holder != nic.uuid)
        return fail(ErrorKind::conflict, "{}: {} {} is taken on {} by {}; give another", object,
                    what, address, network_path(rows, segment), holder_path(rows, *holder));
    const auto* entry = model.entry(segment, address);
    if (entry && !entry->nic)
        return fail(ErrorKind::conflict, "{}: {} {} is taken on {} for {} ({}); give another",
                    object, what, address, network_path(rows, segment), shown(entry->owner),
                    entry->kind);
    return {};
}

Result<> check_addresses(const Model& model, const std::string& object, const northbound::Nic& nic,
                         const Uuid& segment) {
    Addressing addressing = addressing_of(model, segment);
    for (const auto& text : nic.addresses) {
        auto address = IpAddr::from(text);
        if (!address)
            return fail(
                "{}: address \"{}\" is not an IP address; give one like 10.0.0.5, without a "
                "prefix length",
                object, shown(text));
        if (auto admitted = addressing.admits(*address); !admitted)
            return tl::unexpected(admitted.error().in(object));
        if (auto free = check_free(model, object, nic, segment, "address", to_string(*address));
            !free)
            return free;
    }
    return {};
}

Result<> check_outside_address(const Model& model, const std::string& object,
                               const northbound::Nic& nic, const Uuid& parent,
                               const std::string& text) {
    auto address = IpAddr::from(text);
    if (!address)
        return fail("{}: outside address \"{}\" is not an IP address; give one like 10.0.0.5",
                    object, shown(text));
    if (auto admitted = addressing_of(model, parent).admits(*address); !admitted)
        return tl::unexpected(admitted.error().in("outside").in(object));
    return check_free(model, object, nic, parent, "outside address", to_string(*address));
}

// One address of each family stands for the NIC on the other side.
Result<> check_one_a_family(const std::string& object, const char* what,
                            const std::set<std::string>& addresses) {
    const std::string* first[2] = {};
    for (const auto& text : addresses) {
        auto address = IpAddr::from(text);
        if (!address)
            continue;
        auto& of_family = first[address->is_v4()];
        if (of_family)
            return fail("{}: has two {} of one family, {} and {}, on a network that translates "
                        "one-to-one; give it one, or another NIC",
                        object, what, *of_family, text);
        of_family = &text;
    }
    return {};
}

Result<> check_translation(const Model& model, const std::string& object,
                           const northbound::Nic& nic) {
    const auto* network =
        nic.vapp_network ? model.rows().vapp_network.find(*nic.vapp_network) : nullptr;
    if (!network || !translates(*network) || !network->parent) {
        if (nic.outside_addresses.empty())
            return {};
        return fail("{}: has an outside address, and its network has no outside that it is "
                    "translated to; remove outside_addresses",
                    object);
    }
    if (auto sound =
            first_of(check_one_a_family(object, "addresses", nic.addresses),
                     check_one_a_family(object, "outside addresses", nic.outside_addresses));
        !sound)
        return sound;
    for (const auto& text : nic.outside_addresses)
        if (auto sound = check_outside_address(model, object, nic, *network->parent, text); !sound)
            return sound;
    return {};
}

Result<> check_foreign_host(const Model& model, const std::string& object,
                            const northbound::Nic& nic, const Place& place) {
    if (!nic.foreign_host)
        return {};
    const auto* host = model.rows().host.find(*nic.foreign_host);
    if (!host)
        return fail(ErrorKind::not_found, "{}: the host that it is bound to does not exist",
                    object);
    if (host->kind != "foreign")
        return fail("{}: {} is a ringfence host, which claims its ports itself; only NICs of "
                    "foreign hosts are bound by hand",
                    object, path(model.rows(), *host));
    if (!place.vdc->all_hosts && !place.vdc->hosts.contains(host->uuid))
        return fail("{}: {} is not a host of {}; add it there, or bind to one of its hosts", object,
                    path(model.rows(), *host), path(model.rows(), *place.vdc));
    return {};
}

} // namespace

Result<> check(const Model& model, const northbound::Nic& nic) {
    const std::string object = path(model.rows(), nic);
    auto place = find_place(model, object, nic);
    if (!place)
        return tl::unexpected(place.error());
    if (nic.number < 0 || nic.number > 65535)
        return fail("{}: number {} is out of range; give 0 to 65535", object, nic.number);
    if (auto sound =
            first_of(check_port_name(object, nic.port_name), check_limits(object, nic.limits),
                     check_options(object, nic), check_attachment(model, object, nic, *place),
                     check_port_security(object, nic), check_mac(object, nic),
                     check_foreign_host(model, object, nic, *place),
                     check_groups(model, object, nic, *place));
        !sound)
        return sound;
    auto segment = model.segment_of(nic);
    if (!segment)
        return fail(ErrorKind::not_found, "{}: its network has no segment", object);
    return first_of(check_free(model, object, nic, *segment, "MAC", canonical_mac(nic.mac)),
                    check_addresses(model, object, nic, *segment),
                    check_translation(model, object, nic),
                    check_virtual_addresses(model, object, nic, *segment));
}

Result<> check(const Model&, const northbound::AddressAllocation& entry) {
    const bool may_be_mac =
        entry.kind == "mac" || entry.kind == "router" || entry.kind == "virtual";
    if (may_be_mac && MacAddr::from(entry.address) && canonical_mac(entry.address) == entry.address)
        return {};
    const bool may_be_ip = entry.kind != "mac";
    if (may_be_ip && IpAddr::from(entry.address) &&
        canonical_address(entry.address) == entry.address)
        return {};
    return fail("ledger: \"{}\" is not an address as the ledger writes those of kind {}; write one "
                "like {}",
                shown(entry.address), shown(entry.kind),
                may_be_ip ? "10.0.0.5 or 2001:db8::5" : "02:00:00:00:00:01");
}

} // namespace ringfence::model
