// What a packet is looked up by: where it was seen, and its tuple as it was there.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "core/packet/tuple.h"
#include "core/tables/hash.h"
#include "core/types/ids.h"

namespace ringfence {

// Where a tuple means something: what a local port sends, or what arrives in a segment. Two
// tenants' equal tuples differ in it.
class Place {
public:
    enum class Kind : uint8_t { nowhere, port, segment };
    static constexpr uint32_t max_id = (1u << 22) - 1;

    constexpr Place() = default; // nowhere; no connection can be opened there
    static constexpr Place sent_by(PortId port) { return Place(Kind::port, port.value()); }
    static constexpr Place arriving_in(SegmentId segment) {
        return Place(Kind::segment, segment.value());
    }

    constexpr Kind kind() const { return static_cast<Kind>(bits_ >> 22); }
    constexpr PortId port() const { return PortId(bits_ & max_id); }          // Kind::port
    constexpr SegmentId segment() const { return SegmentId(bits_ & max_id); } // Kind::segment
    constexpr bool operator==(const Place&) const = default;

private:
    template <class Address> friend class ConnectionKey;
    static constexpr Place from_bits(uint32_t bits) {
        Place place;
        place.bits_ = bits;
        return place;
    }
    // An id that the key has no room for (the agent gives out none) is nowhere, not another's.
    constexpr Place(Kind kind, uint32_t id)
        : bits_(id > max_id ? 0 : static_cast<uint32_t>(kind) << 22 | id) {}
    uint32_t bits_ = 0; // 24 of them
};

// The random numbers of one start: without them nobody can choose tuples that collide.
struct HashSeed {
    std::array<uint64_t, 6> words{};

    static HashSeed random();
};

// Place and tuple in 16 bytes (IPv4) or 40 (IPv6), compared and hashed as words.
template <class Address> class ConnectionKey {
public:
    constexpr ConnectionKey() = default;
    ConnectionKey(Place place, const Tuple<Address>& tuple)
        : addresses_(words(tuple)),
          rest_(uint64_t{tuple.source_port} << 48 | uint64_t{tuple.destination_port} << 32 |
                uint64_t{place.bits_} << 8 | tuple.protocol) {}

    Place place() const { return Place::from_bits(static_cast<uint32_t>(rest_) >> 8); }
    uint8_t protocol() const { return static_cast<uint8_t>(rest_); }
    Tuple<Address> tuple() const;
    bool operator==(const ConnectionKey&) const = default;

    // Multiplications folded under secret words (wyhash's construction). A CRC would not do: two
    // keys that collide under one seed do so under all.
    uint64_t hash(const HashSeed& seed) const {
        uint64_t sum = rest_;
        if constexpr (word_count == 1) {
            sum = folded(addresses_[0] ^ seed.words[0], rest_ ^ seed.words[1]);
        } else {
            sum = folded(addresses_[0] ^ seed.words[0], addresses_[1] ^ seed.words[1]) ^
                  folded(addresses_[2] ^ seed.words[2], addresses_[3] ^ seed.words[3]);
            sum = folded(sum ^ seed.words[4], rest_ ^ seed.words[5]);
        }
        return folded(sum, seed.words[2] | 1);
    }

private:
    static constexpr size_t word_count = sizeof(Address) == 4 ? 1 : 4;
    using Words = std::array<uint64_t, word_count>;

    static constexpr uint64_t folded(uint64_t a, uint64_t b) {
        Uint128 product = static_cast<Uint128>(a) * b;
        return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
    }
    static Words words(const Tuple<Address>& tuple) {
        if constexpr (word_count == 1) {
            return {uint64_t{tuple.source.value} << 32 | tuple.destination.value};
        } else {
            Words words;
            std::memcpy(words.data(), tuple.source.bytes.data(), 16);
            std::memcpy(words.data() + 2, tuple.destination.bytes.data(), 16);
            return words;
        }
    }

    Words addresses_{};
    uint64_t rest_ = 0; // ports (16, 16), place (24), protocol (8)
};
static_assert(sizeof(ConnectionKey<Ipv4Addr>) == 16 && sizeof(ConnectionKey<Ipv6Addr>) == 40);

template <class Address> Tuple<Address> ConnectionKey<Address>::tuple() const {
    Tuple<Address> tuple;
    if constexpr (word_count == 1) {
        tuple.source.value = static_cast<uint32_t>(addresses_[0] >> 32);
        tuple.destination.value = static_cast<uint32_t>(addresses_[0]);
    } else {
        std::memcpy(tuple.source.bytes.data(), addresses_.data(), 16);
        std::memcpy(tuple.destination.bytes.data(), addresses_.data() + 2, 16);
    }
    tuple.source_port = static_cast<uint16_t>(rest_ >> 48);
    tuple.destination_port = static_cast<uint16_t>(rest_ >> 32);
    tuple.protocol = protocol();
    return tuple;
}

} // namespace ringfence
