// Explicit congestion notification at the end of a tunnel: RFC 6040, figure 4.
#pragma once

#include <optional>

#include "core/wire/ip.h"

namespace ringfence {

struct EcnResult {
    std::optional<Ecn> ecn; // of the forwarded packet; none: drop it
    bool anomaly = false;   // a pair that is "currently unused": worth a count
};

constexpr EcnResult decapsulated_ecn(Ecn outer, Ecn inner) {
    switch (inner) {
    case Ecn::not_ect:
        if (outer == Ecn::ce)
            return {std::nullopt, true};
        return {Ecn::not_ect, outer != Ecn::not_ect};
    case Ecn::ect0:
        return {outer == Ecn::not_ect ? Ecn::ect0 : outer, false};
    case Ecn::ect1:
        return {outer == Ecn::ce ? Ecn::ce : Ecn::ect1, outer == Ecn::ect0};
    case Ecn::ce:
        return {Ecn::ce, outer == Ecn::ect1};
    }
    return {};
}

} // namespace ringfence
