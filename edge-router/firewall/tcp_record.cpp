// Four bounds hold for every segment of a connection whose both ends are known (van Rooij's, with
// his names in brackets). A sends data and acknowledges B's:
//
//     I    A's last byte fits the room that B has announced     end <= max_end[A]         (upper
//     data) II   A's first byte is no older than B's largest window   seq >= end[A] - window[B]
//     (lower data) III  A acknowledges nothing that B has not sent           ack <= end[B] (upper
//     ack) IV   A's acknowledgement is no older than its window      ack >= end[B] - max(window[A],
//     66000)
//
// Worked example: a client's SYN has sequence 1000 and a window of 8192, scale 7; the server's
// SYN+ACK 5000, a window of 65535, scale 7. Then end = {1001, 5001}, max_end = {1001 + 65535,
// 5001 + 8192}, and what the client acknowledges must be 5001. Its request of 100 bytes with a
// header's window of 64 moves its end to 1101 and announces 64 << 7 bytes: the server may send up
// to 5001 + 8192, and so on. The window of a SYN is never scaled.
#include "edge-router/firewall/tcp_record.h"

#include <algorithm>

namespace ringfence {

std::string_view to_string(TcpState state) {
    static constexpr std::string_view names[tcp_state_count] = {
        "none",     "syn_sent",   "syn_crossed", "syn_received", "established",
        "fin_wait", "close_wait", "last_ack",    "time_wait",    "closed"};
    return names[static_cast<size_t>(state)];
}

TcpRecord::Outcome TcpRecord::track_unusual(TcpEnd from, const TcpSegment& segment,
                                            TcpOptions options) {
    if (!segment.is_sane())
        return Outcome::invalid;
    if (state_ == TcpState::none)
        return begin(from, segment, options);
    if (segment.has(tcp_flag::syn))
        return track_syn(from, segment);
    if (segment.has(tcp_flag::rst))
        return track_reset(from, segment, options);
    if (state_ == TcpState::syn_sent)
        return track_unanswered(from, segment);
    if (state_ == TcpState::closed)
        return Outcome::ignore; // on its way when the reset passed
    return track_windows(from, segment, options);
}

TcpRecord::Outcome TcpRecord::begin(TcpEnd from, const TcpSegment& segment, TcpOptions options) {
    if (segment.has(tcp_flag::syn) && !segment.has(tcp_flag::ack)) {
        if (from != TcpEnd::initiator)
            return Outcome::invalid;
        start_end(from, segment);
        state_ = TcpState::syn_sent;
        return Outcome::pass;
    }
    bool may = options.loose || windows_ & Windows::midway;
    if (!may || segment.has(tcp_flag::syn) || segment.has(tcp_flag::rst))
        return Outcome::invalid;
    windows_ = Windows::unknown;
    facts_ = sent_syn * 3;
    end_[index(other(from))] = segment.acknowledgement;
    end_[index(from)] = max_end_[index(from)] = segment.sequence;
    max_end_[index(other(from))] = acknowledged_[index(from)] = segment.acknowledgement;
    acknowledged_[index(other(from))] = segment.sequence;
    set(acked_syn, from);
    if (from == TcpEnd::initiator)
        set(acked_syn, other(from));
    else // the responder alone shows nothing: whatever the initiator acknowledges is its first
        --acknowledged_[index(other(from))];
    return track_windows(from, segment, options);
}

// --- SYN, SYN+ACK

TcpRecord::Outcome TcpRecord::track_syn(TcpEnd from, const TcpSegment& syn) {
    if (windows_ & Windows::unknown && !is_closing())
        return track_syn_of_unknown(from, syn);
    if (!is_established())
        return track_handshake(from, syn);
    if (!is_closing())
        return Outcome::ignore; // its receiver challenges it (RFC 5961, 4.2)
    if (syn.has(tcp_flag::ack))
        return Outcome::invalid;
    // RFC 9293, 3.6.1: out of TIME-WAIT only by a sequence number that is new.
    bool is_new = state_ == TcpState::closed || after(syn.sequence, end_[index(from)]);
    return is_new ? Outcome::fresh : Outcome::ignore;
}

// Picked up in its middle, and perhaps nothing that its receiver knows: no challenge is certain. So
// no handshake may go through that the initiator has not begun.
TcpRecord::Outcome TcpRecord::track_syn_of_unknown(TcpEnd from, const TcpSegment& syn) const {
    const bool is_initiators = syn.has(tcp_flag::ack) == (from == TcpEnd::responder);
    return is_initiators ? Outcome::ignore : Outcome::invalid;
}

TcpRecord::Outcome TcpRecord::track_handshake(TcpEnd from, const TcpSegment& syn) {
    if (syn.has(tcp_flag::ack))
        return answer_syn(from, syn);
    if (is(acked_syn, other(from)))
        return Outcome::ignore; // sent again, because the answer has not come
    // The first of this end (the other's has crossed it: simultaneous open, or a handshake in four
    // parts), or once more, perhaps with another sequence number, from an end that has forgotten.
    start_end(from, syn);
    state_ = state_from_facts();
    return Outcome::pass;
}

TcpRecord::Outcome TcpRecord::answer_syn(TcpEnd from, const TcpSegment& syn) {
    if (!is(sent_syn, other(from)))
        return Outcome::invalid;
    if (is(acked_syn, from))
        return Outcome::ignore; // sent again
    // Of an older connection, by an end that has not forgotten it: who gets it resets (RFC 9293,
    // 3.5.1, figure 9), and that reset must be let out as well.
    if (!acknowledges_syn_of(other(from), syn))
        return Outcome::ignore;
    if (!is(sent_syn, from))
        start_end(from, syn);
    settle_scales();
    acknowledged_[index(from)] = syn.acknowledgement;
    set(acked_syn, from);
    state_ = state_from_facts();
    return Outcome::pass;
}

void TcpRecord::start_end(TcpEnd end, const TcpSegment& syn) {
    unsigned mine = index(end), theirs = index(other(end));
    set(sent_syn, end);
    bool has_scale = syn.scale != TcpSegment::no_scale;
    windows_ = static_cast<uint8_t>((windows_ & ~(Windows::unscaled << mine)) |
                                    (has_scale ? 0 : Windows::unscaled << mine));
    scales_ = static_cast<uint8_t>((scales_ & 0xf0 >> 4 * mine) |
                                   (has_scale ? syn.scale << 4 * mine : 0));
    window_[mine] = 0;
    raise_window(end, syn.window ? syn.window : 1);
    end_[mine] = max_end_[mine] = syn.end(); // its data (RFC 7413) nobody has made room for
    acknowledged_[theirs] = syn.sequence;
    if (is(sent_syn, other(end))) {
        max_end_[mine] = end_[mine] + window(other(end));
        max_end_[theirs] = later(max_end_[theirs], end_[theirs] + window(end));
    }
}

// RFC 7323, 2.2: both ends scale, or none does. Done once, when a SYN is answered.
void TcpRecord::settle_scales() {
    if (!(windows_ & Windows::unscaled * 3))
        return;
    for (TcpEnd end : {TcpEnd::initiator, TcpEnd::responder})
        window_[index(end)] = static_cast<uint16_t>(std::min(window(end), 0xffffu));
    scales_ = 0;
}

// Of an end whose SYN nobody has acknowledged.
bool TcpRecord::acknowledges_syn_of(TcpEnd end, const TcpSegment& segment) const {
    return segment.has(tcp_flag::ack) &&
           after(segment.acknowledgement, acknowledged_[index(other(end))]) &&
           !after(segment.acknowledgement, end_[index(end)]);
}

// --- RST

TcpRecord::Outcome TcpRecord::track_reset(TcpEnd from, const TcpSegment& reset,
                                          TcpOptions options) {
    if (state_ == TcpState::closed)
        return Outcome::ignore;
    if (state_ == TcpState::syn_sent)
        return reset_unanswered(from, reset);
    // RFC 5961, 3.2: only the very next byte that the receiver expects ends the connection. That is
    // what it last acknowledged, or behind all that was sent to it.
    uint32_t expected = acknowledged_[index(other(from))];
    if (reset.sequence == expected || reset.sequence == end_[index(from)])
        return close();
    if (!before(reset.sequence, expected) && !after(reset.sequence, max_end_[index(from)]))
        return is(sent_fin, from) || is(sent_fin, other(from)) ? close() : Outcome::ignore;
    return options.liberal ? Outcome::ignore : Outcome::window;
}

TcpRecord::Outcome TcpRecord::reset_unanswered(TcpEnd from, const TcpSegment& reset) {
    if (from == TcpEnd::responder) // refused: RFC 9293, 3.10.7.3
        return acknowledges_syn_of(TcpEnd::initiator, reset) ? close() : Outcome::window;
    // The initiator gives up, or resets an older connection that its SYN has found (figure 9).
    uint32_t first = acknowledged_[index(TcpEnd::responder)], last = end_[index(from)];
    bool own = !before(reset.sequence, first) && !after(reset.sequence, last);
    return own ? close() : Outcome::ignore;
}

TcpRecord::Outcome TcpRecord::close() {
    state_ = TcpState::closed;
    return Outcome::pass;
}

// --- ACK, FIN, data

// The responder has answered with something else than a SYN: an ACK of an older connection, which
// the initiator resets, or the first part of a handshake in four.
TcpRecord::Outcome TcpRecord::track_unanswered(TcpEnd from, const TcpSegment& segment) const {
    bool bare = from == TcpEnd::responder && segment.space() == 0;
    return bare ? Outcome::ignore : Outcome::invalid;
}

TcpRecord::Outcome TcpRecord::track_windows(TcpEnd from, const TcpSegment& segment,
                                            TcpOptions options) {
    if (state_ == TcpState::syn_crossed)
        settle_scales();
    if (!(windows_ & Windows::unknown) && !in_windows(from, segment))
        return options.liberal ? Outcome::ignore : Outcome::window;
    if (after(segment.acknowledgement, acknowledged_[index(from)]))
        set(acked_syn, from); // the SYN is the first thing that there is to acknowledge
    move_on(from, segment);
    learn_facts(from, segment);
    return Outcome::pass;
}

void TcpRecord::learn_facts(TcpEnd from, const TcpSegment& segment) {
    if (segment.has(tcp_flag::fin))
        set(sent_fin, from);
    if (is(sent_fin, other(from)) && acknowledged_[index(from)] == end_[index(other(from))])
        set(acked_fin, from);
    state_ = state_from_facts();
}

TcpState TcpRecord::state_from_facts() const {
    if (!both(sent_syn))
        return TcpState::syn_sent;
    if (!both(acked_syn))
        return facts_ & acked_syn * 3 ? TcpState::syn_received : TcpState::syn_crossed;
    if (both(sent_fin))
        return both(acked_fin) ? TcpState::time_wait : TcpState::last_ack;
    if (facts_ & sent_fin * 3)
        return facts_ & acked_fin * 3 ? TcpState::close_wait : TcpState::fin_wait;
    return TcpState::established;
}

bool TcpRecord::has_unacknowledged() const {
    return end_[0] != acknowledged_[1] || end_[1] != acknowledged_[0];
}

void TcpRecord::raise_window(TcpEnd end, uint32_t bytes) {
    uint32_t units = (bytes + (1u << scale(end)) - 1) >> scale(end);
    uint16_t& known = window_[index(end)];
    known = std::max(known, static_cast<uint16_t>(std::min(units, 0xffffu)));
}

} // namespace ringfence
