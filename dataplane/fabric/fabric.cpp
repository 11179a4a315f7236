#include "dataplane/fabric/fabric.h"

#include <algorithm>
#include <utility>

namespace ringfence {

namespace {

MacAddr key_of(Ipv4Addr address) { return MacAddr::from_u64(address.value); }

std::vector<IpAddr> vteps_of(const LocalPort& port) {
    std::vector<IpAddr> all(port.vtep_ip4.begin(), port.vtep_ip4.end());
    all.insert(all.end(), port.vtep_ip6.begin(), port.vtep_ip6.end());
    return all;
}

RouterPlace place_of(const Router& router, uint16_t interface) {
    return {router.id(), interface, router.interfaces()[interface].outside, router.is_fence()};
}

// Whether its segment sees no difference between the two in the interface.
bool stands_alike(const Router& one, const Router& other, uint16_t interface) {
    if (interface >= other.interfaces().size())
        return false;
    const RouterInterface &a = one.interfaces()[interface], &b = other.interfaces()[interface];
    return a.segment == b.segment && a.mac == b.mac && a.addresses == b.addresses &&
           place_of(one, interface) == place_of(other, interface);
}

} // namespace

std::optional<MacAddr> Fabric::neighbour(const Segment& segment, const IpAddr& address) const {
    if (const MacAddr* nic = segment.neighbour(address))
        return *nic;
    const RouterPlace* own = segment.router_with(address);
    const Held* held = own ? nullptr : segment.held(address);
    if (!own && !held)
        return std::nullopt;
    const Router* by = router(own ? own->router : held->router);
    const RouterInterface* interface = by ? by->interface_on(segment.id()) : nullptr;
    return interface ? std::optional(interface->mac) : std::nullopt;
}

std::optional<MacAddr> Fabric::proxy(const Segment& segment, const IpAddr& address) const {
    const RouterPlace* inside = segment.fence();
    const Router* fence = inside ? router(inside->router) : nullptr;
    if (!fence || segment.neighbour(address) || segment.virtual_address(address))
        return std::nullopt;
    const Hop* hop = fence->route(address);
    if (!hop || hop->next_hop || !fence->interfaces()[hop->interface].outside)
        return std::nullopt;
    const Segment* outside = this->segment(fence->interfaces()[hop->interface].segment);
    if (segment.has_unknown_addresses() && !(outside && neighbour(*outside, address)))
        return std::nullopt;
    return fence->interfaces()[inside->interface].mac;
}

void FabricEdit::set_tunnel(TunnelSettings settings) {
    fabric_.tunnel_ = settings;
    std::vector<std::pair<NextHopId, NextHopSettings>> hops;
    fabric_.for_each_next_hop(
        [&](const NextHop& hop) { hops.emplace_back(hop.id(), hop.settings()); });
    for (auto& [id, hop] : hops)
        set_next_hop(id, std::move(hop));
}

void FabricEdit::set_port(LocalPort port) {
    if (const LocalPort* old = fabric_.port(port.id); old && *old == port)
        return;
    erase_port(port.id);
    for (const IpAddr& address : vteps_of(port))
        fabric_.own_vteps_.set(address, port.id);
    count(port, +1);
    note(ObjectId(port.id), Change::Effect::alters);
    fabric_.ports_.set(port.id.value(), std::make_shared<const LocalPort>(std::move(port)));
}

void FabricEdit::erase_port(PortId id) {
    const LocalPort* old = fabric_.port(id);
    if (!old)
        return;
    for (const IpAddr& address : vteps_of(*old))
        if (const PortId* owner = fabric_.own_vteps_.find(address); owner && *owner == id)
            fabric_.own_vteps_.erase(address);
    count(*old, -1);
    fabric_.ports_.set(id.value(), nullptr);
    note(ObjectId(id), Change::Effect::raises);
}

void FabricEdit::count(const LocalPort& port, int by) {
    if (!port.policies.empty())
        fabric_.guards_ += static_cast<uint32_t>(by);
    if (port.kind != PortKind::nic)
        return;
    if (port.worker >= fabric_.nics_.size())
        fabric_.nics_.resize(port.worker + 1);
    fabric_.nics_[port.worker] += static_cast<uint32_t>(by);
}

void FabricEdit::set_next_hop(NextHopId id, NextHopSettings settings) {
    erase_next_hop(id);
    for (const IpAddr& address : settings.addresses)
        add_vtep(address, id);
    fabric_.next_hops_.set(id.value(), std::make_shared<const NextHop>(id, std::move(settings),
                                                                       fabric_.tunnel_.udp_port));
}

void FabricEdit::erase_next_hop(NextHopId id) {
    const NextHop* old = fabric_.next_hop(id);
    if (!old)
        return;
    for (const IpAddr& address : old->settings().addresses)
        erase_vtep(address, id);
    fabric_.next_hops_.set(id.value(), nullptr);
}

void FabricEdit::add_vtep(const IpAddr& address, NextHopId id) {
    if (const Ipv4Addr* ip4 = address.v4())
        fabric_.by_vtep_.set(key_of(*ip4), static_cast<uint16_t>(id.value() + 1));
    else
        fabric_.by_vtep6_.set(address, id);
}

// Another next hop may have it by now.
void FabricEdit::erase_vtep(const IpAddr& address, NextHopId id) {
    if (const Ipv4Addr* ip4 = address.v4(); ip4 && fabric_.vtep(*ip4) == id)
        fabric_.by_vtep_.erase(key_of(*ip4));
    else if (!ip4 && fabric_.vtep(*address.v6()) == id)
        fabric_.by_vtep6_.erase(address);
}

void FabricEdit::set_router(Router router) {
    const Router* old = fabric_.router(router.id());
    if (old)
        take_out(*old, &router);
    put_in(router);
    if (old && old->is_same_as(router))
        return;
    note(ObjectId(router.id()), Change::Effect::alters);
    uint32_t id = router.id().value();
    fabric_.routers_.set(id, std::make_shared<const Router>(std::move(router)));
}

void FabricEdit::erase_router(RouterId id) {
    const Router* old = fabric_.router(id);
    if (!old)
        return;
    take_out(*old, nullptr);
    note(ObjectId(id), Change::Effect::raises);
    fabric_.routers_.set(id.value(), nullptr);
}

// Segments are copied only where they change: an edge of many networks may get a route.
void FabricEdit::put_in(const Router& router) {
    for (uint16_t i = 0; i < router.interfaces().size(); ++i) {
        const RouterInterface& interface = router.interfaces()[i];
        const Segment* now = peek(interface.segment);
        const RouterPlace* known = now ? now->router(interface.mac.to_u64()) : nullptr;
        if (now && !(known && *known == place_of(router, i)))
            segment(interface.segment)->add_router(place_of(router, i), interface);
    }
}

void FabricEdit::take_out(const Router& router, const Router* successor) {
    for (uint16_t i = 0; i < router.interfaces().size(); ++i) {
        const RouterInterface& interface = router.interfaces()[i];
        const Segment* now = peek(interface.segment);
        const RouterPlace* known = now ? now->router(interface.mac.to_u64()) : nullptr;
        bool stays = successor && stands_alike(router, *successor, i);
        if (known && *known == place_of(router, i) && !stays)
            segment(interface.segment)->erase_router(place_of(router, i), interface);
    }
}

void FabricEdit::set_policy(Policy policy) {
    PolicyId id = policy.id();
    replace_policy(id, std::make_shared<const Policy>(std::move(policy)));
}

void FabricEdit::erase_policy(PolicyId id) { replace_policy(id, nullptr); }

void FabricEdit::replace_policy(PolicyId id, std::shared_ptr<const Policy> policy) {
    const Policy* old = fabric_.policy(id);
    note(ObjectId(id), effect_of(old, policy.get()));
    count_uses(policy.get(), 1);
    count_uses(old, uint32_t(-1));
    fabric_.policies_.set(id.value(), std::move(policy));
}

void FabricEdit::count_uses(const Policy* policy, uint32_t change) {
    if (!policy)
        return;
    for (const Policy::GroupUse& use : policy->groups()) {
        const auto* known = fabric_.group_uses_.find(use.group);
        Fabric::GroupUses uses = known ? *known : Fabric::GroupUses();
        uses.allow += use.allows ? change : 0;
        uses.deny += use.denies ? change : 0;
        if (uses.allow || uses.deny)
            fabric_.group_uses_.set(use.group, uses);
        else
            fabric_.group_uses_.erase(use.group);
    }
}

void FabricEdit::set_groups(AddressGroups groups) {
    DomainId domain = groups.domain();
    replace_groups(domain, std::make_shared<const AddressGroups>(std::move(groups)));
}

void FabricEdit::erase_groups(DomainId domain) { replace_groups(domain, nullptr); }

// What one address becomes concerns the decisions about it; of a wider prefix any may be.
void FabricEdit::replace_groups(DomainId domain, std::shared_ptr<const AddressGroups> groups) {
    const AddressGroups* old = fabric_.groups(domain);
    if (std::ranges::any_of(known_by_one(old, groups.get()), [&](GroupId group) {
            return fabric_.group_uses_.find(group) != nullptr;
        }))
        note(ObjectId(domain), Change::Effect::alters);
    for (const MembershipChange& change : differences(old, groups.get()))
        if (const auto* uses = fabric_.group_uses_.find(change.group)) {
            const IpAddr& address = change.prefix.address();
            bool is_host = change.prefix.length() == (address.is_v4() ? 32 : 128);
            note(is_host ? ObjectId(domain, address) : ObjectId(domain),
                 effect_of({change.group, uses->allow != 0, uses->deny != 0}, change.added));
        }
    fabric_.groups_.set(domain.value(), std::move(groups));
}

void FabricEdit::note(ObjectId object, Effect effect) {
    if (effect.narrows)
        note(object, Change::Effect::raises);
    if (effect.widens)
        note(object, Change::Effect::widens);
}

Segment& FabricEdit::segment(SegmentId id, SegmentSettings settings) {
    Segment* open = segment(id);
    if (!open) {
        auto made = std::make_shared<Segment>(id, settings);
        note(ObjectId(id), Change::Effect::alters);
        open = made.get();
        open_segments_[id] = std::move(made);
    }
    open->set_settings(std::move(settings));
    return *open;
}

// Open or not.
const Segment* FabricEdit::peek(SegmentId id) const {
    auto open = open_segments_.find(id);
    return open != open_segments_.end() ? open->second.get() : fabric_.segment(id);
}

Segment* FabricEdit::segment(SegmentId id) {
    if (auto open = open_segments_.find(id); open != open_segments_.end())
        return open->second.get();
    const Segment* published = fabric_.segment(id);
    if (!published)
        return nullptr;
    auto copy = std::make_shared<Segment>(*published);
    return (open_segments_[id] = std::move(copy)).get();
}

void FabricEdit::erase_segment(SegmentId id) {
    open_segments_.erase(id);
    if (fabric_.segment(id))
        note(ObjectId(id), Change::Effect::raises);
    take_out(id);
}

void FabricEdit::take_out(SegmentId id) {
    if (const Segment* old = fabric_.segment(id)) {
        const auto& vni = old->settings().vni;
        if (const SegmentId* owner = vni ? fabric_.by_vni_.find(*vni) : nullptr;
            owner && *owner == id)
            fabric_.by_vni_.erase(*vni);
        fabric_.segments_.set(id.value(), nullptr);
    }
}

std::shared_ptr<const Fabric> FabricEdit::finish() {
    auto open = std::move(open_segments_);
    open_segments_.clear();
    for (auto& [id, segment] : open)
        take_out(id);
    for (auto& [id, segment] : open) {
        changes_.insert(changes_.end(), segment->changes_.begin(), segment->changes_.end());
        segment->changes_ = {};
        if (segment->settings().vni)
            fabric_.by_vni_.set(*segment->settings().vni, id);
        fabric_.segments_.set(id.value(), std::move(segment));
    }
    fabric_.changes_.publish(std::move(changes_));
    return std::make_shared<const Fabric>(std::move(fabric_));
}

} // namespace ringfence
