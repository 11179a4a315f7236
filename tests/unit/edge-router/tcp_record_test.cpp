// TCP tracking as conversations, one line a segment:
//
//     > S 1000 win 8192 scale 7                  = pass syn_sent
//     < SA 5000 ack 1001 win 65535 scale 7       = pass syn_received
//
// > is from the initiator. Flags (S A F R P U), sequence, then what is not default: ack (0), len
// (0), win (1000), scale (none). Behind = the outcome, and the state after it.
#include <sstream>

#include <gtest/gtest.h>

#include "edge-router/firewall/tcp_record.h"

namespace ringfence {

namespace {

using Outcome = TcpRecord::Outcome;

const char* name(Outcome outcome) {
    constexpr const char* names[] = {"pass", "ignore", "fresh", "invalid", "window"};
    return names[static_cast<size_t>(outcome)];
}

uint8_t flags_from(const std::string& letters) {
    uint8_t flags = 0;
    for (char letter : letters)
        flags |= letter == 'S'   ? tcp_flag::syn
                 : letter == 'A' ? tcp_flag::ack
                 : letter == 'F' ? tcp_flag::fin
                 : letter == 'R' ? tcp_flag::rst
                 : letter == 'P' ? tcp_flag::psh
                 : letter == 'U' ? tcp_flag::urg
                                 : uint8_t{0};
    return flags;
}

struct Line {
    TcpEnd from;
    TcpSegment segment;
    std::string outcome, state;
};

Line parsed(const std::string& text) {
    Line line;
    std::istringstream in(text);
    std::string word, flags;
    in >> word >> flags >> line.segment.sequence;
    line.from = word == ">" ? TcpEnd::initiator : TcpEnd::responder;
    line.segment.flags = flags_from(flags);
    line.segment.window = 1000;
    while (in >> word && word != "=") {
        uint32_t number = 0;
        in >> number;
        if (word == "ack")
            line.segment.acknowledgement = number;
        else if (word == "len")
            line.segment.length = number;
        else if (word == "win")
            line.segment.window = static_cast<uint16_t>(number);
        else if (word == "scale")
            line.segment.scale = static_cast<uint8_t>(number);
        else
            ADD_FAILURE() << "what is " << word << "? " << text;
    }
    in >> line.outcome >> line.state;
    return line;
}

// Plays a conversation, from the start or on from where a record is.
TcpRecord play(const std::string& text, TcpOptions options = {}, TcpRecord record = {}) {
    std::istringstream in(text);
    for (std::string row; std::getline(in, row);) {
        if (row.find_first_not_of(' ') == std::string::npos)
            continue;
        Line line = parsed(row);
        EXPECT_EQ(name(record.track(line.from, line.segment, options)), line.outcome) << row;
        EXPECT_EQ(to_string(record.state()), line.state) << row;
    }
    return record;
}

// The client's bytes begin at 1001, the server's at 5001; both have announced 1000 << 7.
TcpRecord established() {
    return play("> S  1000 win 64000 scale 7            = pass syn_sent\n"
                "< SA 5000 ack 1001 win 64000 scale 7   = pass syn_received\n"
                "> A  1001 ack 5001                     = pass established\n"
                "< A  5001 ack 1001                     = pass established\n");
}

TcpRecord time_wait() {
    return play("> FA 1001 ack 5001 = pass fin_wait\n"
                "< A  5001 ack 1002 = pass close_wait\n"
                "< FA 5001 ack 1002 = pass last_ack\n"
                "> A  1002 ack 5002 = pass time_wait\n",
                {}, established());
}

} // namespace

// --- T2: every valid sequence

TEST(TcpRecord, FollowsAConnectionFromItsFirstToItsLastSegment) {
    play("> S  1000 scale 7                     = pass syn_sent\n"
         "< SA 5000 ack 1001 scale 2            = pass syn_received\n"
         "> A  1001 ack 5001                    = pass established\n"
         "> AP 1001 ack 5001 len 500            = pass established\n"
         "< A  5001 ack 1501 len 1000           = pass established\n"
         "< AP 6001 ack 1501 len 200            = pass established\n"
         "> A  1501 ack 6201                    = pass established\n"
         "> FA 1501 ack 6201                    = pass fin_wait\n"
         "< A  6201 ack 1502                    = pass close_wait\n"
         "< A  6201 ack 1502 len 100            = pass close_wait\n"
         "> A  1502 ack 6301                    = pass close_wait\n"
         "< FA 6301 ack 1502                    = pass last_ack\n"
         "> A  1502 ack 6302                    = pass time_wait\n"
         "< FA 6301 ack 1502                    = pass time_wait\n"
         "> A  1502 ack 6302                    = pass time_wait\n");
}

TEST(TcpRecord, FollowsASimultaneousOpen) { // RFC 9293, figure 7
    play("> S  1000               = pass syn_sent\n"
         "< S  5000               = pass syn_crossed\n"
         "> SA 1000 ack 5001      = pass syn_received\n"
         "< SA 5000 ack 1001      = pass established\n"
         "> A  1001 ack 5001 len 9 = pass established\n"
         "< A  5001 ack 1010      = pass established\n");
}

TEST(TcpRecord, FollowsASplitHandshake) {
    play("> S  1000               = pass syn_sent\n"
         "< A  7777 ack 1001      = ignore syn_sent\n"
         "< S  5000               = pass syn_crossed\n"
         "> SA 1000 ack 5001      = pass syn_received\n"
         "< A  5001 ack 1001      = pass established\n"
         "> A  1001 ack 5001 len 9 = pass established\n");
}

TEST(TcpRecord, FollowsASimultaneousClose) { // RFC 9293, figure 13
    play("> FA 1001 ack 5001 = pass fin_wait\n"
         "< FA 5001 ack 1001 = pass last_ack\n"
         "> A  1002 ack 5002 = pass last_ack\n"
         "< A  5002 ack 1002 = pass time_wait\n",
         {}, established());
}

TEST(TcpRecord, TakesAFinThatAcknowledgesAFin) {
    play("> FA 1001 ack 5001 = pass fin_wait\n"
         "< FA 5001 ack 1002 = pass last_ack\n"
         "> A  1002 ack 5002 = pass time_wait\n",
         {}, established());
}

TEST(TcpRecord, IsNotEstablishedBeforeBothHaveAnswered) {
    // A server may finish at once, and data may come with the client's answer.
    play("> S  1000               = pass syn_sent\n"
         "< SA 5000 ack 1001      = pass syn_received\n"
         "< FA 5001 ack 1001      = pass syn_received\n"
         "> A  1001 ack 5001 len 5 = pass fin_wait\n");
    // Acknowledging nothing new is no answer.
    play("> S  1000               = pass syn_sent\n"
         "< S  5000               = pass syn_crossed\n"
         "> A  1001 ack 5000      = pass syn_crossed\n"
         "< A  5001 ack 1000      = pass syn_crossed\n");
}

// --- F1: the four bounds

TEST(TcpRecord, DropsWhatIsOutOfAnyOfTheFourBounds) {
    const TcpRecord record = established();
    const struct {
        const char *within, *outside;
    } rows[] = {
        // I: the server has room for 1000 << 7 bytes behind 1001.
        {"> A 1001 ack 5001 len 128000 = pass established",
         "> A 1001 ack 5001 len 128001 = window established"},
        {"> A 129000 ack 5001 len 1    = pass established",
         "> A 129001 ack 5001 len 1    = window established"},
        {"< A 5001 ack 1001 len 128000 = pass established",
         "< A 5001 ack 1001 len 128001 = window established"},
        // II: no older than the other's largest window.
        {"> A 4294840297 ack 5001 = pass established",
         "> A 4294840296 ack 5001 = window established"},
        // III: nothing is acknowledged that was not sent.
        {"> A 1001 ack 5001 = pass established", "> A 1001 ack 5002 = window established"},
        {"< A 5001 ack 1001 = pass established", "< A 5001 ack 1002 = window established"},
        // IV: nor anything older than a window, of 66000 at least.
        {"> A 1001 ack 4294844297 = pass established",
         "> A 1001 ack 4294844296 = window established"},
    };
    for (const auto& row : rows) {
        play(row.within, {}, record);
        play(row.outside, {}, record);
    }
}

TEST(TcpRecord, OutOfWindowDataNeverAdvancesTheState) {
    // The FIN of somebody who guesses; the connection goes on as if it had never been.
    play("> FA 900000 ack 5001           = window established\n"
         "< FA 5001 ack 900000           = window established\n"
         "> A  1001 ack 5001 len 10      = pass established\n"
         "< A  5001 ack 900000 len 10    = window established\n"
         "< A  5001 ack 1011 len 10      = pass established\n",
         {}, established());
}

TEST(TcpRecord, OpensTheWindowAsTheReceiverAnnouncesIt) {
    play("> S  1000 win 10        = pass syn_sent\n"
         "< SA 5000 ack 1001 win 20 = pass syn_received\n"
         "> A  1001 ack 5001 win 10 len 20 = pass established\n"
         "> A  1021 ack 5001 win 10 len 1  = window established\n"
         "< A  5001 ack 1021 win 5  = pass established\n"
         "> A  1021 ack 5001 win 10 len 6  = window established\n"
         "> A  1021 ack 5001 win 10 len 5  = pass established\n"
         // closed, and probed by one byte
         "< A  5001 ack 1026 win 0  = pass established\n"
         "> A  1026 ack 5001 win 10 len 2  = window established\n"
         "> A  1026 ack 5001 win 10 len 1  = pass established\n");
}

TEST(TcpRecord, TakesWindowScalingFromBothSynsOrNotAtAll) {
    play("> S  1000 win 1024 scale 7           = pass syn_sent\n"
         "< SA 5000 ack 1001 win 1024          = pass syn_received\n"
         "> A  1001 ack 5001 win 1024          = pass established\n"
         "< A  5001 ack 1001 win 1024 len 1025 = window established\n"
         "< A  5001 ack 1001 win 1024 len 1024 = pass established\n");
    // The window of a SYN is never scaled: 1024 bytes until the first segment behind it.
    play("> S  1000 win 1024 scale 7             = pass syn_sent\n"
         "< SA 5000 ack 1001 win 1024 scale 7    = pass syn_received\n"
         "> A  1001 ack 5001 win 1 len 1025      = window syn_received\n"
         "> A  1001 ack 5001 win 1000 len 1024   = pass established\n"
         "< A  5001 ack 2025 win 1000 len 128000 = pass established\n"
         // An option in a segment that is no SYN means nothing.
         "< A  133001 ack 2025 scale 14 len 1    = window established\n");
}

TEST(TcpRecord, FollowsSequenceNumbersThroughZero) {
    play("> S  4294967290 win 8000            = pass syn_sent\n"
         "< SA 4294967295 ack 4294967291      = pass syn_received\n"
         "> A  4294967291 ack 0 len 100       = pass established\n"
         "< A  0 ack 95 len 100               = pass established\n"
         "> FA 95 ack 100                     = pass fin_wait\n"
         "< FA 100 ack 96                     = pass last_ack\n"
         "> A  96 ack 101                     = pass time_wait\n");
}

TEST(TcpRecord, LetsThroughOutOfWindowSegmentsWhereItIsLiberal) {
    play("> FA 900000 ack 5001 = ignore established\n"
         "< R  900000          = ignore established\n",
         {.liberal = true}, established());
}

// --- F2: resets and SYNs of somebody who guesses (RFC 5961)

TEST(TcpRecord, OnlyAnExactResetEndsAConnection) {
    const TcpRecord record = established();
    play("> R  1001          = pass closed\n", {}, record);
    play("< RA 5001 ack 1001 = pass closed\n", {}, record);
    play("> R  1002          = ignore established\n" // in window: the server challenges it
         "> R  1000          = window established\n"
         "> R  129002        = window established\n"
         "< R  0             = window established\n"
         "> A  1001 ack 5001 len 5 = pass established\n",
         {}, record);
    // Behind data that the other end hasn't acknowledged yet, or that was lost.
    play("> A  1001 ack 5001 len 100 = pass established\n"
         "> R  1101                  = pass closed\n",
         {}, record);
    play("> A  1001 ack 5001 len 100 = pass established\n"
         "> R  1001                  = pass closed\n",
         {}, record);
}

TEST(TcpRecord, AnInWindowResetEndsAConnectionThatIsFinishing) {
    play("> FA 1001 ack 5001 = pass fin_wait\n"
         "< A  5001 ack 1002 = pass close_wait\n"
         "> R  1004          = pass closed\n",
         {}, established());
}

TEST(TcpRecord, LetsASynInAConnectionBeChallenged) {
    play("> S  7000          = ignore established\n"
         "< A  5001 ack 1001 = pass established\n" // the challenge
         "> A  1001 ack 5001 len 7 = pass established\n"
         // One who has really forgotten resets when he is challenged.
         "> S  9000          = ignore established\n"
         "< A  5001 ack 1008 = pass established\n"
         "> R  1008          = pass closed\n"
         "> S  9000          = fresh closed\n",
         {}, established());
}

TEST(TcpRecord, ARefusedConnectionIsClosed) {
    play("> S  1000        = pass syn_sent\n"
         "< RA 0 ack 1001  = pass closed\n");
    play("> S  1000        = pass syn_sent\n"
         "< RA 0 ack 1000  = window syn_sent\n"
         "< RA 0 ack 1002  = window syn_sent\n"
         "< R  0           = window syn_sent\n");
    play("> S  1000        = pass syn_sent\n"
         "> R  1001        = pass closed\n");
}

// --- F3: re-use

TEST(TcpRecord, ReopensAFinishedConnectionOnlyByANewSyn) {
    const TcpRecord record = time_wait();
    play("> S  500000 = fresh time_wait\n", {}, record);
    play("< S  500000 = fresh time_wait\n", {}, record);
    play("> S  1000   = ignore time_wait\n", {},
         record); // an old one: the end in TIME-WAIT answers
    play("> S  1002   = ignore time_wait\n", {}, record);
    play("> S  1003   = fresh time_wait\n", {}, record);
    play("< SA 900000 ack 1002 = invalid time_wait\n", {}, record);
}

TEST(TcpRecord, RefusesWhatBeginsInTheMiddle) {
    play("> A  1001 ack 5001       = invalid none\n");
    play("> SA 1000 ack 5001       = invalid none\n");
    play("> FA 1001 ack 5001       = invalid none\n");
    play("> A  1001 ack 5001 len 5 = invalid none\n");
    play("> R  1001                = invalid none\n");
    play("> RA 1001 ack 5001       = invalid none\n");
}

TEST(TcpRecord, PicksUpInTheMiddleWhereItIsLoose) {
    const TcpOptions loose{.loose = true};
    play("> A  1001 ack 5001 len 10 = pass established\n"
         "< A  5001 ack 1011 len 60000 win 65535 = pass established\n"
         "> A  1011 ack 65001      = pass established\n"
         "> FA 1011 ack 65001      = pass fin_wait\n"
         "< FA 65001 ack 1012      = pass last_ack\n"
         "> A  1012 ack 65002      = pass time_wait\n",
         loose);
    play("> SA 1000 ack 5001 = invalid none\n", loose);
    play("> R  1000          = invalid none\n", loose);
}

TEST(TcpRecord, OfWhatTheResponderWentOnWithNothingIsSureUntilTheInitiatorIsSeen) {
    TcpRecord record;
    record.let_begin_midway();
    play("< A  5001 ack 1001 len 10 = pass syn_received\n"
         "< A  5011 ack 1001 len 10 = pass syn_received\n"
         "> A  1001 ack 5021        = pass established\n"
         "< A  5021 ack 1001 len 10 = pass established\n",
         {}, record);
    play("< A  5001 ack 1001 = pass syn_received\n"
         "> A  1001 ack 5001 = pass established\n",
         {}, record);
}

TEST(TcpRecord, NoHandshakeOfTheResponderHidesInWhatWasPickedUp) {
    TcpRecord record;
    record.let_begin_midway();
    play("< S  5000           = invalid none\n"
         "< A  5001 ack 1001  = pass syn_received\n"
         "< S  7000           = invalid syn_received\n"
         "> SA 9000 ack 7001  = invalid syn_received\n"
         "> A  1001 ack 5001  = pass established\n"
         "< S  7000           = invalid established\n"
         "> SA 9000 ack 7001  = invalid established\n"
         "> S  9000           = ignore established\n"
         "< SA 7000 ack 9001  = ignore established\n",
         {}, record);
}

// --- F4: SYNs with more in them

TEST(TcpRecord, TakesDataInASyn) { // TCP fast open, RFC 7413
    play("> S  1000 len 100           = pass syn_sent\n"
         "< SA 5000 ack 1101 len 50   = pass syn_received\n"
         "< A  5051 ack 1101 len 50   = pass syn_received\n"
         "> A  1101 ack 5101          = pass established\n");
    play("> S  1000 len 100           = pass syn_sent\n"
         "< SA 5000 ack 1001          = pass syn_received\n" // its data was not taken
         "> A  1001 ack 5001 len 100  = pass established\n");
}

TEST(TcpRecord, TakesUrgentData) {
    play("> AU 1001 ack 5001 len 1 = pass established\n"
         "> AUP 1002 ack 5001 len 1 = pass established\n",
         {}, established());
}

// --- F5, row 15: flags that no TCP sends

TEST(TcpRecord, RefusesFlagsThatMakeNoSense) {
    for (const char* flags :
         {"0", "F", "P", "U", "FPU", "SF", "SFA", "SR", "SRA", "RF", "RFA", "SAFRPU"}) {
        std::string as_first = std::string("> ") + flags + " 1000 = invalid none";
        play(as_first);
        std::string later = std::string("> ") + flags + " 1001 ack 5001 = invalid established";
        play(later, {}, established());
    }
    play("> SP 1000 = pass syn_sent\n");
    play("> RP 1001 = pass closed\n", {}, established());
}

TEST(TcpRecord, RefusesDataBeforeTheHandshake) {
    play("> S 1000                    = pass syn_sent\n"
         "> A 1001 ack 5001 len 10    = invalid syn_sent\n"
         "< A 5001 ack 1001 len 10    = invalid syn_sent\n");
}

// --- F6: SYNs sent again

TEST(TcpRecord, TakesARetransmittedSynAndOneWithANewNumber) {
    play("> S  1000                = pass syn_sent\n"
         "> S  1000                = pass syn_sent\n"
         "> S  90000               = pass syn_sent\n"
         "< SA 5000 ack 1001       = ignore syn_sent\n" // the answer to the first
         "< SA 5000 ack 90001      = pass syn_received\n"
         "< SA 5000 ack 90001      = ignore syn_received\n"
         "> S  90000               = ignore syn_received\n"
         "> A  90001 ack 5001      = pass established\n"
         "< SA 5000 ack 90001      = ignore established\n");
}

// The other end still has a connection that ours has forgotten (RFC 9293, figure 9).
TEST(TcpRecord, LetsAnOldConnectionBeResetAndBegunAnew) {
    play("> S  1000                = pass syn_sent\n"
         "< A  70000 ack 30000     = ignore syn_sent\n"
         "> R  30000               = ignore syn_sent\n"
         "> S  1000                = pass syn_sent\n"
         "< SA 5000 ack 1001       = pass syn_received\n");
}

TEST(TcpRecord, KnowsWhatAResetMustSay) {
    TcpRecord record = play("> A 1001 ack 5001 len 100 = pass established\n"
                            "< A 5001 ack 1101 len 30  = pass established\n"
                            "> A 1101 ack 5021         = pass established\n"
                            "> A 1101 ack 5001         = pass established\n", // late
                            {}, established());
    EXPECT_EQ(record.expected_by(TcpEnd::responder), 1101u);
    EXPECT_EQ(record.sent_by(TcpEnd::responder), 5031u);
    EXPECT_EQ(record.expected_by(TcpEnd::initiator), 5021u);
    EXPECT_EQ(record.sent_by(TcpEnd::initiator), 1101u);
    EXPECT_TRUE(record.has_unacknowledged());
}

// --- the segment

TEST(TcpSegment, IsReadWithTheScaleOfASyn) {
    uint8_t bytes[] = {0x04, 0xd2, 0, 80, 0, 0, 3, 0xe8, 0, 0, 0x13, 0x88, 0x80, 0xc2, 0x20, 0,
                       0,    0,    0, 0,  2, 4, 5, 0xb4, 1, 3, 3,    9,    1,    1,    1,    0};
    auto segment = TcpSegment::read(bytes, sizeof bytes, sizeof bytes + 10);
    ASSERT_TRUE(segment);
    EXPECT_EQ(segment->sequence, 1000u);
    EXPECT_EQ(segment->acknowledgement, 5000u);
    EXPECT_EQ(segment->window, 0x2000);
    EXPECT_EQ(segment->length, 10u);
    EXPECT_EQ(segment->flags, tcp_flag::syn) << "ECN's flags are left out";
    EXPECT_EQ(segment->scale, 9);
    EXPECT_EQ(segment->end(), 1011u);
    bytes[27] = 15; // RFC 7323, 2.3: taken as 14
    EXPECT_EQ(TcpSegment::read(bytes, sizeof bytes, sizeof bytes)->scale, 14);
    bytes[13] = tcp_flag::ack;
    EXPECT_EQ(TcpSegment::read(bytes, sizeof bytes, sizeof bytes)->scale, TcpSegment::no_scale);
}

TEST(TcpSegment, IsRefusedWhereItsHeaderIsNotWhole) {
    uint8_t bytes[60] = {};
    for (unsigned words = 0; words < 16; ++words) {
        bytes[12] = static_cast<uint8_t>(words << 4);
        EXPECT_EQ(TcpSegment::read(bytes, 60, 60).has_value(), words >= 5) << words;
        EXPECT_EQ(TcpSegment::read(bytes, 60, 24).has_value(), words == 5 || words == 6) << words;
    }
    EXPECT_FALSE(TcpSegment::read(bytes, 19, 60));
}

// Options of every kind and length, cut anywhere: nothing is read behind them, which the sanitizers
// of the sanitized build see.
TEST(TcpSegment, ReadsNothingBehindBrokenOptions) {
    for (unsigned kind = 0; kind < 256; ++kind)
        for (unsigned length = 0; length < 48; ++length)
            for (size_t linear = 20; linear <= 32; ++linear) {
                std::vector<uint8_t> bytes(linear);
                bytes[12] = 0x80;
                bytes[13] = tcp_flag::syn;
                if (linear > 20)
                    bytes[20] = static_cast<uint8_t>(kind);
                if (linear > 21)
                    bytes[21] = static_cast<uint8_t>(length);
                EXPECT_TRUE(TcpSegment::read(bytes.data(), linear, 100));
            }
}

} // namespace ringfence
