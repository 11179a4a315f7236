// How it stays right: every notification marks what it may concern, and a few milliseconds later
// refresh() asks the kernel again for the marked VTEPs' routes, puts all paths together anew from
// hop, link and neighbour, and reports those that differ. Links and addresses mark everything: the
// kernel drops the routes of a link that goes down without a word.
#include "dataplane/agent/underlay.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

#include "core/types/log.h"
#include "dataplane/agent/kernel_tables.h"
#include "ovsdb/reactor.h"

namespace ringfence::agent {

namespace {

using namespace std::chrono_literals;

log::Module module("underlay");

constexpr auto gathering = 5ms;     // how long changes are gathered
constexpr auto check_interval = 1s; // of the neighbours that are kept

struct Vtep {
    Result<Hop> hop = fail(ErrorKind::unavailable, "not asked yet");
    bool ask_again = true;
    Result<UnderlayPaths> paths = fail(ErrorKind::unavailable, "not asked yet");
};

// How many shares of a VTEP's flows one way may have more than another.
constexpr unsigned most_shares = 16;

bool covers(const std::pair<IpAddr, unsigned>& route, const IpAddr& address) {
    auto prefix = IpPrefix::from(route.first, route.second);
    return prefix && prefix->contains(address);
}

std::string to_text(const UnderlayPath& path) {
    return fmt::format("{} through {}, MTU {}", to_string(path.next_hop_mac), path.interface,
                       path.mtu);
}

// Weights are ratios: 10 and 20 are 1 and 2. What is still too much is cut.
unsigned shares_of(const Hop::Way& way, const Hop& hop) {
    unsigned common = 0;
    for (const Hop::Way& one : hop.ways)
        common = std::gcd(common, one.weight);
    return std::min(way.weight / std::max(common, 1u), most_shares);
}

} // namespace

struct Underlay::Impl {
    ovsdb::Reactor& reactor;
    Changed changed;
    std::unique_ptr<KernelTables> tables;
    std::map<IpAddr, Vtep> vteps;
    std::set<NeighbourKey> kept;
    bool links_changed = false;
    ovsdb::Handle watch, refresh_soon, checking;

