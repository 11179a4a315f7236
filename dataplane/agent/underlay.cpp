// How it stays right: every notification marks what it may concern, and a few milliseconds later
// refresh() asks the kernel again for the marked VTEPs' routes, puts all paths together anew from
// hop, link and neighbour, and reports those that differ. Links and addresses mark everything: the
// kernel drops the routes of a link that goes down without a word.
#include "dataplane/agent/underlay.h"

#include <algorithm>
#include <chrono>
#include <map>

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
    Result<UnderlayPath> path = fail(ErrorKind::unavailable, "not asked yet");
};

bool covers(const std::pair<Ipv4Addr, unsigned>& prefix, Ipv4Addr address) {
    auto [network, length] = prefix;
    return length == 0 || (network.value ^ address.value) >> (32 - length) == 0;
}

} // namespace

struct Underlay::Impl {
    ovsdb::Reactor& reactor;
    Changed changed;
    std::unique_ptr<KernelTables> tables;
    std::map<Ipv4Addr, Vtep> vteps;
    std::set<NeighbourKey> kept;
    bool links_changed = false;
    ovsdb::Handle watch, refresh_soon, checking;

    void on_readable();
    void refresh();
    std::vector<Ipv4Addr> update_paths();
    Result<UnderlayPath> path_of(Ipv4Addr vtep, const Result<Hop>& hop) const;
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

void Underlay::want(std::set<Ipv4Addr> wanted) {
    std::erase_if(impl_->vteps, [&](const auto& entry) { return !wanted.contains(entry.first); });
    for (Ipv4Addr vtep : wanted)
        impl_->vteps.try_emplace(vtep);
    impl_->update_paths();
    impl_->keep_neighbours();
}

Result<UnderlayPath> Underlay::resolve(Ipv4Addr vtep) const {
    auto known = impl_->vteps.find(vtep);
    return known != impl_->vteps.end() ? known->second.path
                                       : impl_->path_of(vtep, impl_->tables->ask(vtep));
}

std::optional<UnderlayLink> Underlay::link_of(Ipv4Addr local) const {
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
    std::vector<Ipv4Addr> changed_vteps = update_paths();
    keep_neighbours();
    if ((links || !changed_vteps.empty()) && changed)
        changed(changed_vteps);
}

std::vector<Ipv4Addr> Underlay::Impl::update_paths() {
    std::vector<Ipv4Addr> different;
    for (auto& [address, vtep] : vteps) {
        if (std::exchange(vtep.ask_again, false))
            vtep.hop = tables->ask(address);
        auto path = path_of(address, vtep.hop);
        if (path == vtep.path)
            continue;
        log::info(module, "VTEP {}: {}", to_string(address),
                  path ? fmt::format("{} through {}, MTU {}", to_string(path->next_hop_mac),
                                     path->interface, path->mtu)
                       : path.error().text);
        vtep.path = std::move(path);
        different.push_back(address);
    }
    return different;
}

Result<UnderlayPath> Underlay::Impl::path_of(Ipv4Addr vtep, const Result<Hop>& hop) const {
    if (!hop)
        return tl::unexpected(hop.error());
    auto found = tables->links().find(hop->ifindex);
    if (found == tables->links().end() || !found->second.up)
        return fail(ErrorKind::unavailable, "{}: its link {} is down", to_string(vtep),
                    found == tables->links().end() ? std::to_string(hop->ifindex)
                                                   : found->second.name);
    const KernelLink& link = found->second;
    const KernelNeighbour* neighbour = tables->neighbour({hop->ifindex, hop->next_hop});
    if (!neighbour || !neighbour->usable())
        return fail(ErrorKind::unavailable, "{}: no answer from {} on {}", to_string(vtep),
                    to_string(hop->next_hop), link.name);
    return UnderlayPath{link.name,      hop->source,
                        link.mac,       hop->next_hop,
                        neighbour->mac, hop->mtu ? std::min(hop->mtu, link.mtu) : link.mtu};
}

// One entry a next hop, however many VTEPs lie behind it.
void Underlay::Impl::keep_neighbours() {
    std::set<NeighbourKey> needed;
    for (const auto& [address, vtep] : vteps)
        if (vtep.hop)
            needed.insert({vtep.hop->ifindex, vtep.hop->next_hop});
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
