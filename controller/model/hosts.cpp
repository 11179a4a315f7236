// Hosts: Ringfence's own, which report themselves, and foreign ones (a kernel's or a switch's
// VTEP), which somebody else writes down.
#include <algorithm>

#include "controller/model/check.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"
#include "core/types/addresses.h"

namespace ringfence::model {
namespace {

Result<> check_vtep(const Model& model, const std::string& object, const northbound::Host& host,
                    const std::string& text) {
    auto address = IpAddr::from(text);
    if (!address || !is_host_address(*address))
        return fail("{}: VTEP address \"{}\" is not a unicast address that other hosts can reach",
                    object, shown(text));
    const auto* holder = model.vtep_holder(to_string(*address));
    if (!holder || holder->uuid == host.uuid)
        return {};
    return fail(ErrorKind::conflict,
                "{}: VTEP address {} is taken by {}; give each host an address of its own", object,
                to_string(*address), path(model.rows(), *holder));
}

} // namespace

Result<> check(const Model& model, const northbound::Host& host) {
    const std::string object = path(model.rows(), host);
    if (auto named = check_name(object, host.name); !named)
        return named;
    bool foreign = host.kind == "foreign";
    if (foreign && host.vtep_addresses.empty())
        return fail("{}: a foreign host needs a VTEP address; give at least one", object);
    if (!foreign && !host.vtep_addresses.empty())
        return fail("{}: a ringfence host reports its VTEP addresses itself (ringfence-encap-ip of "
                    "its Open_vSwitch row); remove vtep_addresses, or make it a foreign one",
                    object);
    const auto reported = model.facts(host.name);
    if (!foreign && !reported)
        return {};
    for (const auto& address : foreign ? host.vtep_addresses : reported->vtep_addresses)
        if (auto sound = check_vtep(model, object, host, address); !sound)
            return sound;
    return {};
}

} // namespace ringfence::model