    void on_readable();
    void refresh();
    std::vector<IpAddr> update_paths();
    Result<UnderlayPaths> paths_of(const IpAddr& vtep, const Result<Hop>& hop) const;
    Result<UnderlayPath> path_of(const IpAddr& vtep, const Hop& hop, const Hop::Way& way) const;
    void keep_neighbours();
    void check_neighbours();
};

Result<std::unique_ptr<Underlay>> Underlay::open(ovsdb::Reactor& reactor, Changed changed) {
    auto tables = KernelTables::open();
    if (!tables)
        return tl::unexpected(tables.error());
    auto impl = std::unique_ptr<Impl>(
        new Impl{reactor, std::move(changed), std::move(*tables), {}, {}, false, {}, {}, {}});
    impl->watch =
        reactor.watch_readable(impl->tables->fd(), [raw = impl.get()] { raw->on_readable(); });
    impl->checking = reactor.every(check_interval, [raw = impl.get()] { raw->check_neighbours(); });
    return std::unique_ptr<Underlay>(new Underlay(std::move(impl)));
}

Underlay::Underlay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Underlay::~Underlay() {
    impl_->tables->read(); // the latest about which entries are ours
    for (const NeighbourKey& key : impl_->kept)
        impl_->tables->let_go(key);
}

void Underlay::want(std::set<IpAddr> wanted) {
    std::erase_if(impl_->vteps, [&](const auto& entry) { return !wanted.contains(entry.first); });
    for (const IpAddr& vtep : wanted)
        impl_->vteps.try_emplace(vtep);
    impl_->update_paths();
    impl_->keep_neighbours();
}

Result<UnderlayPaths> Underlay::resolve(const IpAddr& vtep) const {
    auto known = impl_->vteps.find(vtep);
    return known != impl_->vteps.end() ? known->second.paths
                                       : impl_->paths_of(vtep, impl_->tables->ask(vtep));
}

std::optional<UnderlayLink> Underlay::link_of(const IpAddr& local) const {
    for (const KernelAddress& address : impl_->tables->addresses())
        if (auto link = impl_->tables->links().find(address.ifindex);
            address.local == local && link != impl_->tables->links().end())
            return UnderlayLink{link->second.name, link->second.mtu, link->second.mac,
                                link->second.up};
    return std::nullopt;
}

std::optional<UnderlayLink> Underlay::link(const std::string& name) const {
    for (const auto& [ifindex, link] : impl_->tables->links())
        if (link.name == name)
            return UnderlayLink{link.name, link.mtu, link.mac, link.up};
    return std::nullopt;
}

void Underlay::Impl::on_readable() {
    KernelTables::Changes changes = tables->read();
    if (!changes.any())
        return;
    links_changed |= changes.links;
    for (auto& entry : vteps)
        entry.second.ask_again |= changes.links || changes.all_routes ||
                                  std::ranges::any_of(changes.routes, [&](const auto& prefix) {
                                      return covers(prefix, entry.first);
                                  });
    if (!refresh_soon)
        refresh_soon = reactor.after(gathering, [this] { refresh(); });
}

void Underlay::Impl::refresh() {
    refresh_soon.cancel();
    bool links = std::exchange(links_changed, false);
    std::vector<IpAddr> changed_vteps = update_paths();
    keep_neighbours();
    if ((links || !changed_vteps.empty()) && changed)
        changed(changed_vteps);
}

std::vector<IpAddr> Underlay::Impl::update_paths() {
    std::vector<IpAddr> different;
    for (auto& [address, vtep] : vteps) {
        if (std::exchange(vtep.ask_again, false))
            vtep.hop = tables->ask(address);
        auto paths = paths_of(address, vtep.hop);
        if (paths == vtep.paths)
            continue;
        log::info(module, "VTEP {}: {}{}", to_string(address),
                  paths ? to_text(paths->front()) : paths.error().text,
                  paths && paths->size() > 1 ? fmt::format(", and {} more", paths->size() - 1)
                                             : "");
        vtep.paths = std::move(paths);
        different.push_back(address);
    }
    return different;
}

// Those that can be used; where none can, why the first one can't.
Result<UnderlayPaths> Underlay::Impl::paths_of(const IpAddr& vtep, const Result<Hop>& hop) const {
    if (!hop)
        return tl::unexpected(hop.error());
    UnderlayPaths usable;
    std::optional<Error> why;
    for (const Hop::Way& way : hop->ways)
        if (auto path = path_of(vtep, *hop, way))
            usable.insert(usable.end(), shares_of(way, *hop), *path);
        else if (!why)
            why = path.error();
    if (usable.empty())
        return tl::unexpected(*why);
    return usable;
}

Result<UnderlayPath> Underlay::Impl::path_of(const IpAddr& vtep, const Hop& hop,
                                             const Hop::Way& way) const {
    auto found = tables->links().find(way.ifindex);
    if (found == tables->links().end() || !found->second.up)
        return fail(ErrorKind::unavailable, "{}: its link {} is down", to_string(vtep),
                    found == tables->links().end() ? std::to_string(way.ifindex)
                                                   : found->second.name);
    const KernelLink& link = found->second;
    const KernelNeighbour* neighbour = tables->neighbour({way.ifindex, way.next_hop});
    if (!neighbour || !neighbour->usable())
        return fail(ErrorKind::unavailable, "{}: no answer from {} on {}", to_string(vtep),
                    to_string(way.next_hop), link.name);
    return UnderlayPath{link.name,      hop.source,
                        link.mac,       way.next_hop,
                        neighbour->mac, hop.mtu ? std::min(hop.mtu, link.mtu) : link.mtu};
}

// One entry a next hop, however many VTEPs lie behind it.
void Underlay::Impl::keep_neighbours() {
    std::set<NeighbourKey> needed;
    for (const auto& [address, vtep] : vteps)
        if (vtep.hop)
            for (const Hop::Way& way : vtep.hop->ways)
                needed.insert({way.ifindex, way.next_hop});
    // What the operator has just fixed must be known: to keep it would make it an ordinary one.
    on_readable();
    for (const NeighbourKey& key : kept)
        if (!needed.contains(key))
            tables->let_go(key);
    for (const NeighbourKey& key : needed)
        if (!kept.contains(key))
            tables->keep(key);
    kept = std::move(needed);
}

// An entry may have been flushed by hand, or given up, and a kernel before 5.16 keeps none by
// itself.
void Underlay::Impl::check_neighbours() {
    on_readable(); // what it could not read before
    for (const NeighbourKey& key : kept) {
        const KernelNeighbour* neighbour = tables->neighbour(key);
        bool left_alone = neighbour && neighbour->managed && neighbour->usable();
        if (!left_alone && !(neighbour && neighbour->reachable()))
            tables->keep(key);
    }
}

} // namespace ringfence::agent
