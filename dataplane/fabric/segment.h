// One isolated layer-2 broadcast domain, as this host sees it: who has which MAC where, whose
// address is whose, who gets a flood, which routers stand in it. A value: the agent changes a copy
// (Fabric's edit), which shares the pages of its tables with the one that the workers read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/tables/mac_table.h"
#include "core/tables/paged_map.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "dataplane/fabric/changes.h"
#include "dataplane/fabric/destination.h"
#include "dataplane/fabric/held.h"
#include "dataplane/fabric/virtual_address.h"
#include "edge-router/routing/router.h"

namespace ringfence {

struct SegmentSettings {
    std::optional<Vni> vni;    // none: a bridge's own, which no tunnel carries
    uint16_t mtu = 1450;       // of the layer-3 packet, bytes
    bool flood_unknown = true; // policy for unicast to a MAC that nobody has
    bool vlan_transparent = false;
    uint16_t vlan = 0;  // of a bridge's own: its VLAN, 0: without a tag
    std::string intent; // path of the northbound object, for traces
    bool operator==(const SegmentSettings&) const = default;
};

// A router's interface, as the segment knows it: FabricEdit::set_router puts it there.
struct RouterPlace {
    RouterId router;
    uint16_t interface; // index into the router's
    bool outside;       // this segment is the parent network
    bool fence;         // the router is a fence; where not outside, it proxies here
    bool operator==(const RouterPlace&) const = default;
};

class Segment {
public:
    Segment(SegmentId id, SegmentSettings settings) : id_(id), settings_(std::move(settings)) {}

    // --- what a worker asks
    SegmentId id() const { return id_; }
    const SegmentSettings& settings() const { return settings_; }
    uint16_t mtu() const { return settings_.mtu; }

    Destination find(uint64_t mac) const { return Destination::from_bits(macs_.find(mac)); }
    // The same in two steps, with time between them for the memory.
    const MacBucket* locate(uint64_t mac) const { return macs_.locate(mac); }
    Destination find(uint64_t mac, const MacBucket* located) const {
        return Destination::from_bits(macs_.find(mac, located));
    }
    // The MAC of a logical port's address.
    const MacAddr* neighbour(const IpAddr& address) const { return neighbours_.find(address); }
    // The router that has the MAC here, which is on every host (Destination::Kind::router), and the
    // one that has the address as its own; nullptr: none.
    const RouterPlace* router(uint64_t mac) const {
        return router_macs_.find(MacAddr::from_u64(mac));
    }
    const RouterPlace* router_with(const IpAddr& own) const { return router_addresses_.find(own); }
    bool has_routers() const { return router_macs_.size() != 0; }
    // The fence whose inside this is; nullptr: none.
    const RouterPlace* fence() const { return fence_ ? &*fence_ : nullptr; }
    // True where some NIC may have an address that nobody knows: all but strict ones may.
    bool has_unknown_addresses() const { return !any_address_.empty(); }
    // One that several ports may have, whether one has it now or not; nullptr: it is none.
    const VirtualAddress* virtual_address(const IpAddr& address) const {
        if (!virtual_addresses_)
            return nullptr;
        auto found = virtual_addresses_->find(address);
        return found == virtual_addresses_->end() ? nullptr : &found->second;
    }
    // What routers hold here for NICs behind them.
    const Held* held(const IpAddr& outside) const { return held_.find(outside); }
    const IpAddr* outside_of(RouterId router, const IpAddr& inside) const {
        return held_.outside_of({router, inside});
    }
    // Broadcast, multicast and unknown unicast go to each of these once, less where it came from.
    const std::vector<PortId>& flood_ports() const { return flood_ports_; }
    const std::vector<NextHopId>& flood_vteps() const { return flood_vteps_; }
    // True where the VTEP has a trusted port or gateway here: MACs that nobody owns may come from
    // it.
    bool is_trusted(NextHopId hop) const;
    // True where a NIC's MAC may also come from this VTEP: its candidate's, or its previous one.
    bool may_also_come_from(MacAddr mac, NextHopId hop) const;
    // The same of what a router holds here for a NIC.
    bool may_also_come_from(const IpAddr& outside, NextHopId hop) const;

    // --- what the agent sets
    void set_settings(SegmentSettings settings);
    void set_mac(MacAddr mac, Destination place) { macs_.set(mac, place.bits()); }
    void erase_mac(MacAddr mac) { macs_.erase(mac); }
    void set_neighbour(const IpAddr& address, MacAddr mac);
    void erase_neighbour(const IpAddr& address);
    void set_may_have_any_address(MacAddr mac, bool may);
    // Who has a virtual address: its neighbour entry follows.
    void set_virtual_address(const IpAddr& address, const VirtualAddress& now);
    void erase_virtual_address(const IpAddr& address);
    // Where the frames go for a MAC that several ports share.
    void set_shared_mac(MacAddr mac, Destination place);
    void erase_shared_mac(MacAddr mac);
    // Setting it for another owner alone is a move: it changes no decision.
    void set_held(const IpAddr& outside, const Held& held);
    void erase_held(const IpAddr& outside);
    // Setting twice is the same as once; so is erasing.
    void add_flood(PortId port);
    void add_flood(NextHopId hop);
    void erase_flood(PortId port);
    void erase_flood(NextHopId hop);
    void set_trusted(NextHopId hop, bool trusted);
    // The agent takes it back 2 s after a move; the workers know no clock for it.
    void allow_also_from(MacAddr mac, NextHopId hop);
    void forbid_also_from(MacAddr mac, NextHopId hop);
    void allow_also_from(const IpAddr& outside, NextHopId hop);
    void forbid_also_from(const IpAddr& outside, NextHopId hop);

    // --- for dumps (fdb/show) and tests
    const MacTable& macs() const { return macs_; }
    const PagedMap<IpAddr, MacAddr>& neighbours() const { return neighbours_; }
    using VirtualAddresses = std::map<IpAddr, VirtualAddress>;
    const VirtualAddresses* virtual_addresses() const { return virtual_addresses_.get(); }
    const HeldAddresses& held() const { return held_; }
    const PagedMap<MacAddr, RouterPlace>& routers() const { return router_macs_; }

private:
    friend class FabricEdit;
    // Its MAC, and what it has as its own: its addresses and the link-local one of the MAC.
    void add_router(const RouterPlace& place, const RouterInterface& interface);
    void erase_router(const RouterPlace& place, const RouterInterface& interface);
    void note(ObjectId object, Change::Effect effect) { changes_.push_back({object, effect}); }

    SegmentId id_;
    std::optional<RouterPlace> fence_; // where both fit into 16 bytes
    SegmentSettings settings_;
    MacTable macs_;                                            // -> Destination::bits()
    std::vector<PortId> flood_ports_;                          // sorted
    std::vector<NextHopId> flood_vteps_;                       // sorted
    std::vector<NextHopId> trusted_;                           // sorted
    std::vector<std::pair<MacAddr, NextHopId>> also_from_;     // sorted; short
    std::vector<std::pair<IpAddr, NextHopId>> held_also_from_; // the same
    PagedMap<IpAddr, MacAddr> neighbours_;
    std::shared_ptr<const VirtualAddresses> virtual_addresses_; // few segments have any
    std::vector<MacAddr> any_address_;                          // sorted; short
    HeldAddresses held_;
    PagedMap<MacAddr, RouterPlace> router_macs_;
    PagedMap<IpAddr, RouterPlace> router_addresses_;
    std::vector<Change> changes_; // since the edit began; published ones have none
};

} // namespace ringfence
