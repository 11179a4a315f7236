#include "controller/compiler/placement.h"

#include <fmt/format.h>

#include "controller/model/names.h"

namespace ringfence::compiler {
namespace {

bool is_of(const northbound::VirtualDataCenter& vdc, const northbound::Host& host) {
    return vdc.all_hosts || vdc.hosts.contains(host.uuid);
}

bool in_service(const Unit& unit, const std::string& host) {
    return unit.found().in_service.first(host);
}

// The claimant, if it is a host that may claim at all: foreign ones don't.
const northbound::Host* claimant(const Unit& unit, const Claim& claim) {
    const auto* found = unit.found().in_service.first(claim.host);
    const auto* host = found ? unit.rows().host.find(*found) : nullptr;
    return host && host->kind == "ringfence" ? host : nullptr;
}

Placement place_by_hand(const Unit& unit, const northbound::Nic& nic) {
    const auto& rows = unit.rows();
    const auto* host = rows.host.find(*nic.foreign_host);
    if (host && in_service(unit, host->name))
        return {host->name, std::nullopt};
    return {std::nullopt,
            Note{fmt::format("{}: is bound to {}, which is not in service: see its "
                             "status",
                             model::path(rows, nic), host ? model::path(rows, *host) : "no host")}};
}

// Why this claim doesn't count.
Note refusal(const Unit& unit, const northbound::Nic& nic, const northbound::VirtualDataCenter& vdc,
             const Claim& claim, const std::optional<std::string>& holder) {
    const std::string object = model::path(unit.rows(), nic);
    const std::string who = model::shown(claim.host);
    const auto* host = claimant(unit, claim);
    if (!host)
        return {fmt::format("{}: host {} claims it and is not in service; see its status, or "
                            "network-ctl host admit {}",
                            object, who, who)};
    if (!is_of(vdc, *host))
        return {fmt::format("{}: host {} claims it and is not a host of {}; add it there, or "
                            "unplug the port",
                            object, who, model::path(unit.rows(), vdc)),
                event::foreign_claim,
                {object},
                {who}};
    return {fmt::format("{}: host {} claims it while it is bound to host {}; unplug one of the two",
                        object, who, *holder),
            event::second_claim,
            {object},
            {who, *holder}};
}

} // namespace

Placement place(const Unit& unit, const northbound::Nic& nic,
                const northbound::VirtualDataCenter& vdc) {
    const auto& claims = unit.found().claims.all(nic.port_name);
    const auto* port = unit.fabric().logical_port.find(nic.uuid);
    const auto incumbent = port ? port->host : std::nullopt;
    auto counts = [&](const Claim& claim) {
        const auto* host = claimant(unit, claim);
        return host && is_of(vdc, *host);
    };
    Placement placement;
    if (nic.foreign_host)
        placement = place_by_hand(unit, nic);
    else
        for (const Claim& claim : claims)
            if (claim.ready && counts(claim) && (!placement.host || claim.host == incumbent))
                placement.host = claim.host;
    for (const Claim& claim : claims) {
        bool waits = counts(claim) && !placement.host; // not ready yet
        if (placement.note || waits || claim.host == placement.host)
            continue;
        placement.note = refusal(unit, nic, vdc, claim, placement.host);
    }
    return placement;
}

} // namespace ringfence::compiler
