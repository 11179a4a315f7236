// LLC (IEEE 802.2) and SNAP (IEEE 802, clause 10) as they lie behind the length of an 802.3 frame.
#pragma once

#include <cstdint>

#include "core/wire/cursor.h"

namespace ringfence {

struct LlcHeader {
    uint8_t destination, source, control; // service access points

    // True where either of the two is SNAP's, group bit or not: receivers differ in which of them,
    // and in what control, they look at.
    bool is_snap() const { return is_snap(destination) || is_snap(source); }

private:
    static bool is_snap(uint8_t access_point) { return (access_point | 1) == 0xab; }
};
static_assert(sizeof(LlcHeader) == 3);

// Behind an LlcHeader that is_snap().
struct SnapHeader {
    uint8_t oui[3];
    Be16 protocol;

    // The protocol is an ethertype (RFC 1042; 00-00-f8 by IEEE 802.1H).
    bool has_type() const { return oui[0] == 0 && oui[1] == 0 && (oui[2] == 0 || oui[2] == 0xf8); }
};
static_assert(sizeof(SnapHeader) == 5);

} // namespace ringfence
