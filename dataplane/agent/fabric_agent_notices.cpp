// What the workers saw: who speaks for which address, what is learned, what clients decline.
#include "dataplane/agent/fabric_agent_parts.h"

#include <algorithm>

namespace ringfence::agent {

namespace {

constexpr size_t most_learned = 1024; // MACs behind one trusted port

} // namespace

void FabricAgent::take_notices() {
    auto now = std::chrono::steady_clock::now();
    bool learned = false;
    for (const Notice& notice : dataplane_.take_notices()) {
        auto port = std::ranges::find(ports_.open(), notice.port,
                                      [](const auto& entry) { return entry.second.id; });
        if (notice.kind == Notice::Kind::in_use)
            link_local_.in_use(notice.segment, *notice.address.v6(), notice.port);
        else if (notice.kind == Notice::Kind::moved_mac)
            take_moved(notice);
        else if (notice.kind == Notice::Kind::speaks)
            take_speaker(notice);
        else if (port == ports_.open().end())
            continue; // closed meanwhile
        else if (notice.kind == Notice::Kind::sends)
            take_sends(port->second);
        else if (notice.kind == Notice::Kind::claim)
            link_local_.probed(notice.port, notice.segment, *notice.address.v6(), now);
        else if (notice.kind == Notice::Kind::takes_over)
            take_over(notice, port->second);
        else if (notice.kind == Notice::Kind::foreign_address ||
                 notice.kind == Notice::Kind::foreign_mac)
            take_foreign(notice, port->second);
        else if (notice.kind == Notice::Kind::learned_mac && bridges_.has(notice.segment))
            learned |= bridges_.learned(notice, now);
        else if (notice.kind == Notice::Kind::learned_mac)
            take_learned(notice, port->second);
        else
            take_declined(notice, port->second);
    }
    bool other_claims = !link_local_.advance(now).empty();
    if (duplicates_.advance(now) || other_claims || learned)
        schedule();
}

// --- Addresses that several ports may have.

void FabricAgent::take_over(const Notice& notice, const OpenPort& port) {
    auto row = builder_.row_of(notice.segment);
    if (!row)
        return;
    SegmentAddress address{*row, notice.address};
    if (claims_.take(address, port.wanted.iface_id, builder_.virtual_entry(*row, notice.address),
                     std::chrono::steady_clock::now()))
        schedule();
}

void FabricAgent::settle_claims() {
    auto may_have = [&](const std::string& port, const SegmentAddress& address) {
        const NicEntry* nic = builder_.nic(port);
        return nic && nic->host == settings_.host && nic->segment == address.first &&
               nic->virtual_addresses.contains(address.second);
    };
    for (const auto& [uuid, entry] : builder_.virtual_entries().all()) {
        SegmentAddress address{entry.segment, entry.address};
        std::string holder = entry.port.value_or(builder_.holder(address));
        claims_.settle(address, entry, may_have(holder, address) ? holder : "");
    }
    claims_.end_unless(
        [&](const auto& address, const OwnClaim& own) { return may_have(own.port, address); });
}

// --- Addresses that two claim.

void FabricAgent::take_foreign(const Notice& notice, const OpenPort& port) {
    auto row = builder_.row_of(notice.segment);
    std::string owner = row ? owner_of(notice, *row) : "";
    if (owner.empty() || owner == "port " + port.wanted.iface_id)
        return;
    bool is_mac = notice.kind == Notice::Kind::foreign_mac;
    note({is_mac ? "MAC " + to_string(notice.mac) : to_string(notice.address),
          "port " + port.wanted.iface_id, owner});
}

// "": nobody's, and so no duplicate.
std::string FabricAgent::owner_of(const Notice& notice, const ovsdb::Uuid& row) const {
    const Segment* segment = published_->segment(notice.segment);
    if (!segment)
        return "";
    if (segment->virtual_address(notice.address)) {
        std::string holder = builder_.holder({row, notice.address});
        return holder.empty() ? "ports that share it" : "port " + holder;
    }
    bool is_mac = notice.kind == Notice::Kind::foreign_mac;
    auto mac = is_mac ? notice.mac : published_->neighbour(*segment, notice.address);
    if (!mac)
        return "";
    return segment->router(mac->to_u64()) ? "a router" : shown(row, *mac);
}

void FabricAgent::take_speaker(const Notice& notice) {
    auto row = builder_.row_of(notice.segment);
    auto now = std::chrono::steady_clock::now();
    auto other = row ? duplicates_.spoke({*row, notice.address}, notice.mac, now) : std::nullopt;
    if (other)
        note({to_string(notice.address), shown(*row, notice.mac), shown(*row, *other)});
}

// Of a port of this host check_ports() tells.
void FabricAgent::note(const Duplicates::Conflict& conflict) {
    bool is_news = duplicates_.claimed(conflict, std::chrono::steady_clock::now());
    bool is_here = std::ranges::any_of(ports_.open(), [&](const auto& port) {
        return "port " + port.second.wanted.iface_id == conflict.claimant;
    });
    if (is_news && !is_here)
        log::warning(fabric_log, "{} is claimed by {} and {}", conflict.what, conflict.claimant,
                     conflict.holder);
}

std::string FabricAgent::shown(const ovsdb::Uuid& segment, MacAddr mac) const {
    std::string port = builder_.port_with(segment, mac);
    return port.empty() ? "who has MAC " + to_string(mac) : "port " + port;
}

bool FabricAgent::is_plugged(const std::string& nic) const {
    return std::ranges::any_of(
        ports_.open(), [&](const auto& port) { return port.second.wanted.iface_id == nic; });
}

std::string FabricAgent::name_of(const SegmentAddress& address) const {
    const SegmentSettings* segment = builder_.segment(address.first);
    return fmt::format("virtual address {} of {}", to_string(address.second),
                       segment ? segment->intent : "?");
}

// By the hosts of the two ports alone: all others would say the same.
void FabricAgent::log_takeovers() {
    auto name = [](const std::string& nic) { return nic.empty() ? "nobody" : "port " + nic; };
    for (const Takeover& one : builder_.take_takeovers())
        if (is_plugged(one.from) || is_plugged(one.to))
            log::info(fabric_log, "{}: {} has it now, {} had it before",
                      name_of({one.segment, one.address}), name(one.to), name(one.from));
}

// New, moved here, or there as ever.
void FabricAgent::take_learned(const Notice& notice, const OpenPort& port) {
    auto row = builder_.row_of(notice.segment);
    if (!row)
        return;
    const LearnedEntry learned{*row, notice.mac, settings_.host, port.wanted.iface_id, false};
    size_t others = 0;
    for (const LearnedEntry& known : builder_.learned_at(settings_.host))
        others += known.port == learned.port &&
                  (known.mac != learned.mac || known.segment != learned.segment);
    if (others >= most_learned)
        return;
    learned_ages_.seen(learned, std::chrono::steady_clock::now());
    builder_.learn(learned);
    schedule();
}

// The other host can't say so itself before the row of this one is gone.
void FabricAgent::take_moved(const Notice& notice) {
    auto row = builder_.row_of(notice.segment);
    for (const LearnedEntry& known : builder_.learned_at(settings_.host))
        if (row && known.segment == *row && known.mac == notice.mac) {
            builder_.unlearn(known);
            schedule();
        }
}

void FabricAgent::age_learned() {
    auto due =
        learned_ages_.follow(builder_.learned_at(settings_.host), std::chrono::steady_clock::now());
    for (const LearnedEntry& learned : due.doubtful)
        builder_.learn(learned);
    for (const LearnedEntry& learned : due.gone)
        builder_.unlearn(learned);
    bool aged = bridges_.age(std::chrono::steady_clock::now());
    if (!due.doubtful.empty() || !due.gone.empty() || aged)
        schedule();
}

bool FabricAgent::flush_macs(const std::optional<std::string>& bridge) {
    bool known = bridges_.flush(bridge);
    if (known)
        schedule();
    return known;
}

std::string FabricAgent::macs_of(const std::optional<std::string>& bridge) const {
    return bridges_.show(bridge, ports_.open(), std::chrono::steady_clock::now());
}

void FabricAgent::take_declined(const Notice& notice, const OpenPort& port) {
    auto told = builder_.dhcp_of(port.wanted.iface_id);
    if (!declined_.note(told, notice.kind == Notice::Kind::declined6))
        return;
    log::warning(fabric_log,
                 "{}: its DHCP client has found {} in use; not offered until its row "
                 "changes, or ovs-appctl ringfence/dhcp clear {}",
                 port.wanted.iface_id, declined_.of(told), port.wanted.name);
    schedule();
}

bool FabricAgent::clear_declined(const std::string& iface_id) {
    bool cleared = declined_.clear(iface_id);
    if (cleared)
        schedule();
    return cleared;
}

// By what the workers forward by already: a change is told when it holds.
void FabricAgent::advertise() {
    if (!quiescent())
        return;
    auto due = advertisements_.due(*published_, std::chrono::steady_clock::now());
    if (!due.empty())
        dataplane_.advertise(due);
}

// What is known of a port goes with it.
void FabricAgent::forget_ports() {
    std::set<std::string> plugged;
    for (const auto& [name, port] : ports_.open())
        plugged.insert(port.wanted.iface_id);
    for (const LearnedEntry& learned : builder_.learned_at(settings_.host))
        if (!plugged.contains(learned.port))
            builder_.unlearn(learned);
    for (auto* nics : {&whole_, &ready_})
        std::erase_if(*nics, [&](const std::string& nic) { return !plugged.contains(nic); });
    follow_plugs();
    follow_claimants();
}

// Link-local addresses are a NIC's, not a port's: they end with its plug, and after a restart they
// come back with it.
void FabricAgent::follow_claimants() {
    std::map<PortId, std::string> plugged;
    for (const auto& [name, port] : ports_.open())
        plugged.emplace(port.id, port.wanted.iface_id);
    for (const auto& [id, nic] : claimants_)
        if (auto now = plugged.find(id); now == plugged.end() || now->second != nic)
            link_local_.forget(id);
    claimants_ = std::move(plugged);
    for (const auto& [id, nic] : claimants_)
        if (auto kept = kept_link_local_.find(nic); kept != kept_link_local_.end())
            if (auto binding = builder_.binding(nic); binding && binding->segment) {
                link_local_.restore(id, *binding->segment, kept->second);
                kept_link_local_.erase(kept);
            }
}

} // namespace ringfence::agent
