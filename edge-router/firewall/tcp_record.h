// What a stateful firewall remembers of one TCP connection, and its one decision: does this segment
// belong to it? The windows are Guido van Rooij's ("Real Stateful TCP Packet Filtering in IP
// Filter", 2000), resets follow RFC 5961. The record knows no entry, clock or address; whoever
// keeps it says which end sent the segment.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "edge-router/firewall/tcp_segment.h"

namespace ringfence {

enum class TcpEnd : uint8_t { initiator, responder };

constexpr TcpEnd other(TcpEnd end) {
    return end == TcpEnd::initiator ? TcpEnd::responder : TcpEnd::initiator;
}

// netfilter's names, because people know them and time-outs are set by them.
enum class TcpState : uint8_t {
    none,         // nothing seen
    syn_sent,     // the initiator's SYN
    syn_crossed,  // a SYN from both, none acknowledged (simultaneous open: RFC 9293, 3.5)
    syn_received, // a SYN from both, one of them acknowledged
    established,  // both acknowledged
    fin_wait,     // one end has sent its FIN
    close_wait,   // and the other has acknowledged it
    last_ack,     // both have sent a FIN
    time_wait,    // both FINs are acknowledged
    closed,       // reset
};
inline constexpr size_t tcp_state_count = 10;

std::string_view to_string(TcpState state);

struct TcpOptions {
    bool loose = false;   // a connection may be picked up in its middle, windows unknown
    bool liberal = false; // segments out of window go through, and change nothing
};

class TcpRecord {
public:
    enum class Outcome : uint8_t {
        pass,    // belongs to the connection, which it moves on and keeps alive
        ignore,  // goes through for the receiver to judge, and changes nothing here
        fresh,   // a SYN that begins another connection between the same ports: forget this one
        invalid, // no TCP sends that, or not in this state
        window,  // sequence or acknowledgement outside of the windows
    };

    // The decision. The first segment of all is the initiator's by definition: a SYN, or with
    // options.loose anything that carries an acknowledgement.
    Outcome track(TcpEnd from, const TcpSegment& segment, TcpOptions options) {
        // Nearly all segments: data or acknowledgements of an established connection.
        constexpr uint8_t decisive = tcp_flag::syn | tcp_flag::fin | tcp_flag::rst | tcp_flag::ack;
        if (state_ == TcpState::established && (segment.flags & decisive) == tcp_flag::ack &&
            in_windows(from, segment)) [[likely]] {
            move_on(from, segment);
            return Outcome::pass;
        }
        return track_unusual(from, segment, options);
    }

    // Before the first segment: as with options.loose, for this connection alone, and the first may
    // be the responder's. It is established when the initiator has been seen, too.
    void let_begin_midway() { windows_ = Windows::midway; }

    TcpState state() const { return state_; }
    // Both ends have answered each other, which no flood of SYNs brings about.
    bool is_established() const { return state_ >= TcpState::established; }
    // Both ends have finished, or one has reset.
    bool is_closing() const { return state_ >= TcpState::last_ack; }
    // Some end has sent what the other has not acknowledged (time-out `unacknowledged`).
    bool has_unacknowledged() const;

    // A reset that this end takes (RFC 5961, 3.2) has the next sequence number that it expects, and
    // acknowledges what it has sent.
    uint32_t expected_by(TcpEnd end) const { return acknowledged_[index(end)]; }
    uint32_t sent_by(TcpEnd end) const { return end_[index(end)]; }

private:
    // What either end has done: these bits for the initiator, shifted by one for the responder.
    enum Fact : uint8_t { sent_syn = 1, acked_syn = 4, sent_fin = 16, acked_fin = 64 };
    // The end's SYN had no scale, shifted likewise; the connection was picked up in its middle.
    // Midway: it may be, nothing was seen yet.
    enum Windows : uint8_t { unscaled = 1, unknown = 4, midway = 16 };

