// The table of ways (way.h): equal ones are one, counted by the halves that name it, and freed with
// the last of them. A worker's own, in its region.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/connection/shares.h"
#include "dataplane/connection/way.h"

namespace ringfence {

class Ways {
public:
    // Beside each way: who uses it, and the next of the same hash.
    struct Link {
        uint32_t uses = 0;  // 0: free, `next` is the next free one
        uint32_t next = 0;  // index + 1; 0: none
        uint32_t owner = 0; // the port whose quota it counts for
    };
    struct Control {
        uint32_t count = 0;
        uint32_t free = 0;   // index + 1 of the first that was freed
        uint32_t unused = 0; // index of the first that never was taken
    };

    // Over memory of the region: as many links and chains as ways.
    Ways(Control& control, std::span<Way> ways, std::span<Link> links, std::span<uint32_t> chains)
        : control_(control), ways_(ways), links_(links), chains_(chains),
          shares_(static_cast<uint32_t>(ways.size()), control.count) {}

    struct Quota {
        PortId port;
        uint32_t& used; // kept up here: the port's ways
        uint32_t limit;
    };
    // One more use of this content; nullopt when it is new, and the table, the port's share of it
    // or its quota is full.
    std::optional<WayId> acquire(const Way& content, Quota quota);
    // One use less; used_by(PortId) is the count that acquire() was given for that port.
    template <class UsedBy> void release(WayId id, UsedBy used_by) {
        if (--links_[id.value()].uses == 0) {
            shares_.give(used_by(PortId(links_[id.value()].owner))--);
            free(id);
        }
    }

    Way& operator[](WayId id) { return ways_[id.value()]; }
    const Way& operator[](WayId id) const { return ways_[id.value()]; }
    uint32_t size() const { return control_.count; }
    uint32_t uses(WayId id) const { return links_[id.value()].uses; }
    Shares& shares() { return shares_; }
    // Where each of them leads is to be looked up anew.
    void forget_places();

private:
    uint32_t& chain_of(const Way& way);
    std::optional<uint32_t> take();
    void free(WayId id);

    Control& control_;
    std::span<Way> ways_;
    std::span<Link> links_;
    std::span<uint32_t> chains_;
    Shares shares_;
};

} // namespace ringfence
