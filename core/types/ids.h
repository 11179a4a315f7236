// Numbers that must not be mixed up. A value that exists is valid: from() is the only way in for
// what has a range.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>

namespace ringfence {

// An index into one of the dataplane's tables, a type of its own a table. Ids are given out by the
// agent, are stable over restarts (the state file keeps them), and are not re-used while anything
// may still name them.
template <class Tag> class Id {
public:
    constexpr explicit Id(uint32_t value) : value_(value) {}
    constexpr uint32_t value() const { return value_; }
    constexpr auto operator<=>(const Id&) const = default;

private:
    uint32_t value_;
};

using PortId = Id<struct PortIdTag>;       // a local port of this host
using SegmentId = Id<struct SegmentIdTag>; // a segment known to this host
using NextHopId = Id<struct NextHopIdTag>; // a VTEP, as this host reaches it
using RouterId = Id<struct RouterIdTag>;   // an edge router known to this host
using PolicyId = Id<struct PolicyIdTag>;   // a firewall policy, named by interfaces and ports
using RuleId = Id<struct RuleIdTag>;       // a rule of a policy, as hits and traces name it
using GroupId = Id<struct GroupIdTag>;     // a group of addresses that rules name
using DomainId = Id<struct DomainIdTag>;   // networks in which an address means the same

// A VXLAN network identifier, 24 bits (RFC 7348, clause 5). 0 is refused: it is what forgetting to
// set one gives.
class Vni {
public:
    static constexpr uint32_t max = 0xffffff;
    static constexpr std::optional<Vni> from(int64_t value) {
        if (value < 1 || value > max)
            return std::nullopt;
        return Vni(static_cast<uint32_t>(value));
    }
    constexpr uint32_t value() const { return value_; }
    constexpr auto operator<=>(const Vni&) const = default;

private:
    constexpr explicit Vni(uint32_t value) : value_(value) {}
    uint32_t value_;
};

// A TCP, UDP or SCTP port, host order.
class L4Port {
public:
    constexpr explicit L4Port(uint16_t value) : value_(value) {}
    constexpr uint16_t value() const { return value_; }
    constexpr auto operator<=>(const L4Port&) const = default;

private:
    uint16_t value_;
};

} // namespace ringfence

template <class Tag> struct std::hash<ringfence::Id<Tag>> {
    size_t operator()(ringfence::Id<Tag> id) const noexcept { return id.value(); }
};
template <> struct std::hash<ringfence::Vni> {
    size_t operator()(ringfence::Vni vni) const noexcept { return vni.value(); }
};
