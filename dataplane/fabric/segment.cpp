#include "dataplane/fabric/segment.h"

#include <algorithm>

#include "core/wire/neighbour.h"

namespace ringfence {

namespace {

template <class T> bool holds(const std::vector<T>& sorted, const T& value) {
    return std::binary_search(sorted.begin(), sorted.end(), value);
}

template <class T> void insert(std::vector<T>& sorted, const T& value) {
    auto place = std::lower_bound(sorted.begin(), sorted.end(), value);
    if (place == sorted.end() || *place != value)
        sorted.insert(place, value);
}

template <class T> void erase(std::vector<T>& sorted, const T& value) {
    auto place = std::lower_bound(sorted.begin(), sorted.end(), value);
    if (place != sorted.end() && *place == value)
        sorted.erase(place);
}

} // namespace

bool Segment::is_trusted(NextHopId hop) const { return holds(trusted_, hop); }

bool Segment::may_also_come_from(MacAddr mac, NextHopId hop) const {
    return holds(also_from_, {mac, hop});
}

bool Segment::may_also_come_from(const IpAddr& outside, NextHopId hop) const {
    return holds(held_also_from_, {outside, hop});
}

void Segment::set_settings(SegmentSettings settings) {
    if (settings.mtu != settings_.mtu)
        note(ObjectId(id_), Change::Effect::raises);
    settings_ = std::move(settings);
}

void Segment::set_neighbour(const IpAddr& address, MacAddr mac) {
    const MacAddr* old = neighbours_.find(address);
    if (old && *old == mac)
        return;
    neighbours_.set(address, mac);
    note(ObjectId(id_, address), Change::Effect::alters);
}

// It may have been in the way of somebody outside of a fence.
void Segment::erase_neighbour(const IpAddr& address) {
    if (!neighbours_.find(address))
        return;
    neighbours_.erase(address);
    note(ObjectId(id_, address), Change::Effect::alters);
}

void Segment::set_may_have_any_address(MacAddr mac, bool may) {
    if (may)
        insert(any_address_, mac);
    else
        erase(any_address_, mac);
}

// The next holder may go by the same MAC as the last: what was decided for that one is stale all
// the same.
void Segment::set_virtual_address(const IpAddr& address, const VirtualAddress& now) {
    const VirtualAddress* old = virtual_address(address);
    if (old && *old == now)
        return;
    erase_virtual_address(address);
    VirtualAddresses all = virtual_addresses_ ? *virtual_addresses_ : VirtualAddresses();
    all[address] = now;
    virtual_addresses_ = std::make_shared<const VirtualAddresses>(std::move(all));
    note(ObjectId(id_, address), Change::Effect::alters);
    if (now.holder)
        set_neighbour(address, now.holder->mac);
}

void Segment::erase_virtual_address(const IpAddr& address) {
    const VirtualAddress* old = virtual_address(address);
    if (!old)
        return;
    const MacAddr* now = neighbour(address);
    if (old->holder && now && *now == old->holder->mac) // else it is a NIC's own by now
        erase_neighbour(address);
    VirtualAddresses all = *virtual_addresses_;
    all.erase(address);
    virtual_addresses_ =
        all.empty() ? nullptr : std::make_shared<const VirtualAddresses>(std::move(all));
    note(ObjectId(id_, address), Change::Effect::alters);
}

// Unlike a NIC, which moves with its connections, it goes from one to another.
void Segment::set_shared_mac(MacAddr mac, Destination place) {
    if (find(mac.to_u64()) == place)
        return;
    set_mac(mac, place);
    note(ObjectId(id_, mac), Change::Effect::alters);
}

void Segment::erase_shared_mac(MacAddr mac) {
    erase_mac(mac);
    note(ObjectId(id_, mac), Change::Effect::alters);
}

void Segment::set_held(const IpAddr& outside, const Held& held) {
    const Held* old = held_.find(outside);
    if (old && *old == held)
        return;
    if (!old || old->router != held.router || old->inside != held.inside) {
        erase_held(outside);
        note(ObjectId(id_, outside), Change::Effect::alters);
        note(ObjectId(held.router, held.inside), Change::Effect::alters);
    }
    held_.set(outside, held);
}

void Segment::erase_held(const IpAddr& outside) {
    const Held* old = held_.find(outside);
    if (!old)
        return;
    note(ObjectId(id_, outside), Change::Effect::raises);
    note(ObjectId(old->router, old->inside), Change::Effect::raises);
    held_.erase(outside);
}

void Segment::add_router(const RouterPlace& place, const RouterInterface& interface) {
    set_mac(interface.mac, Destination::router());
    router_macs_.set(interface.mac, place);
    note(ObjectId(id_, interface.mac), Change::Effect::alters);
    auto own = [&](const IpAddr& address) {
        router_addresses_.set(address, place);
        note(ObjectId(id_, address), Change::Effect::alters);
    };
    own(eui64_link_local(interface.mac));
    for (const InterfaceAddress& one : interface.addresses)
        own(one.address);
    if (place.fence && !place.outside)
        fence_ = place;
}

// Of addresses that another router was given since, they stay the other's.
void Segment::erase_router(const RouterPlace& place, const RouterInterface& interface) {
    router_macs_.erase(interface.mac);
    erase_mac(interface.mac);
    note(ObjectId(id_, interface.mac), Change::Effect::raises);
    auto disown = [&](const IpAddr& address) {
        if (const RouterPlace* now = router_with(address); now && *now == place) {
            router_addresses_.erase(address);
            note(ObjectId(id_, address), Change::Effect::alters);
        }
    };
    disown(eui64_link_local(interface.mac));
    for (const InterfaceAddress& one : interface.addresses)
        disown(one.address);
    if (fence_ == place)
        fence_.reset();
}

void Segment::add_flood(PortId port) { insert(flood_ports_, port); }
void Segment::add_flood(NextHopId hop) { insert(flood_vteps_, hop); }
void Segment::erase_flood(PortId port) { erase(flood_ports_, port); }
void Segment::erase_flood(NextHopId hop) { erase(flood_vteps_, hop); }

void Segment::set_trusted(NextHopId hop, bool trusted) {
    if (trusted)
        insert(trusted_, hop);
    else
        erase(trusted_, hop);
}

void Segment::allow_also_from(MacAddr mac, NextHopId hop) { insert(also_from_, {mac, hop}); }
void Segment::forbid_also_from(MacAddr mac, NextHopId hop) { erase(also_from_, {mac, hop}); }
void Segment::allow_also_from(const IpAddr& outside, NextHopId hop) {
    insert(held_also_from_, {outside, hop});
}
void Segment::forbid_also_from(const IpAddr& outside, NextHopId hop) {
    erase(held_also_from_, {outside, hop});
}

} // namespace ringfence
