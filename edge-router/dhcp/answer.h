// What a NIC's own host says to the NIC's DHCP and DHCPv6 messages and router solicitations, as
// whole frames. Pure: the same message gets the same answer on every host, today and after a
// restart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/packet/verdicts.h"
#include "core/types/addresses.h"
#include "edge-router/dhcp/binding.h"

namespace ringfence {

inline constexpr size_t max_dhcp_frame = 14 + 1500;

// Who asks, as its port knows it.
struct DhcpClient {
    MacAddr mac;          // the port's
    IpAddr source;        // of the packet that asks
    bool unicast = false; // it was sent to the server's own address
    uint16_t mtu = 1500;  // of the segment, bytes
    bool trusted_relay = false;
    bool declined = false; // it has found the offered address in use
};

struct DhcpAnswer {
    // consumed: as it should be, answered or not. Else why the message is dropped.
    Verdict verdict = Verdict::consumed;
    size_t size = 0;       // of the frame in `room`, bytes; 0: nothing is said
    bool declined = false; // the message says that the offered address is in use
};

// DHCPv4: `message` is the UDP payload. room: at least max_dhcp_frame bytes.
DhcpAnswer answer_dhcp4(std::span<uint8_t> room, const Dhcp4Binding& binding,
                        const DhcpClient& client, std::span<const uint8_t> message);

// DHCPv6, the same.
DhcpAnswer answer_dhcp6(std::span<uint8_t> room, const Dhcp6Binding& binding,
                        const DhcpClient& client, std::span<const uint8_t> message);

} // namespace ringfence
