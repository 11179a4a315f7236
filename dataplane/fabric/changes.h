// What changed between two Fabrics, for workers that keep decisions (DESIGN §5, rule 1). A decision
// notes the objects that it passed; a publication lists the objects that changed. An object that a
// decision did not find is one that it passed: its id is noted all the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/tables/hash.h"
#include "core/types/addresses.h"
#include "core/types/ids.h"

namespace ringfence {

// Names an object by a hash: two may share one, which costs a decision made again, no more.
class ObjectId {
public:
    // Its interfaces and routes.
    constexpr explicit ObjectId(RouterId router) : ObjectId(1, router.value()) {}
    constexpr explicit ObjectId(PolicyId policy) : ObjectId(2, policy.value()) {}
    // The local port's addresses, security and policies.
    constexpr explicit ObjectId(PortId port) : ObjectId(3, port.value()) {}
    // Its MTU, and that it is there.
    constexpr explicit ObjectId(SegmentId segment) : ObjectId(4, segment.value()) {}
    // Who has the address in the segment: a NIC, a router, or the NIC that it is held for.
    ObjectId(SegmentId segment, const IpAddr& address)
        : ObjectId(5, mix(std::hash<IpAddr>{}(address), segment.value())) {}
    // The prefixes of its groups that are more than one address.
    constexpr explicit ObjectId(DomainId domain) : ObjectId(7, domain.value()) {}
    // Which groups the address is in there.
    ObjectId(DomainId domain, const IpAddr& address)
        : ObjectId(8, mix(std::hash<IpAddr>{}(address), domain.value())) {}
    // What the router's inside address is outside.
    ObjectId(RouterId router, const IpAddr& inside)
        : ObjectId(6, mix(std::hash<IpAddr>{}(inside), router.value())) {}
    // Which router has the MAC in the segment.
    constexpr ObjectId(SegmentId segment, MacAddr mac)
        : ObjectId(7, mix(mac.to_u64(), segment.value())) {}

    constexpr uint32_t value() const { return value_; }
    constexpr bool operator==(const ObjectId&) const = default;

private:
    constexpr ObjectId(uint64_t kind, uint64_t key)
        : value_(static_cast<uint32_t>(mix(key, kind) >> 16)) {}
    uint32_t value_;
};

struct Change {
    enum class Effect : uint8_t {
        raises, // may divert or deny what passed: decide again
        widens, // lets more pass: forget denials, no more
        alters, // may do either: what was missing has come, or was something else before
    };
    ObjectId object;
    Effect effect;
    bool operator==(const Change&) const = default;
};

// The changes of the last publications, by their serial numbers. A copy shares them.
class ChangeLog {
public:
    static constexpr size_t kept = 64;                // publications
    static constexpr size_t max_a_publication = 4096; // changes; with more it lists none

    uint64_t serial() const { return serial_; }
    // The next publication: serial() + 1.
    void publish(std::vector<Change> changes) {
        auto& slot = kept_[++serial_ % kept];
        slot = changes.size() > max_a_publication
                   ? nullptr
                   : std::make_shared<const std::vector<Change>>(std::move(changes));
    }
    // Shows each change after the serial: visit(const Change&). False where they are not all known
    // any more: anything may have changed.
    template <class Visit> bool since(uint64_t serial, Visit visit) const {
        if (serial > serial_ || serial_ - serial > kept)
            return false;
        for (uint64_t next = serial + 1; next <= serial_; ++next)
            if (!kept_[next % kept])
                return false;
        for (uint64_t next = serial + 1; next <= serial_; ++next)
            for (const Change& change : *kept_[next % kept])
                visit(change);
        return true;
    }

private:
    uint64_t serial_ = 0; // of the last publication; 0: nothing is published yet
    std::array<std::shared_ptr<const std::vector<Change>>, kept> kept_;
};

} // namespace ringfence
