// What a host says of itself: errors of its ports, the southbound database, the state to be kept.
#include "dataplane/agent/fabric_agent_parts.h"

#include <algorithm>

namespace ringfence::agent {

void FabricAgent::follow_network_mtus() {
    std::vector<std::pair<std::string, std::optional<unsigned>>> mtus;
    for (const auto& [name, port] : ports_.open())
        if (auto binding = builder_.binding(port.wanted.iface_id); binding && binding->mtu)
            mtus.emplace_back(name, binding->mtu);
    for (const auto& [name, mtu] : mtus)
        ports_.set_network_mtu(name, mtu);
}

std::optional<std::string> FabricAgent::error_of(const OpenPort& port) const {
    const WantedPort& wanted = port.wanted;
    const std::string& nic = wanted.iface_id;
    if (!nic.empty() && has_vlans(wanted) && !is_dead_vlan(wanted))
        return fmt::format("tag and trunks of a NIC's port are not built yet, so it passes "
                           "nothing: ovs-vsctl clear port {} tag trunks",
                           wanted.name);
    if (!port.is_shadow && !wanted.limits_trouble.empty())
        return wanted.limits_trouble;
    auto binding = builder_.binding(nic);
    if (!binding)
        return std::nullopt;
    if (moves_.contends.contains(nic))
        return fmt::format("logical port {} has moved to host {}, and sends from here, host {}, "
                           "too; unplug one of the two",
                           nic, binding->host.value_or("?"), settings_.host);
    if (binding->host && *binding->host != settings_.host && binding->candidate != settings_.host)
        return fmt::format("logical port {} is bound to host {}; it stays there until that host "
                           "lets go",
                           nic, *binding->host);
    if (wanted.mtu_request && binding->mtu && *wanted.mtu_request > *binding->mtu)
        return fmt::format("mtu_request {} exceeds its segment's MTU, {}", *wanted.mtu_request,
                           *binding->mtu);
    return std::nullopt;
}

void FabricAgent::check_ports() {
    std::map<std::string, std::string> errors;
    for (const auto& [name, port] : ports_.open())
        if (auto error = error_of(port))
            errors[name] = *error;
    for (const auto& [conflict, when] : duplicates_.current())
        for (const auto& [name, port] : ports_.open())
            if ("port " + port.wanted.iface_id == conflict.claimant)
                errors.emplace(name, fmt::format("{} is claimed by {} and {}", conflict.what,
                                                 conflict.claimant, conflict.holder));
    if (errors != errors_) {
        for (const auto& [name, error] : errors)
            if (!errors_.contains(name) || errors_.at(name) != error)
                log::warning(fabric_log, "{}: {}", name, error);
        errors_ = errors;
    }
    changed_();
}

// --- What the southbound database is told.

void FabricAgent::report() {
    if (!link_ || !link_->settled())
        return;
    if (reporting_) {
        report_again_ = true;
        return;
    }
    auto now = std::chrono::system_clock::now().time_since_epoch();
    auto transaction =
        host_rows(link_->tables(), host_report(), std::exchange(new_beats_, 0),
                  std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    if (transaction.empty())
        return;
    reporting_ = true;
    link_->commit(transaction, [this](const Result<ovsdb::Committed>& result) {
        reporting_ = false;
        if (!result)
            log::warning(fabric_log, "reporting to the southbound database: {}",
                         result.error().text);
        else if (std::exchange(report_again_, false))
            report();
        // After a failure the next heartbeat tries again.
    });
}

HostReport FabricAgent::host_report() const {
    HostReport report;
    report.host = settings_.host;
    report.applied = applied_;
    report.vtep_addresses = settings_.vtep_addresses;
    report.underlay_mtu = facts().underlay_mtu;
    report.bridge_mappings = settings_.bridge_mappings;
    report.version = version_;
    report.query = settings_.query;
    report.trouble = trouble();
    report.addresses = claims_.all();
    report.learned = builder_.learned_at(settings_.host);
    for (const auto& [name, port] : ports_.open())
        if (!port.wanted.iface_id.empty())
            report.claims[port.wanted.iface_id] = claim_of(port.wanted);
    return report;
}

// What an earlier run of this daemon has said stands until this one knows: taken back for a moment,
// it would unbind the port everywhere.
bool FabricAgent::is_ready(const std::string& nic) const {
    if (ready_.contains(nic))
        return true;
    bool knows = !scheduled_ && quiescent();
    return !knows && std::ranges::any_of(link_->tables().port_claim, [&](const auto& claim) {
        return claim.host == settings_.host && claim.port == nic && claim.ready;
    });
}

std::map<std::string, std::string> FabricAgent::trouble() const {
    auto trouble = builder_.trouble();
    for (const auto& [name, error] : errors_)
        trouble["interface " + name] = error;
    for (const std::string& error : settings_.errors)
        trouble[error.substr(0, error.find(": "))] = error;
    if (emptied_)
        trouble["southbound database"] = "names no host any more; forwarding by the last state";
    if (link_ && link_->settled()) {
        for (const std::string& row : link_->unreadable_rows())
            trouble["row " + row.substr(0, row.find(": "))] = row;
        for (const std::string& port : builder_.without_segment())
            trouble["port " + port] = "its segment is not there";
    }
    for (const auto& [name, port] : ports_.open())
        if (auto used = declined_.of(builder_.dhcp_of(port.wanted.iface_id)); !used.empty())
            trouble["DHCP of port " + port.wanted.iface_id] = "its client found in use: " + used;
    for (const auto& [conflict, when] : duplicates_.current())
        trouble[conflict.what + " of " + conflict.claimant] =
            "claimed by " + conflict.holder + " too";
    for (const auto& [address, when] : claims_.restless(std::chrono::steady_clock::now()))
        trouble[name_of(address)] = "moves too often: several ports believe that they have it";
    if (!underlay_)
        return trouble;
    for (const IpAddr& address : settings_.vtep_addresses) {
        auto link = underlay_->link_of(address);
        auto port = link ? ports_.open().find(link->name) : ports_.open().end();
        if (!link)
            trouble["VTEP " + to_string(address)] = "no device has this address";
        else if (port == ports_.open().end() || !port->second.is_shadow)
            trouble["VTEP " + to_string(address)] =
                fmt::format("{} has this address and is the tap of no uplink", link->name);
    }
    for (const std::string& host : builder_.out_of_reach(settings_.host, settings_.vtep_addresses))
        trouble["host " + host] = "none of its VTEP addresses is of a family that this host has "
                                  "(external_ids:ringfence-encap-ip)";
    for (const IpAddr& vtep : wanted_vteps()) {
        auto paths = underlay_->resolve(vtep);
        if (!paths)
            trouble["VTEP " + to_string(vtep)] = paths.error().text;
        for (const UnderlayPath& path : paths.value_or(UnderlayPaths()))
            if (auto port = ports_.open().find(path.interface);
                port == ports_.open().end() || !port->second.is_shadow)
                trouble["VTEP " + to_string(vtep)] =
                    fmt::format("is reached by {}, which is the tap of no uplink", path.interface);
    }
    return trouble;
}

State FabricAgent::state() const {
    State state;
    state.host = settings_.host;
    state.applied = applied_;
    state.vtep_addresses = settings_.vtep_addresses;
    state.ids = ids_;
    state.link_local = kept_link_local_;
    for (const auto& [id, nic] : claimants_)
        if (auto granted = link_local_.granted(id); !granted.empty())
            state.link_local[nic] = granted;
    state.southbound = follows_database() ? without_own_rows(link_->tables()) : kept_;
    return state;
}

std::string FabricAgent::summary() const {
    size_t ports = 0, segments = 0, hops = 0, resolved = 0, macs = 0;
    published_->for_each_port([&](const LocalPort&) { ++ports; });
    published_->for_each_segment([&](const Segment& segment) {
        ++segments;
        macs += segment.macs().size();
    });
    published_->for_each_next_hop([&](const NextHop& hop) {
        ++hops;
        resolved += hop.resolved();
    });
    std::string text = fmt::format(
        "host {}, southbound {}\napplied change {}\n{} ports, {} segments, {} MACs, {} next hops "
        "({} resolved), publication {}\n",
        settings_.host.empty() ? "(no system-id)" : settings_.host,
        !link_               ? "not configured"
        : link_->settled()   ? "connected"
        : link_->connected() ? "loading"
                             : "not connected",
        applied_, ports, segments, macs, hops, resolved, publications_);
    for (const auto& [object, what] : trouble())
        text += fmt::format("trouble: {}: {}\n", object, what);
    return text;
}

} // namespace ringfence::agent
