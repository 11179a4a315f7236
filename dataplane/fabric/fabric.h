// All that a worker reads: the local ports, the segments, the next hops, the routers and policies.
// Immutable once published.
//
//     FabricEdit edit(current);                 // shares everything with `current`
//     edit.set_port(port);                      // a value; replaces the one of the same id
//     edit.set_next_hop(NextHopId(3), {...});
//     Segment& web = edit.segment(SegmentId(7), {.vni = vni});   // made, or a copy to change
//     web.set_mac(mac, *Destination::local(port.id));
//     std::shared_ptr<const Fabric> next = edit.finish();
//
// The work of an edit is proportional to what it touches, and what it touches it notes for the
// workers (changes.h). One thread edits, and it is the one that
// drops old Fabrics, after the workers' quiescent state. Ids are the agent's: dense, stable over
// restarts, and not given again while a packet or a table may still name them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/tables/mac_table.h"
#include "core/tables/paged_map.h"
#include "core/tables/registry.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"
#include "dataplane/fabric/changes.h"
#include "dataplane/fabric/local_port.h"
#include "dataplane/fabric/next_hop.h"
#include "dataplane/fabric/segment.h"
#include "dataplane/fabric/tunnel_settings.h"
#include "edge-router/firewall/policy.h"
#include "edge-router/routing/router.h"

namespace ringfence {

class Fabric {
public:
    const LocalPort* port(PortId id) const { return ports_.find(id.value()); }
    const Segment* segment(SegmentId id) const { return segments_.find(id.value()); }
    const NextHop* next_hop(NextHopId id) const { return next_hops_.find(id.value()); }
    const Router* router(RouterId id) const { return routers_.find(id.value()); }
    // nullptr: a policy that is not there; it denies all.
    const Policy* policy(PolicyId id) const { return policies_.find(id.value()); }
    // nullptr: no address is in any group there.
    const AddressGroups* groups(DomainId id) const { return groups_.find(id.value()); }

    // The MAC at which the address is reached in the segment: that of the NIC that has it, of the
    // router that has it as its own, or of the one that holds it for a NIC behind it. What a fence
    // only proxies on its inside is not among them: see proxy().
    std::optional<MacAddr> neighbour(const Segment& segment, const IpAddr& address) const;
    // The MAC with which the fence whose inside this is answers for an address that lies outside;
    // none where there is no fence, the address does not lie there, or somebody inside has it, or
    // may have it (any address: while nobody outside is known to).
    std::optional<MacAddr> proxy(const Segment& segment, const IpAddr& address) const;

    // Raised by one with each publication; and what changed after that of the serial number given:
    // visit(const Change&). False where not all of it is known any more: anything may have.
    uint64_t serial() const { return changes_.serial(); }
    template <class Visit> bool changes_since(uint64_t serial, Visit visit) const {
        return changes_.since(serial, visit);
    }

    // nullptr: `tunnel.unknown_vni`.
    const Segment* segment(Vni vni) const {
        const SegmentId* id = by_vni_.find(vni);
        return id ? segment(*id) : nullptr;
    }
    // Whose VTEP address this is; none: `tunnel.unknown_vtep`.
    std::optional<NextHopId> vtep(Ipv4Addr address) const {
        uint16_t found = by_vtep_.find(address.value);
        return found ? std::optional(NextHopId(found - 1u)) : std::nullopt;
    }
    std::optional<NextHopId> vtep(const Ipv6Addr& address) const {
        const NextHopId* found = by_vtep6_.find(address);
        return found ? std::optional(*found) : std::nullopt;
    }
    // True for a VTEP address of this host.
    bool is_own(const IpAddr& address) const { return own_vteps_.find(address) != nullptr; }
    const TunnelSettings& tunnel() const { return tunnel_; }

    // True where some local port has a firewall of its own.
    bool has_guards() const { return guards_ != 0; }
    // How many NICs are that worker's.
    uint32_t nics_of(unsigned worker) const { return worker < nics_.size() ? nics_[worker] : 0; }

