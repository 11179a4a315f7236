// VXLAN (RFC 7348) as it lies on the wire.
#pragma once

#include <cstdint>
#include <optional>

#include "core/types/ids.h"
#include "core/wire/cursor.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "core/wire/l4.h"

namespace ringfence {

// Clause 5.
class VxlanHeader {
public:
    // Flags set, VNI still 0.
    static VxlanHeader without_vni() {
        VxlanHeader header;
        header.flags_ = Be32(valid_vni << 24);
        return header;
    }

    bool has_vni() const { return flags_.host() >> 24 & valid_vni; } // other flags are ignored
    std::optional<Vni> vni() const { return Vni::from(vni_.host() >> 8); } // none for VNI 0
    void set_vni(Vni vni) { vni_ = Be32(vni.value() << 8); }

private:
    static constexpr uint32_t valid_vni = 0x08;
    Be32 flags_, vni_;
};
static_assert(sizeof(VxlanHeader) == 8);

// All that stands before the inner frame, as this host sends it: over IPv4, and over IPv6.
struct OuterHeaders {
    EthernetHeader ethernet;
    Ipv4Header ip;
    UdpHeader udp;
    VxlanHeader vxlan;
};
static_assert(sizeof(OuterHeaders) == 50);

struct OuterHeaders6 {
    static constexpr size_t udp_offset = sizeof(EthernetHeader) + sizeof(Ipv6Header);
    EthernetHeader ethernet;
    Ipv6Header ip;
    UdpHeader udp;
    VxlanHeader vxlan;
};
static_assert(sizeof(OuterHeaders6) == 70);

} // namespace ringfence
