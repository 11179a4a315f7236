// What connection tracking reads of one TCP segment. For whoever tracks: tcp_record.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/wire/l4.h"

namespace ringfence {

struct TcpSegment {
    static constexpr uint8_t all_flags = 0x3f; // ECN's and the reserved ones are left out
    static constexpr uint8_t no_scale = 0xff;

    uint32_t sequence = 0;
    uint32_t acknowledgement = 0; // means something only with tcp_flag::ack
    uint32_t length = 0;          // of the data, bytes
    uint16_t window = 0;          // as it stands in the header: unscaled
    uint8_t flags = 0;            // of tcp_flag
    uint8_t scale = no_scale;     // of a SYN: the window scale option, at most 14 (RFC 7323, 2.3)

    // Reads the header at `bytes`, of which `linear` lie there; the packet has `length` bytes from
    // there on. nullopt where the header is not whole or contradicts itself: its length under 20
    // bytes, or past the packet's end. Options are read of SYNs only.
    static std::optional<TcpSegment> read(uint8_t* bytes, size_t linear, size_t length) {
        const auto* header = Cursor(bytes, linear).peek<TcpHeader>();
        if (!header || header->header_length() < sizeof(TcpHeader) ||
            header->header_length() > length) [[unlikely]]
            return std::nullopt;
        TcpSegment segment;
        segment.sequence = header->sequence();
        segment.acknowledgement = header->acknowledgement();
        segment.length = static_cast<uint32_t>(length - header->header_length());
        segment.window = header->window();
        segment.flags = header->flags() & all_flags;
        if (segment.has(tcp_flag::syn)) [[unlikely]]
            segment.scale = scale_in(bytes, linear, header->header_length());
        return segment;
    }

    constexpr bool has(uint8_t flag) const { return flags & flag; }
    // What the segment takes of the sequence space: SYN and FIN count as one each.
    constexpr uint32_t space() const { return length + has(tcp_flag::syn) + has(tcp_flag::fin); }
    constexpr uint32_t end() const { return sequence + space(); }
    // Flags that some TCP sends together: SYN, SYN+ACK, RST, RST+ACK, FIN+ACK or ACK, with or
    // without PSH and URG. All else is a probe or a fault (null, Xmas, SYN+FIN, SYN+RST, FIN
    // without ACK).
    static bool is_sane(uint8_t flags);
    bool is_sane() const { return is_sane(flags); }

private:
    static uint8_t scale_in(uint8_t* header, size_t linear, size_t header_length);
};

} // namespace ringfence
