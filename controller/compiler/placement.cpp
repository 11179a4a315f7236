#include "controller/compiler/placement.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

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
        return {host->name, std::nullopt, std::nullopt};
    return {std::nullopt, std::nullopt,
            Note{fmt::format("{}: is bound to {}, which is not in service: see its "
                             "status",
                             model::path(rows, nic), host ? model::path(rows, *host) : "no host")}};
}

// Why this claim doesn't count.
Note refusal(const Unit& unit, const northbound::Nic& nic, const northbound::VirtualDataCenter& vdc,
             const Claim& claim, const Placement& now) {
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
                now.host ? std::set{who, *now.host} : std::set{who}};
    if (claim.contends)
        return {
            fmt::format("{}: host {} still sends for it, which has moved to host {}; unplug one "
                        "of the two",
                        object, who, *now.host),
            event::second_claim,
            {object},
            {who, *now.host}};
    return {fmt::format("{}: host {} claims it while it is bound to host {}{}; unplug it there",
                        object, who, *now.host,
                        now.candidate ? " and moves to host " + *now.candidate : ""),
            event::second_claim,
            {object},
            {who, *now.host}};
}

// Of the claims that may be the port's.
void settle(Placement& placement, const std::vector<Claim>& claims,
            const southbound::LogicalPort* port) {
    auto of = [&](const std::optional<std::string>& host) {
        auto found = std::ranges::find_if(claims, [&](const auto& c) { return c.host == host; });
        return found == claims.end() ? nullptr : &*found;
    };
    const Claim* holder = port ? of(port->host) : nullptr;
    const Claim* next = port ? of(port->candidate) : nullptr;
    if (next && (next->active || !holder))
        holder = std::exchange(next, nullptr);
    if (!holder && !claims.empty())
        holder = &claims.front();
    for (const Claim& claim : claims)
        if (!next && &claim != holder && !claim.active)
            next = &claim;
    if (holder)
        placement.host = holder->host;
    if (next)
        placement.candidate = next->host;
}

// Of a claim that is neither the host's nor the candidate's: is it to be told? Not while its host
// gets ready, and not where the port has moved away from it.
bool is_refused(const Claim& claim, const Placement& now, bool counts) {
    if (!counts)
        return true;
    if (!now.host)
        return false;
    return claim.active ? claim.contends : claim.ready;
}

} // namespace

Placement place(const Unit& unit, const northbound::Nic& nic,
                const northbound::VirtualDataCenter& vdc) {
    const auto& claims = unit.found().claims.all(nic.port_name);
    auto counts = [&](const Claim& claim) {
        const auto* host = claimant(unit, claim);
        return host && is_of(vdc, *host);
    };
    Placement placement;
    if (nic.foreign_host) {
        placement = place_by_hand(unit, nic);
    } else {
        std::vector<Claim> ready;
        std::ranges::copy_if(claims, std::back_inserter(ready),
                             [&](const Claim& claim) { return claim.ready && counts(claim); });
        settle(placement, ready, unit.fabric().logical_port.find(nic.uuid));
    }
    for (const Claim& claim : claims)
        if (!placement.note && claim.host != placement.host && claim.host != placement.candidate &&
            is_refused(claim, placement, counts(claim)))
            placement.note = refusal(unit, nic, vdc, claim, placement);
    return placement;
}

} // namespace ringfence::compiler
