#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "core/packet/rewrite.h"

namespace ringfence {

namespace {

using Bytes = std::vector<uint8_t>;

// The Internet checksum as RFC 1071 describes it, byte by byte; nothing of core/wire is used.
class PlainSum {
public:
    PlainSum& add(const uint8_t* bytes, size_t length) {
        for (size_t i = 0; i < length; ++i)
            sum_ += static_cast<uint32_t>(i % 2 ? bytes[i] : bytes[i] << 8);
        return *this;
    }
    uint16_t checksum() const {
        uint64_t sum = sum_;
        while (sum >> 16)
            sum = (sum & 0xffff) + (sum >> 16);
        return static_cast<uint16_t>(~sum);
    }

private:
    uint64_t sum_ = 0;
};

void put16(uint8_t* at, uint16_t value) {
    at[0] = static_cast<uint8_t>(value >> 8);
    at[1] = static_cast<uint8_t>(value);
}

// xorshift64*: a generator that is made anew for every packet must be small.
class Bits {
public:
    explicit Bits(uint64_t seed) : state_(seed * 2 + 1) {}
    uint32_t operator()() {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return static_cast<uint32_t>(state_ * 0x2545f4914f6cdd1dull >> 32);
    }

private:
    uint64_t state_;
};

uint32_t random_bits() {
    static Bits bits(4711);
    return bits();
}
uint32_t any(uint32_t below) { return random_bits() % below; }
uint16_t any_port() { return static_cast<uint16_t>(any(0x10000)); }
void any(Ipv4Addr& address) { address.value = random_bits(); }
void any(Ipv6Addr& address) {
    for (uint8_t& byte : address.bytes)
        byte = static_cast<uint8_t>(any(256));
}
void write(uint8_t* at, const Ipv4Addr& address) {
    put16(at, static_cast<uint16_t>(address.value >> 16));
    put16(at + 2, static_cast<uint16_t>(address.value));
}
void write(uint8_t* at, const Ipv6Addr& address) {
    std::copy(address.bytes.begin(), address.bytes.end(), at);
}

// An IP packet, made of its tuple from nothing, checksums and all.
template <class Address> class Sample {
public:
    static constexpr bool v4 = sizeof(Address) == 4;

    // Everything but the tuple is the same for the same seed.
    Sample(const Tuple<Address>& tuple, uint8_t hops, uint32_t seed, bool sums_udp)
        : tuple_(tuple) {
        Bits bits(seed);
        l4_ = v4 ? 20 + 4 * (bits() % 11) : 40;
        bytes.resize(l4_ + 20 + bits() % 60);
        for (uint8_t& byte : bytes)
            byte = static_cast<uint8_t>(bits());
        write_l4(sums_udp);
        write_header(hops);
    }

    uint8_t* l4() { return bytes.data() + l4_; }
    Bytes bytes;

private:
    void write_l4(bool sums_udp) {
        switch (tuple_.protocol) {
        case ip_protocol::tcp:
            write_ports();
            return write_sum(16, true);
        case ip_protocol::udp:
            write_ports();
            write_sum(6, true);
            if (l4()[6] == 0 && l4()[7] == 0)
                put16(l4() + 6, 0xffff);
            if (!sums_udp)
                put16(l4() + 6, 0);
            return;
        case ip_protocol::icmp:
        case ip_protocol::icmp6:
            put16(l4() + 4, tuple_.source_port);
            return write_sum(2, tuple_.protocol == ip_protocol::icmp6);
        }
    }
    void write_ports() {
        put16(l4(), tuple_.source_port);
        put16(l4() + 2, tuple_.destination_port);
    }
    void write_sum(size_t offset, bool pseudo_header) {
        const size_t length = bytes.size() - l4_;
        PlainSum sum;
        if (pseudo_header) {
            uint8_t pseudo[36] = {};
            write(pseudo, tuple_.source);
            write(pseudo + sizeof(Address), tuple_.destination);
            pseudo[33] = tuple_.protocol;
            put16(pseudo + 34, static_cast<uint16_t>(length));
            sum.add(pseudo, sizeof pseudo);
        }
        put16(l4() + offset, 0);
        put16(l4() + offset, sum.add(l4(), length).checksum());
    }
    void write_header(uint8_t hops) {
        uint8_t* ip = bytes.data();
        ip[v4 ? 8 : 7] = hops;
        write(ip + (v4 ? 12 : 8), tuple_.source);
        write(ip + (v4 ? 16 : 24), tuple_.destination);
        if (!v4)
            return;
        ip[0] = static_cast<uint8_t>(0x40 | l4_ / 4);
        ip[9] = tuple_.protocol;
        put16(ip + 10, 0);
        put16(ip + 10, PlainSum().add(ip, l4_).checksum());
    }

    Tuple<Address> tuple_;
    size_t l4_;
};

uint8_t any_protocol(bool v4) {
    const uint8_t protocols[] = {ip_protocol::tcp, ip_protocol::udp,
                                 v4 ? ip_protocol::icmp : ip_protocol::icmp6, 47, 132};
    return protocols[any(5)];
}

bool has_ports(uint8_t protocol) {
    return protocol == ip_protocol::tcp || protocol == ip_protocol::udp;
}

template <class Address> Tuple<Address> any_tuple(uint8_t protocol) {
    Tuple<Address> tuple{};
    any(tuple.source);
    any(tuple.destination);
    tuple.protocol = protocol;
    if (has_ports(protocol)) {
        tuple.source_port = any_port();
        tuple.destination_port = any_port();
    } else if (L4Layout::of(protocol).checksum) {
        tuple.source_port = any_port(); // the identifier
    }
    return tuple;
}

// Now and then the parts of which nothing changes.
template <class Address> Tuple<Address> any_change(const Tuple<Address>& before) {
    auto after = any_tuple<Address>(before.protocol);
    if (any(2))
        after.source = before.source;
    if (any(2))
        after.destination = before.destination;
    if (any(2)) {
        after.source_port = before.source_port;
        after.destination_port = before.destination_port;
    }
    return after;
}

template <class Address> void expect_equal_to_recomputation(int packets) {
    for (int i = 0; i < packets; ++i) {
        auto before = any_tuple<Address>(any_protocol(Sample<Address>::v4));
        auto after = any_change(before);
        auto hops = static_cast<uint8_t>(any(9));
        auto ttl = static_cast<uint8_t>(hops + 1 + any(255u - hops));
        uint32_t seed = random_bits();
        bool sums_udp = any(8) != 0;

        Sample<Address> packet(before, ttl, seed, sums_udp);
        Sample<Address> wanted(after, static_cast<uint8_t>(ttl - hops), seed, sums_udp);
        Rewrite<Address>::make(before, after)
            .apply(hops, packet.bytes.data(), packet.l4(), before.protocol);
        ASSERT_EQ(packet.bytes, wanted.bytes) << "protocol " << unsigned{before.protocol};
    }
}

} // namespace

TEST(Rewrite, EqualsFullRecomputationOfHalfAMillionIpv4Packets) {
    expect_equal_to_recomputation<Ipv4Addr>(500'000);
}

TEST(Rewrite, EqualsFullRecomputationOfHalfAMillionIpv6Packets) {
    expect_equal_to_recomputation<Ipv6Addr>(500'000);
}

TEST(Rewrite, OfALaterFragmentTouchesTheHeaderAlone) {
    auto before = any_tuple<Ipv4Addr>(ip_protocol::udp), after = any_tuple<Ipv4Addr>(17);
    Sample<Ipv4Addr> packet(before, 64, 1, true), wanted(after, 63, 1, true);
    std::copy(packet.bytes.begin() + (packet.l4() - packet.bytes.data()), packet.bytes.end(),
              wanted.bytes.begin() + (packet.l4() - packet.bytes.data()));
    Rewrite4::make(before, after).apply(1, packet.bytes.data(), nullptr, ip_protocol::udp);
    EXPECT_EQ(packet.bytes, wanted.bytes);
}

// RFC 768: 0 says that there is none, so a sum of 0 is sent as its other form.
TEST(Rewrite, WritesAUdpChecksumOfZeroAsAllOnes) {
    for (uint32_t seed = 0;; ++seed) {
        auto before = any_tuple<Ipv4Addr>(ip_protocol::udp), after = any_change(before);
        Sample<Ipv4Addr> packet(before, 64, seed, true), wanted(after, 63, seed, true);
        if (wanted.l4()[6] != 0xff || wanted.l4()[7] != 0xff)
            continue; // one in 65,536 comes to that
        Rewrite4::make(before, after).apply(1, packet.bytes.data(), packet.l4(), before.protocol);
        EXPECT_EQ(packet.bytes, wanted.bytes);
        return;
    }
}

} // namespace ringfence
