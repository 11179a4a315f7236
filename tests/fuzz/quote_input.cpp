#include <algorithm>
#include <memory>
#include <span>
#include <utility>

#include "core/wire/ip.h"
#include "edge-router/icmp/quote.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/one_input.h"
#include "tests/packet/checksums.h"

namespace ringfence::fuzz {

namespace {

template <class Address> size_t message_at(std::span<const uint8_t> packet) {
    return std::is_same_v<Address, Ipv6Addr> ? sizeof(Ipv6Header) : size_t{4} * (packet[0] & 0xf);
}

template <class Address> bool read(std::span<const uint8_t> packet, Quote<Address>& quote) {
    return find_quote<Address>(packet, message_at<Address>(packet), quote) == Verdict::next;
}

// The tuple turned around, but for what an ICMP message asks: a rewrite leaves its type as it is.
template <class Address> Tuple<Address> turned(const Tuple<Address>& tuple) {
    Tuple<Address> other = tuple.reversed();
    if (!has_ports(tuple.protocol))
        std::swap(other.source_port, other.destination_port);
    return other;
}

template <class Address> void rewrite(std::span<uint8_t> packet) {
    Quote<Address> quote, again;
    if (!read<Address>(packet, quote))
        return;
    auto before = test::wrong_checksums(packet.data(), packet.size());
    QuoteRewrite<Address> to{turned(quote.tuple), quote.tuple.destination, quote.tuple.destination};
    rewrite_quote<Address>(packet, quote, to);
    check(read<Address>(packet, again), "a rewritten quote is not read");
    check(again.tuple == to.quoted, "a rewritten quote is another one");
    check(test::wrong_checksums(packet.data(), packet.size()) == before, "a checksum was spoiled");
}

// Makes the checksums of a message and of the IPv4 header that it quotes right: mutations seldom
// leave them so, and behind them there is more to find.
template <class Address> void repair(std::span<uint8_t> packet) {
    size_t message = message_at<Address>(packet), quoted = message + 8;
    if (packet.size() < quoted + sizeof(Ipv4Header))
        return;
    auto put = [&](size_t at, const test::InternetSum& sum) {
        packet[at] = static_cast<uint8_t>(sum.checksum() >> 8);
        packet[at + 1] = static_cast<uint8_t>(sum.checksum());
    };
    auto clear = [&](size_t at) { packet[at] = packet[at + 1] = 0; };
    size_t header = std::min<size_t>(size_t{4} * (packet[quoted] & 0xf), packet.size() - quoted);
    if (packet[quoted] >> 4 == 4 && header >= sizeof(Ipv4Header)) {
        clear(quoted + 10);
        put(quoted + 10, test::InternetSum().add(&packet[quoted], header));
    }
    test::InternetSum sum;
    size_t length = packet.size() - message;
    if (std::is_same_v<Address, Ipv6Addr>) {
        const uint8_t rest[] = {0, 58, static_cast<uint8_t>(length >> 8),
                                static_cast<uint8_t>(length)};
        sum.add(&packet[8], 32).add(rest, sizeof rest);
    }
    clear(message + 2);
    put(message + 2, sum.add(&packet[message], length));
}

template <class Address> void run(std::span<uint8_t> packet) {
    rewrite<Address>(packet);
    repair<Address>(packet);
    rewrite<Address>(packet);
}

} // namespace

void quote(const uint8_t* data, size_t size) {
    std::unique_ptr<uint8_t[]> exact(new uint8_t[size]); // ends where the packet does
    std::copy_n(data, size, exact.get());
    std::span<uint8_t> packet(exact.get(), size);
    if (size == 0)
        return;
    if (packet[0] >> 4 == 6)
        return run<Ipv6Addr>(packet);
    if (packet[0] >> 4 == 4 && (packet[0] & 0xf) >= 5) // as parse has found
        run<Ipv4Addr>(packet);
}

} // namespace ringfence::fuzz
