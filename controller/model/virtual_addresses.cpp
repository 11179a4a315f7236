#include "controller/model/virtual_addresses.h"

#include "controller/model/dhcp.h"
#include "controller/model/edges.h"
#include "controller/model/paths.h"
#include "controller/model/subnets.h"
#include "controller/model/texts.h"
#include "core/types/addresses.h"

namespace ringfence::model {
namespace {

// It shares them, so nobody has one of them alone: neither as its own, nor of the ledger.
Result<> check_shared(const Model& model, const std::string& object, const Uuid& segment,
                      const char* what, const std::string& address) {
    const auto& rows = model.rows();
    if (const auto holder = model.holder(segment, address))
        return fail(ErrorKind::conflict, "{}: {} {} is {}'s own on {}; give another", object, what,
                    address, holder_path(rows, *holder), network_path(rows, segment));
    const auto* entry = model.entry(segment, address);
    if (entry && entry->kind != "virtual")
        return fail(ErrorKind::conflict, "{}: {} {} is taken on {} for {} ({}); give another",
                    object, what, address, network_path(rows, segment), shown(entry->owner),
                    entry->kind);
    return {};
}

Result<> check_virtual_address(const Model& model, const std::string& object,
                               const northbound::Nic& nic, const Uuid& segment,
                               const std::string& text, const std::string& mac_text) {
    const auto address = IpAddr::from(text);
    if (!address)
        return fail("{}: virtual address \"{}\" is not an IP address; give one like 10.0.0.5",
                    object, shown(text));
    if (auto admitted = addressing_of(model, segment).admits(*address); !admitted)
        return tl::unexpected(admitted.error().in("virtual").in(object));
    const auto mac = MacAddr::from(mac_text);
    if (!mac || mac->is_group() || mac->is_zero() || *mac == dhcp_mac)
        return fail(
            "{}: \"{}\" is not a MAC that a virtual address may have; give the NIC's own, or "
            "one like 00:00:5e:00:01:01",
            object, shown(mac_text));
    if (auto free = check_shared(model, object, segment, "virtual address", to_string(*address));
        !free)
        return free;
    return to_string(*mac) == canonical_mac(nic.mac)
               ? Result<>()
               : check_shared(model, object, segment, "MAC", to_string(*mac));
}

} // namespace

Result<> check_virtual_addresses(const Model& model, const std::string& object,
                                 const northbound::Nic& nic, const Uuid& segment) {
    for (const auto& [address, mac] : nic.virtual_addresses)
        if (auto sound = check_virtual_address(model, object, nic, segment, address, mac); !sound)
            return sound;
    return {};
}

} // namespace ringfence::model
