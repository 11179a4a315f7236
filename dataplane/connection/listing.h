// Connections as values, for those who ask (`ringfence/connections`): taken on the worker's thread,
// a page at a time, so that a million of them hold up no packet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/connection/connections.h"

namespace ringfence {

struct ListedConnection {
    struct Direction {
        uint32_t packets = 0; // modulo 2^32
        uint64_t bytes = 0;
    };
    PortId port{0};
    Side initiator = Side::from_port;
    // As the port sends it, and as what it receives arrives, where that has been decided.
    IpAddr source, destination;
    uint16_t source_port = 0, destination_port = 0;
    uint8_t protocol = 0;
    struct Arrival {
        Place place;
        IpAddr source, destination;
        uint16_t source_port = 0, destination_port = 0;
    };
    std::optional<Arrival> arrival;
    Phase phase = Phase::other;
    bool translated = false;
    bool stale = false;
    uint32_t silence = 0, timeout = 0; // ms
    Direction sent, received;          // by the port
};

struct ConnectionCounts {
    uint32_t size4 = 0, size6 = 0, capacity4 = 0, capacity6 = 0, ways = 0;
    std::array<uint32_t, phase_count> phases{}; // by Phase, both families
};

ConnectionCounts counts_of(Connections& connections);

// Where a listing is. Entries that come and go meanwhile may be in it or not; none is twice.
class Listing {
public:
    explicit Listing(std::optional<PortId> only = std::nullopt) : only_(only) {}

    // Looks at up to n more entries, IPv4's first, and adds them to the list; false at the end.
    bool next(Connections& connections, uint32_t n, std::vector<ListedConnection>& list);

private:
    template <class Address>
    uint32_t look_at(ConnectionTable<Address>& table, uint32_t n,
                     std::vector<ListedConnection>& list);

    std::optional<PortId> only_;
    std::array<uint32_t, 2> next_ = {1, 1}; // entry, by family
};

} // namespace ringfence
