// How long silent connections are kept, by what they are: netfilter's defaults where they are only
// filtered, the RFCs' where they are translated.
#include "tests/unit/connection/fixture.h"

namespace ringfence {

namespace {

using Bench = testing::Bench<Ipv4Addr>;
using testing::small;
using testing::tuple_of;
using testing::way_of;

constexpr PortId port{3};

// A connection of that protocol, translated or not, and what happens to it.
struct Subject {
    explicit Subject(uint8_t protocol, bool translated,
                     const ConnectionSettings& settings = small())
        : bench(settings), entry(*bench.table.open(port, outbound(protocol), Side::from_port)) {
        Tuple4 outside = outbound(protocol);
        if (translated)
            outside.source = {0xc0000201};
        EXPECT_TRUE(
            bench.table.write(entry, Side::from_port,
                              {{Place::sent_by(port), outbound(protocol)}, outside, way_of()}));
        EXPECT_TRUE(
            bench.table.write(entry, Side::to_port,
                              {bench.arrival(outside), outbound(protocol).reversed(), way_of()}));
    }
    static Tuple4 outbound(uint8_t protocol) { return tuple_of<Ipv4Addr>(1, protocol); }

    Subject& sends() { return packet(Side::from_port); }
    Subject& receives() { return packet(Side::to_port); }
    Subject& packet(Side side) {
        bench.table.count(bench.table.half(entry, side), 64);
        return *this;
    }
    // From the VM (Side::from_port), with its flags; what passes.
    Subject& tcp(Side side, uint8_t flags, uint32_t sequence, uint32_t acknowledgement) {
        TcpSegment segment;
        segment.flags = flags;
        segment.sequence = sequence;
        segment.acknowledgement = acknowledgement;
        segment.window = 1'000;
        EXPECT_EQ(bench.table.track(bench.table.half(entry, side), segment, 64),
                  TcpRecord::Outcome::pass);
        return *this;
    }
    Subject& established() {
        return tcp(Side::from_port, tcp_flag::syn, 100, 0)
            .tcp(Side::to_port, tcp_flag::syn | tcp_flag::ack, 500, 101)
            .tcp(Side::from_port, tcp_flag::ack, 101, 501);
    }
    // Seconds of silence that it outlives, and not one more.
    void lives(uint32_t seconds) {
        Moment since = bench.connections->now();
        bench.at(since.ms + seconds * 1'000 - 1);
        bench.sweep();
        EXPECT_TRUE(bench.table.exists(entry)) << "after " << seconds << " s";
        bench.at(since.ms + seconds * 1'000);
        bench.sweep();
        EXPECT_FALSE(bench.table.exists(entry)) << "after " << seconds << " s";
    }

    Bench bench;
    EntryId entry;
};

} // namespace

TEST(Timeout, OfUdp) { // N5
    Subject(ip_protocol::udp, false).sends().lives(30);
    Subject(ip_protocol::udp, false).sends().receives().lives(120);
    Subject(ip_protocol::udp, true).sends().lives(300);
    Subject(ip_protocol::udp, true).sends().receives().lives(300);
}

TEST(Timeout, OfIcmpAndOthers) { // I2
    Subject(ip_protocol::icmp, false).sends().lives(30);
    Subject(ip_protocol::icmp, true).sends().lives(60);
    Subject(47, false).sends().lives(600);
    Subject(47, true).sends().receives().lives(600);
}

TEST(Timeout, OfTcpByState) { // T5
    constexpr uint32_t day = 86'400, transitory = 240, two_hours_four = 7'440;
    for (bool translated : {false, true}) {
        auto make = [&] { return Subject(ip_protocol::tcp, translated); };
        make().tcp(Side::from_port, tcp_flag::syn, 100, 0).lives(translated ? transitory : 120);
        make()
            .tcp(Side::from_port, tcp_flag::syn, 100, 0)
            .tcp(Side::to_port, tcp_flag::syn | tcp_flag::ack, 500, 101)
            .lives(translated ? transitory : 60);
        make().established().lives(translated ? two_hours_four : 5 * day);
        make()
            .established()
            .tcp(Side::from_port, tcp_flag::fin | tcp_flag::ack, 101, 501)
            .lives(translated ? transitory : 120);
        make()
            .established()
            .tcp(Side::from_port, tcp_flag::fin | tcp_flag::ack, 101, 501)
            .tcp(Side::to_port, tcp_flag::ack, 501, 102)
            .lives(translated ? transitory : 60);
        make()
            .established()
            .tcp(Side::from_port, tcp_flag::fin | tcp_flag::ack, 101, 501)
            .tcp(Side::to_port, tcp_flag::fin | tcp_flag::ack, 501, 102)
            .lives(translated ? transitory : 30);
        make()
            .established()
            .tcp(Side::from_port, tcp_flag::fin | tcp_flag::ack, 101, 501)
            .tcp(Side::to_port, tcp_flag::fin | tcp_flag::ack, 501, 102)
            .tcp(Side::from_port, tcp_flag::ack, 102, 502)
            .lives(translated ? transitory : 120);
        make()
            .established()
            .tcp(Side::from_port, tcp_flag::rst, 101, 0)
            .lives(translated ? transitory : 10);
    }
}

TEST(Timeout, OfUnacknowledgedDataIsShorter) {
    Subject subject(ip_protocol::tcp, false);
    subject.established();
    TcpSegment data;
    data.flags = tcp_flag::ack;
    data.sequence = 101;
    data.acknowledgement = 501;
    data.length = 10;
    subject.bench.table.track(subject.bench.table.half(subject.entry, Side::from_port), data, 64);
    subject.lives(300);
}

TEST(Timeout, OfATranslatedConnectionIsNotKeptByOutsiders) { // N6
    Subject subject(ip_protocol::udp, true);
    subject.sends();
    subject.bench.at(200'000);
    subject.receives().lives(100);

    Subject filtered(ip_protocol::udp, false);
    filtered.sends();
    filtered.bench.at(20'000);
    filtered.receives().lives(120);

    ConnectionSettings refreshed = small();
    refreshed.timeouts.inbound_refresh = true;
    Subject by_option(ip_protocol::udp, true, refreshed);
    by_option.sends();
    by_option.bench.at(200'000);
    by_option.receives().lives(300);
}

TEST(Timeout, OfHalfOpenOnesIsShorterUnderPressureOnly) { // F10
    ConnectionSettings settings = small();
    settings.half_open_quota = 4;
    Subject alone(ip_protocol::tcp, false, settings);
    alone.tcp(Side::from_port, tcp_flag::syn, 100, 0).lives(120);
    Subject pressed(ip_protocol::tcp, false, settings);
    pressed.tcp(Side::from_port, tcp_flag::syn, 100, 0);
    pressed.bench.at(10'000);
    ASSERT_TRUE(pressed.bench.table.open(port, tuple_of<Ipv4Addr>(9), Side::from_port));
    pressed.lives(20);
    Subject established(ip_protocol::tcp, false, settings);
    established.established();
    for (uint32_t n = 10; n < 14; ++n)
        ASSERT_TRUE(established.bench.table.open(port, tuple_of<Ipv4Addr>(n), Side::from_port));
    established.lives(5 * 86'400);
}

TEST(Timeout, IsWhatTheSettingsSay) {
    ConnectionSettings settings = small();
    settings.timeouts.filtered.udp = 5'000;
    Subject(ip_protocol::udp, false, settings).sends().lives(5);
}

TEST(Timeout, StandsWhenTheClockWraps) {
    Subject subject(ip_protocol::udp, false);
    subject.bench.at(0xfffffff0);
    subject.sends().receives().lives(120);
}

// What is denied keeps the memory of it alive.
TEST(Timeout, OfACutConnectionIsThatOfItsSilence) {
    Subject subject(ip_protocol::udp, false);
    subject.sends().receives();
    subject.bench.table.cut(subject.entry);
    subject.bench.at(100'000);
    subject.receives().lives(120);
}

} // namespace ringfence
