// Rows of the southbound database as checked values. Whatever a row says that this daemon does not
// understand, or has not built yet, is an error of that row, never ignored: the builder keeps the
// row's last good value and the host reports the error (BEHAVIOUR row 45). Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/types/addresses.h"
#include "core/types/result.h"
#include "dataplane/agent/limits.h"
#include "dataplane/fabric/local_port.h"
#include "dataplane/fabric/segment.h"
#include "ovsdb/southbound.h"

namespace ringfence::agent {

struct HostEntry {
    std::string name;
    std::vector<IpAddr> vtep_addresses;
    bool operator==(const HostEntry&) const = default;
};

struct NicEntry {
    std::string name; // what an iface-id names
    std::string domain;
    ovsdb::Uuid segment{};
    MacAddr mac;
    std::vector<Ipv4Addr> ip4;
    std::vector<Ipv6Addr> ip6;
    std::map<IpAddr, MacAddr> virtual_addresses; // that it may have, each with the MAC of it
    std::optional<std::string> host, candidate;
    PortSecurity security = PortSecurity::strict;
    std::vector<std::string> policies; // Firewall.policy
    WantedLimits limits;
    bool trusted_relay = false, dhcp_server = false;
    std::string intent;
    bool operator==(const NicEntry&) const = default;
};

// Which port has an address that several may have.
struct VirtualEntry {
    ovsdb::Uuid segment{};
    IpAddr address;
    std::optional<std::string> port; // Logical_Port.name; none: nobody has it
    int64_t number = 0;              // of the claim by which it has it
    bool operator==(const VirtualEntry&) const = default;
};

// A virtual address on the segment of that row.
using SegmentAddress = std::pair<ovsdb::Uuid, IpAddr>;

// That a port of this host has announced it: see AddressClaims.
struct OwnClaim {
    std::string port; // Logical_Port.name
    int64_t number = 0;
    bool operator==(const OwnClaim&) const = default;
};

// A MAC that a trusted port, here or elsewhere, was seen to send from.
struct LearnedEntry {
    ovsdb::Uuid segment{};
    MacAddr mac;
    std::string host;
    std::string port; // Logical_Port.name
    // Of what was learned here: it has not been seen for long, or is not known to have been.
    bool is_doubtful = false;
    bool operator==(const LearnedEntry&) const = default;
};

[[nodiscard]] Result<HostEntry> read_row(const southbound::Host& row);
[[nodiscard]] Result<SegmentSettings> read_row(const southbound::Segment& row);
[[nodiscard]] Result<NicEntry> read_row(const southbound::LogicalPort& row);
[[nodiscard]] Result<VirtualEntry> read_row(const southbound::VirtualAddress& row);
[[nodiscard]] Result<LearnedEntry> read_row(const southbound::LearnedMac& row);

// The MAC of one device.
[[nodiscard]] Result<MacAddr> unicast_mac(const std::string& text);

// The UUID of the row for it, on whichever host: the same MAC can't be inserted twice.
ovsdb::Uuid uuid_of(const LearnedEntry& learned);

// What a row is called where its trouble is reported: "segment org/acme/network/web".
std::string name_of(const southbound::Host& row);
std::string name_of(const southbound::Segment& row);
std::string name_of(const southbound::LogicalPort& row);
std::string name_of(const southbound::VirtualAddress& row);
std::string name_of(const southbound::LearnedMac& row);

} // namespace ringfence::agent