    // In the order of their ids: visit(const LocalPort&) and so on.
    template <class Visit> void for_each_port(Visit visit) const { ports_.for_each(visit); }
    template <class Visit> void for_each_segment(Visit visit) const { segments_.for_each(visit); }
    template <class Visit> void for_each_next_hop(Visit visit) const { next_hops_.for_each(visit); }
    template <class Visit> void for_each_router(Visit visit) const { routers_.for_each(visit); }
    template <class Visit> void for_each_policy(Visit visit) const { policies_.for_each(visit); }
    template <class Visit> void for_each_groups(Visit visit) const { groups_.for_each(visit); }

private:
    friend class FabricEdit;
    TunnelSettings tunnel_;
    Registry<LocalPort> ports_;
    uint32_t guards_ = 0;        // of ports_ those with policies
    std::vector<uint32_t> nics_; // of ports_ the NICs, by worker
    Registry<Segment> segments_;
    Registry<NextHop> next_hops_;
    Registry<Router> routers_;
    Registry<Policy> policies_;
    Registry<AddressGroups> groups_;
    // In how many policies rules name the group that allow, or that deny: what a member that comes
    // or goes does depends on it.
    struct GroupUses {
        uint32_t allow = 0, deny = 0;
    };
    PagedMap<GroupId, GroupUses> group_uses_;
    ChangeLog changes_;
    PagedMap<Vni, SegmentId> by_vni_;
    // Every packet from a tunnel asks: an address is a MAC of two zero bytes to the faster table,
    // and the id is kept as one more.
    MacTable by_vtep_;
    PagedMap<IpAddr, NextHopId> by_vtep6_;
    PagedMap<IpAddr, PortId> own_vteps_;
};

class FabricEdit {
public:
    FabricEdit() = default; // starts empty
    explicit FabricEdit(const std::shared_ptr<const Fabric>& base) : fabric_(*base) {}

    // Rebuilds the headers of every next hop; for start-up.
    void set_tunnel(TunnelSettings settings);

    // The port's id is below Destination::max_ports. A NIC is in no table of its segment yet: set
    // its MAC, neighbours and flood there.
    void set_port(LocalPort port);
    void erase_port(PortId id);

    // The id is below Destination::max_next_hops. An address that was another next hop's is this
    // one's from now on.
    void set_next_hop(NextHopId id, NextHopSettings settings);
    void erase_next_hop(NextHopId id);

    // Puts it into the segments of its interfaces, which are there; when one is made anew, set the
    // router again. It may be the same as before: then nothing changes.
    void set_router(Router router);
    void erase_router(RouterId id);

    void set_policy(Policy policy);
    void erase_policy(PolicyId id);

    // All groups of a domain. A group may have other members in another one.
    void set_groups(AddressGroups groups);
    void erase_groups(DomainId domain);

    // A copy to change, valid until finish(); made with the settings where there is none.
    Segment& segment(SegmentId id, SegmentSettings settings);
    // The same of one that is there; nullptr where none is.
    Segment* segment(SegmentId id);
    void erase_segment(SegmentId id);

    // What the edit has come to so far, its unfinished segments excepted.
    const Fabric& view() const { return fabric_; }

    // The edit is spent.
    std::shared_ptr<const Fabric> finish();

private:
    void count(const LocalPort& port, int by);
    void add_vtep(const IpAddr& address, NextHopId id);
    void erase_vtep(const IpAddr& address, NextHopId id);
    const Segment* peek(SegmentId id) const;
    void take_out(SegmentId id);
    void put_in(const Router& router);
    void take_out(const Router& router, const Router* successor);
    void note(ObjectId object, Change::Effect effect) { changes_.push_back({object, effect}); }
    void note(ObjectId object, Effect effect);
    void replace_policy(PolicyId id, std::shared_ptr<const Policy> policy);
    void replace_groups(DomainId domain, std::shared_ptr<const AddressGroups> groups);
    void count_uses(const Policy* policy, uint32_t change);

    Fabric fabric_;
    std::unordered_map<SegmentId, std::shared_ptr<Segment>> open_segments_;
    std::vector<Change> changes_;
};

} // namespace ringfence
