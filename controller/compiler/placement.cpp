#include "controller/compiler/placement.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "controller/model/names.h"
#include "controller/model/paths.h"

namespace ringfence::compiler {
namespace {

using southbound::PortClaim;

bool is_of(const northbound::VirtualDataCenter& vdc, const northbound::Host& host) {
    return vdc.all_hosts || vdc.hosts.contains(host.uuid);
}

// The claimant, if it is a host that may claim at all: foreign ones don't.
const northbound::Host* claimant(const HostsInService& hosts, const PortClaim& claim) {
    auto found = hosts.find(claim.host);
    bool may = found != hosts.end() && found->second->kind == "ringfence";
    return may ? found->second : nullptr;
}

Placement place_by_hand(const HostsInService& hosts, const model::Model& model,
                        const northbound::Nic& nic) {
    const auto* host = model.rows().host.find(*nic.foreign_host);
    if (host && hosts.contains(host->name))
        return {host->name, std::nullopt};
    return {std::nullopt, Note{fmt::format("{}: is bound to {}, which is not in service: see its "
                                           "status",
                                           model::path(model.rows(), nic),
                                           host ? model::path(model.rows(), *host) : "no host")}};
}

// Why this claim doesn't count.
Note refusal(const model::Model& model, const HostsInService& hosts, const northbound::Nic& nic,
             const northbound::VirtualDataCenter& vdc, const PortClaim& claim,
             const std::optional<std::string>& holder) {
    const std::string object = model::path(model.rows(), nic);
    const std::string who = model::shown(claim.host);
    const auto* host = claimant(hosts, claim);
    if (!host)
        return {fmt::format("{}: host {} claims it and is not in service; see its status, or "
                            "network-ctl host admit {}",
                            object, who, who)};
    if (!is_of(vdc, *host))
        return {fmt::format("{}: host {} claims it and is not a host of {}; add it there, or "
                            "unplug the port",
                            object, who, model::path(model.rows(), vdc)),
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

Claims::Claims(const southbound::Tables& current) {
    for (const auto& claim : current.port_claim)
        by_port_[claim.port].push_back(&claim);
    for (auto& [port, claims] : by_port_)
        std::ranges::sort(claims, {}, [](const PortClaim* claim) {
            return std::tuple(claim->claimed, claim->host);
        });
}

const std::vector<const PortClaim*>& Claims::of(const std::string& port) const {
    static const std::vector<const PortClaim*> nobody;
    auto found = by_port_.find(port);
    return found == by_port_.end() ? nobody : found->second;
}

Placement place(const model::Model& model, const HostsInService& hosts, const Claims& claims,
                const northbound::Nic& nic, const northbound::VirtualDataCenter& vdc,
                const std::optional<std::string>& incumbent) {
    const auto& claimants = claims.of(nic.port_name);
    auto counts = [&](const PortClaim* claim) {
        const auto* host = claimant(hosts, *claim);
        return host && is_of(vdc, *host);
    };
    Placement placement;
    if (nic.foreign_host)
        placement = place_by_hand(hosts, model, nic);
    else
        for (const PortClaim* claim : claimants)
            if (claim->ready && counts(claim) && (!placement.host || claim->host == incumbent))
                placement.host = claim->host;
    for (const PortClaim* claim : claimants) {
        bool waits = counts(claim) && !placement.host; // not ready yet
        if (placement.note || waits || claim->host == placement.host)
            continue;
        placement.note = refusal(model, hosts, nic, vdc, *claim, placement.host);
    }
    return placement;
}

} // namespace ringfence::compiler
