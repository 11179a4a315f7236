// What the fuzz targets do with one input; the libFuzzer targets and the short run as a test share
// it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringfence::fuzz {

// The input as a frame of a NIC, of a bridge's port or of the wire, through the whole pipeline on
// the host of tests/packet/templates.h. The frame lies at the very end of its allocation, so that
// AddressSanitizer sees a read behind it. Aborts where a packet is not accounted for, a buffer
// leaks, a runt or what an earlier packet left behind goes out, or a tenant's frame reaches the
// kernel's port.
void from_nic(const uint8_t* data, size_t size);
void from_bridged(const uint8_t* data, size_t size);
void from_wire(const uint8_t* data, size_t size);

// The input as the UDP payload of a DHCP or DHCPv6 client. Aborts where an answer is not a reply of
// the size that client and segment take, whole and with right checksums, or where the same message
// gets another answer the second time.
void dhcp(const uint8_t* data, size_t size);
void dhcp6(const uint8_t* data, size_t size);

// The input as a NIC's neighbour discovery message, its checksum made right, through the whole
// pipeline as from_nic().
void neighbour_discovery(const uint8_t* data, size_t size);

// The input as what a database sends: a stream of JSON. Aborts where messages depend on the pieces
// that they arrive in, or where rows that were read are not written and read again as they are.
void ovsdb_stream(const uint8_t* data, size_t size);

// The input as an IP packet that holds an ICMP error. Aborts where a quote that was read does not
// read as it was rewritten, or where rewriting spoils a checksum.
void quote(const uint8_t* data, size_t size);

// The input as a script for a small fragment table: what comes, and when. Aborts where a frame is
// neither passed, dropped nor held, or is held when all is over.
void fragments(const uint8_t* data, size_t size);

} // namespace ringfence::fuzz
