// What tests of connections have in common: small tables, tuples by number, ways by name.
#pragma once

#include <memory>

#include <gtest/gtest.h>

#include "core/wire/ip.h"
#include "dataplane/connection/connections.h"

namespace ringfence::testing {

template <class Address> Address address_of(uint32_t number);
template <> inline Ipv4Addr address_of<Ipv4Addr>(uint32_t number) { return {number}; }
template <> inline Ipv6Addr address_of<Ipv6Addr>(uint32_t number) {
    Ipv6Addr address;
    address.bytes[0] = 0xfd;
    for (size_t i = 0; i < 4; ++i)
        address.bytes[12 + i] = static_cast<uint8_t>(number >> (24 - 8 * i));
    return address;
}

// The n-th connection that a VM makes; every n gives another one.
template <class Address> Tuple<Address> tuple_of(uint32_t n, uint8_t protocol = ip_protocol::udp) {
    return {address_of<Address>(0x0a000005), address_of<Address>(0x0a800000 + n / 50'000),
            static_cast<uint16_t>(10'000 + n % 50'000), 443, protocol};
}

inline Way way_of(uint16_t peer = 1) {
    Way way;
    way.set_arrival(MacAddr::from_u64(0x020000000001), MacAddr::from_u64(0x020000000002));
    way.set_departure(MacAddr::from_u64(0x020000000003), MacAddr::from_u64(0x020000000004));
    way.sender = {Sender::Kind::vtep, peer};
    way.mtu = 1450;
    return way;
}

inline std::unique_ptr<Connections> make(const ConnectionSettings& settings) {
    auto made = Connections::create("", settings);
    EXPECT_TRUE(made) << made.error().text;
    return std::move(*made);
}

inline ConnectionSettings small(uint32_t capacity = 1'000) {
    ConnectionSettings settings;
    settings.capacity4 = settings.capacity6 = settings.quota = settings.half_open_quota = capacity;
    settings.ways = 2 * capacity;
    return settings;
}

// One family's side of a worker, and what the slow path would do.
template <class Address> struct Bench {
    explicit Bench(const ConnectionSettings& settings = small())
        : connections(make(settings)), table(connections->table<Address>()) {}

    static constexpr PortId port{3};
    static constexpr SegmentId segment{7};
    using Key = ConnectionKey<Address>;
    using Table = ConnectionTable<Address>;

    static Key arrival(const Tuple<Address>& outbound, SegmentId in = segment) {
        return Key(Place::arriving_in(in), outbound.reversed());
    }
    // Opened by the port, both directions written.
    EntryId open(const Tuple<Address>& outbound, PortId by = port) {
        auto entry = table.open(by, outbound, Side::from_port);
        EXPECT_TRUE(entry);
        write_both(*entry, outbound, by);
        return *entry;
    }
    void write_both(EntryId entry, const Tuple<Address>& outbound, PortId by = port) {
        EXPECT_TRUE(table.write(entry, Side::from_port,
                                {Key(Place::sent_by(by), outbound), outbound, way_of(1)}));
        EXPECT_TRUE(
            table.write(entry, Side::to_port, {arrival(outbound), outbound.reversed(), way_of(2)}));
    }
    void at(uint32_t ms) { connections->set_now({ms}); }
    // As many steps as visit every entry once.
    unsigned sweep() {
        unsigned stale = 0;
        table.sweep(table.end().value(), [&](EntryId) { ++stale; });
        return stale;
    }

    std::unique_ptr<Connections> connections;
    Table& table;
};

} // namespace ringfence::testing
