// A policy: what a firewall says to a new connection. Until there are rule sets it is one default a
// direction. Immutable; replies are asked nothing (their connection was).
#pragma once

#include <cstdint>
#include <string>

#include "core/packet/tuple.h"
#include "core/types/ids.h"

namespace ringfence {

// As the network or NIC sees it that the policy protects: towards it, or from it.
enum class Direction : uint8_t { in, out };

enum class Judgement : uint8_t { deny, allow };

struct PolicySettings {
    std::string intent;              // path of the northbound object, for traces
    Judgement in = Judgement::deny;  // a policy of which no row is known denies
    Judgement out = Judgement::deny; // the same
    bool operator==(const PolicySettings&) const = default;
};

class Policy {
public:
    Policy(PolicyId id, PolicySettings settings) : id_(id), settings_(std::move(settings)) {}

    PolicyId id() const { return id_; }
    const PolicySettings& settings() const { return settings_; }

    // Of the packet that begins a connection, with the addresses that the protected side knows: the
    // inside ones where a translation stands between.
    template <class Address> Judgement judge(Direction direction, const Tuple<Address>&) const {
        return direction == Direction::in ? settings_.in : settings_.out;
    }

private:
    PolicyId id_;
    PolicySettings settings_;
};

// Whether something that `before` let pass is denied by `after`; swapped: whether it allows more.
// nullptr is a policy that is not there: it denies all.
bool narrows(const Policy* before, const Policy* after);

} // namespace ringfence