    Outcome track_unusual(TcpEnd from, const TcpSegment& segment, TcpOptions options);
    Outcome begin(TcpEnd from, const TcpSegment& segment, TcpOptions options);
    Outcome track_syn(TcpEnd from, const TcpSegment& syn);
    Outcome track_syn_of_unknown(TcpEnd from, const TcpSegment& syn) const;
    Outcome track_handshake(TcpEnd from, const TcpSegment& syn);
    Outcome answer_syn(TcpEnd from, const TcpSegment& syn);
    Outcome track_reset(TcpEnd from, const TcpSegment& reset, TcpOptions options);
    Outcome reset_unanswered(TcpEnd from, const TcpSegment& reset);
    Outcome track_unanswered(TcpEnd from, const TcpSegment& segment) const;
    Outcome track_windows(TcpEnd from, const TcpSegment& segment, TcpOptions options);
    bool in_windows(TcpEnd from, const TcpSegment& segment) const;
    void move_on(TcpEnd from, const TcpSegment& segment);
    void learn_facts(TcpEnd from, const TcpSegment& segment);
    void settle_scales();
    TcpState state_from_facts() const;
    Outcome close();

    void start_end(TcpEnd end, const TcpSegment& syn);
    bool acknowledges_syn_of(TcpEnd end, const TcpSegment& segment) const;
    void raise_window(TcpEnd end, uint32_t bytes);

    // Windows are kept in 16 bits, in units of their end's own scale, rounded up.
    unsigned scale(TcpEnd end) const { return scales_ >> 4 * index(end) & 15; }
    uint32_t window(TcpEnd end) const { return uint32_t{window_[index(end)]} << scale(end); }

    static bool before(uint32_t a, uint32_t b) { return static_cast<int32_t>(a - b) < 0; }
    static bool after(uint32_t a, uint32_t b) { return before(b, a); }
    static uint32_t later(uint32_t a, uint32_t b) { return after(a, b) ? a : b; }
    static constexpr unsigned index(TcpEnd end) { return static_cast<unsigned>(end); }
    bool is(Fact fact, TcpEnd end) const { return facts_ >> index(end) & fact; }
    bool both(Fact fact) const { return (facts_ & fact * 3) == fact * 3; }
    void set(Fact fact, TcpEnd end) { facts_ = static_cast<uint8_t>(facts_ | fact << index(end)); }

    // By end; all but window_ are sequence numbers.
    std::array<uint32_t, 2> end_{};          // behind the last byte that it has sent
    std::array<uint32_t, 2> max_end_{};      // behind the last byte that the other has room for
    std::array<uint32_t, 2> acknowledged_{}; // the next byte that it expects; before it has
                                             // acknowledged anything, the other's first one
    std::array<uint16_t, 2> window_{};       // the largest that it gave
    uint8_t scales_ = 0;                     // four bits an end
    uint8_t facts_ = 0;
    TcpState state_ = TcpState::none;
    uint8_t windows_ = 0; // of Windows
};
static_assert(sizeof(TcpRecord) == 32);

inline bool TcpRecord::in_windows(TcpEnd from, const TcpSegment& segment) const {
    // The least age that an acknowledgement may have (bound IV): an unscaled window, and a segment.
    constexpr uint32_t least_ack_window = 66'000;
    unsigned mine = index(from), theirs = index(other(from));
    uint32_t ack = segment.acknowledgement, own_window = window(from);
    if (own_window < least_ack_window)
        own_window = least_ack_window;
    return !after(segment.end(), max_end_[mine]) &&
           !before(segment.sequence, end_[mine] - window(other(from))) &&
           !after(ack, end_[theirs]) && !before(ack, end_[theirs] - own_window);
}

inline void TcpRecord::move_on(TcpEnd from, const TcpSegment& segment) {
    unsigned mine = index(from), theirs = index(other(from));
    uint32_t room = uint32_t{segment.window} << scale(from);
    if (window_[mine] < segment.window)
        window_[mine] = segment.window;
    end_[mine] = later(end_[mine], segment.end());
    acknowledged_[mine] = later(acknowledged_[mine], segment.acknowledgement);
    // A closed window is probed with one byte (RFC 9293, 3.8.6.1).
    max_end_[theirs] = later(max_end_[theirs], segment.acknowledgement + (room ? room : 1));
}

} // namespace ringfence
