// Fragments in and out of order, contradicting each other, incomplete, and far too many.
#include "dataplane/connection/fragments.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include <rte_mbuf.h>

#include "core/packet/packet.h"
#include "dataplane/pipeline.h"
#include "dataplane/stages/stages.h"
#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence::test {

namespace {

using Kind = Fragments::Fate::Kind;

constexpr uint64_t second = 1000; // ticks
constexpr PortId vm{1}, neighbour{2};

// A table, the frames that it is given, and what leaves it.
class Rig {
public:
    explicit Rig(const FragmentLimits& limits = {}) : table(limits, second, leave, this) {}
    ~Rig() {
        for (rte_mbuf* frame : released)
            rte_pktmbuf_free(frame);
    }

    // A fragment of datagram `id`, carrying the bytes from offset on of a datagram of `seed`.
    Fragments::Fate take(uint32_t id, uint32_t offset, uint32_t length, bool more, PortId port = vm,
                         uint8_t seed = 0) {
        rte_mbuf* frame = lab.buffer(bytes(offset, length, seed));
        return take(describe(id, offset, length, more, port), frame, port);
    }
    Fragments::Fate take(const Fragment& fragment, rte_mbuf* frame, PortId port = vm) {
        auto fate = table.take(fragment, arrival(frame), {port, false, owner}, now);
        if (fate.kind != Kind::held)
            rte_pktmbuf_free(frame);
        return fate;
    }
    // What was released of a datagram of three times 8 bytes comes back, in its order; false where
    // some of it does not pass.
    bool bring_back(uint32_t id) {
        bool all = true;
        auto frames = std::exchange(released, {});
        for (rte_mbuf* frame : frames) {
            uint32_t offset = *rte_pktmbuf_mtod(frame, uint8_t*) * 8u;
            all &= take(describe(id, offset, 8, offset < 16, vm), frame).kind == Kind::pass;
        }
        return all;
    }
    static Arrival arrival(rte_mbuf* frame) { return {frame, SegmentId(1), Arrival::From::sender}; }
    static Fragment describe(uint32_t id, uint32_t offset, uint32_t length, bool more,
                             PortId port) {
        Fragment fragment{{Place::sent_by(port), {}, {}, id, NextHopId(0), 17, false},
                          offset,
                          length,
                          more,
                          0,
                          {}};
        if (offset == 0)
            fragment.upper = UpperLayer{17, 1000, 2000};
        return fragment;
    }
    static std::vector<uint8_t> bytes(uint32_t offset, uint32_t length, uint8_t seed) {
        std::vector<uint8_t> all(length);
        for (uint32_t i = 0; i < length; ++i)
            all[i] = static_cast<uint8_t>((offset + i) / 8 + seed);
        return all;
    }

    Lab lab{8191};
    uint64_t now = 0;
    uint32_t owner = 7;
    std::vector<rte_mbuf*> released;
    std::vector<Verdict> dropped;
    bool is_full = false; // what is released finds no room
    Fragments table;

private:
    static bool leave(void* context, const Arrival& arrival, Verdict why) {
        auto& rig = *static_cast<Rig*>(context);
        EXPECT_EQ(arrival.segment, SegmentId(1));
        EXPECT_EQ(arrival.from, Arrival::From::sender);
        if (why == Verdict::next && !rig.is_full) {
            rig.released.push_back(arrival.frame);
            return true;
        }
        rig.dropped.push_back(why);
        rte_pktmbuf_free(arrival.frame);
        return false;
    }
};

using Drops = std::vector<Verdict>;

} // namespace

TEST(Fragments, InOrderPassWithTheFirstOnesPorts) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
    auto second_one = rig.take(7, 8, 8, true);
    EXPECT_EQ(second_one.kind, Kind::pass);
    EXPECT_EQ(second_one.upper.protocol, 17);
    EXPECT_EQ(second_one.upper.source_port, 1000);
    EXPECT_EQ(second_one.upper.destination_port, 2000);
    EXPECT_EQ(rig.table.datagrams(), 1u);
    EXPECT_EQ(rig.take(7, 16, 8, false).kind, Kind::pass);
    EXPECT_EQ(rig.table.datagrams(), 0u) << "complete: forgotten";
}

TEST(Fragments, BeforeTheFirstOneWaitAndKeepTheirOrder) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 16, 8, false).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.table.held(), 2u);
    EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
    ASSERT_EQ(rig.released.size(), 2u);
    EXPECT_EQ(*rte_pktmbuf_mtod(rig.released[0], uint8_t*), 2);
    EXPECT_EQ(*rte_pktmbuf_mtod(rig.released[1], uint8_t*), 1);
    EXPECT_EQ(rig.table.held(), 0u);
    EXPECT_TRUE(rig.bring_back(7));
    EXPECT_EQ(rig.table.datagrams(), 0u);
    EXPECT_EQ(rig.lab.buffers_in_use(), 0u);
}

TEST(Fragments, ThatAreLostOnTheirWayBackAreNotWaitedFor) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    rig.is_full = true;
    EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
    EXPECT_EQ(rig.dropped, Drops{Verdict::next});
    EXPECT_EQ(rig.take(7, 16, 8, false).kind, Kind::pass) << "nothing is on its way";
    EXPECT_EQ(rig.table.datagrams(), 0u) << "complete, as far as it is known here";
}

TEST(Fragments, ThatComeWhileOthersAreOnTheirWayBackQueueUp) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
    EXPECT_EQ(rig.take(7, 16, 8, false).kind, Kind::held);
    ASSERT_EQ(rig.released.size(), 2u);
    EXPECT_EQ(*rte_pktmbuf_mtod(rig.released[0], uint8_t*), 1);
    EXPECT_EQ(*rte_pktmbuf_mtod(rig.released[1], uint8_t*), 2);
    EXPECT_TRUE(rig.bring_back(7));
    EXPECT_EQ(rig.table.datagrams(), 0u);
}

TEST(Fragments, ComingTwicePassTwice) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
    EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
    EXPECT_EQ(rig.released.size(), 2u);
    EXPECT_TRUE(rig.bring_back(7));
    EXPECT_EQ(rig.take(7, 16, 8, false).kind, Kind::pass);
    EXPECT_EQ(rig.table.datagrams(), 0u);
}

TEST(Fragments, ThatContradictEachOtherRefuseTheDatagram) {
    struct {
        uint32_t offset, length;
        bool more;
        uint8_t seed;
        const char* why;
    } const rows[] = {{8, 8, true, 1, "the same place, other bytes"},
                      {0, 16, true, 0, "over all before"},
                      {8, 16, true, 0, "over the second's bytes"},
                      {8, 8, false, 0, "says that it is the last"},
                      {0, 8, true, 1, "another first one"}};
    for (const auto& row : rows) {
        Rig rig;
        EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
        EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::pass);
        auto fate = rig.take(7, row.offset, row.length, row.more, vm, row.seed);
        EXPECT_EQ(fate.kind, Kind::refused) << row.why;
        EXPECT_EQ(fate.why, Verdict::frag_overlap) << row.why;
        fate = rig.take(7, 16, 8, false);
        EXPECT_EQ(fate.kind, Kind::refused) << "never complete: " << row.why;
        EXPECT_EQ(fate.why, Verdict::frag_overlap) << row.why;
        EXPECT_EQ(rig.take(8, 0, 8, true).kind, Kind::pass) << "another datagram";
    }
}

TEST(Fragments, ThatWaitAndAreContradictedAreDropped) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 16, 8, false).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 8, 16, true).why, Verdict::frag_overlap);
    EXPECT_EQ(rig.dropped, (Drops{Verdict::frag_overlap, Verdict::frag_overlap}));
    EXPECT_EQ(rig.take(7, 0, 8, true).why, Verdict::frag_overlap);
    EXPECT_EQ(rig.lab.buffers_in_use(), 0u);
}

TEST(Fragments, OfTwoEndsAreContradictions) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 16, 8, false).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 24, 8, true).why, Verdict::frag_overlap) << "behind the last one";
    EXPECT_EQ(rig.take(8, 16, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.take(8, 8, 8, false).why, Verdict::frag_overlap) << "a last one before others";
}

TEST(Fragments, ThatNoSenderMakesAreRefused) {
    Rig rig;
    EXPECT_EQ(rig.take(1, 0, 4, true).why, Verdict::frag_tiny) << "not in eights";
    EXPECT_EQ(rig.take(2, 0, 7, false).why, Verdict::frag_tiny) << "no whole upper layer";
    EXPECT_EQ(rig.take(3, 8, 0, false).why, Verdict::frag_tiny) << "empty";
    EXPECT_EQ(rig.take(4, 8, 12, true).why, Verdict::frag_tiny) << "not in eights";
    EXPECT_EQ(rig.take(5, 65512, 8, false).why, Verdict::frag_overflow) << "with its header 65,540";
    EXPECT_EQ(rig.take(6, 65504, 11, false).kind, Kind::held) << "the largest datagram";
    EXPECT_EQ(rig.take(6, 8, 3, true).why, Verdict::frag_tiny);
    EXPECT_EQ(rig.dropped, (Drops{Verdict::frag_tiny})) << "with its datagram";
}

TEST(Fragments, WhoseFirstOneNeverComesAreDroppedInTime) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    rig.now = 30 * second - 1;
    rig.table.expire(rig.now);
    EXPECT_TRUE(rig.dropped.empty());
    rig.now = 30 * second;
    rig.table.expire(rig.now);
    EXPECT_EQ(rig.dropped, (Drops{Verdict::frag_timeout}));
    EXPECT_EQ(rig.table.datagrams(), 0u);
    EXPECT_EQ(rig.lab.buffers_in_use(), 0u);
}

TEST(Fragments, OfIpv6HaveAMinute) {
    Rig rig;
    Fragment fragment = Rig::describe(7, 8, 8, true, vm);
    fragment.key.six = true;
    EXPECT_EQ(rig.take(fragment, rig.lab.buffer(Rig::bytes(8, 8, 0))).kind, Kind::held);
    rig.table.expire(60 * second - 1);
    EXPECT_EQ(rig.table.held(), 1u);
    rig.table.expire(60 * second);
    EXPECT_EQ(rig.table.held(), 0u);
}

TEST(Fragments, OfOtherPlacesAreOthers) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 0, 8, true, vm).kind, Kind::pass);
    EXPECT_EQ(rig.take(7, 8, 8, false, neighbour).kind, Kind::held);
    Fragment arriving = Rig::describe(7, 8, 8, false, vm);
    arriving.key.place = Place::arriving_in(SegmentId(vm.value()));
    EXPECT_EQ(rig.take(arriving, rig.lab.buffer(Rig::bytes(8, 8, 0))).kind, Kind::held);
}

// BEHAVIOUR N14, row 11: 8192 ids.
TEST(Fragments, OfAFloodCostOnlyTheFlooder) {
    FragmentLimits limits;
    Rig rig(limits);
    EXPECT_EQ(rig.take(7, 8, 8, true, neighbour).kind, Kind::held);
    for (uint32_t id = 0; id < 8192; ++id)
        EXPECT_NE(rig.take(id, 8, 8, true, vm).kind, Kind::pass);
    EXPECT_EQ(rig.table.held(), limits.held_each + 1);
    EXPECT_EQ(rig.dropped.size(), 8192 - limits.held_each);
    EXPECT_TRUE(std::all_of(rig.dropped.begin(), rig.dropped.end(),
                            [](Verdict why) { return why == Verdict::frag_quota; }));
    EXPECT_EQ(rig.take(7, 0, 8, true, neighbour).kind, Kind::pass);
    EXPECT_EQ(rig.released.size(), 1u) << "what the neighbour waited for";
    EXPECT_EQ(rig.take(9000, 0, 8, true, vm).kind, Kind::pass) << "the flooder's own, in order";
    EXPECT_EQ(rig.take(9000, 8, 8, false, vm).kind, Kind::pass);
}

TEST(Fragments, OfAFloodInManyPiecesCostOneDatagram) {
    FragmentLimits limits;
    Rig rig(limits);
    for (uint32_t i = 0; i < limits.held_each; ++i)
        EXPECT_EQ(rig.take(1, 8 + 8 * i, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.take(1, 8 + 8 * limits.held_each, 8, true).why, Verdict::frag_quota);
    EXPECT_EQ(rig.dropped.size(), limits.held_each);
    EXPECT_EQ(rig.take(2, 0, 8, true).kind, Kind::pass);
    for (uint32_t i = 1; i < limits.pieces_of_one; ++i)
        EXPECT_EQ(rig.take(2, 8 * i, 8, true).kind, Kind::pass);
    EXPECT_EQ(rig.take(2, 8 * limits.pieces_of_one, 8, true).why, Verdict::frag_quota);
}

// Many floods together leave room for one more: no account gets more than is left.
TEST(Fragments, OfManyFloodsLeaveRoom) {
    FragmentLimits limits{
        .datagrams = 64, .pieces = 256, .held = 32, .datagrams_each = 64, .held_each = 32};
    Rig rig(limits);
    auto flood = [&](uint32_t port) {
        for (uint32_t id = 0; id < 100; ++id) {
            Fragment fragment = Rig::describe(id, 8, 8, true, PortId(port));
            auto fate = rig.table.take(fragment, Rig::arrival(rig.lab.buffer(Rig::bytes(8, 8, 0))),
                                       {PortId(port), false, 1}, 0);
            EXPECT_EQ(fate.kind, Kind::held);
        }
    };
    for (uint32_t port = 10; port < 13; ++port)
        flood(port);
    EXPECT_LT(rig.table.held(), limits.held);
    EXPECT_EQ(rig.take(7, 8, 8, true, neighbour).kind, Kind::held);
}

// What a firewall has let through is not displaced by what it has not.
TEST(Fragments, ThatNobodyLetThroughDisplaceOnlyEachOther) {
    FragmentLimits limits{.datagrams_each = 4};
    Rig rig(limits);
    rig.table.vouch(rig.take(1, 0, 8, true).ticket);
    EXPECT_EQ(rig.take(2, 8, 8, true).kind, Kind::held);
    for (uint32_t id = 10; id < 30; ++id)
        EXPECT_EQ(rig.take(id, 0, 8, true).kind, Kind::pass) << "and is denied";
    for (uint32_t id = 30; id < 50; ++id)
        EXPECT_EQ(rig.take(id, 8, 8, true).kind, Kind::held);
    EXPECT_EQ(rig.take(1, 8, 8, false).kind, Kind::pass);
    EXPECT_EQ(rig.take(2, 0, 8, true).kind, Kind::pass);
    EXPECT_TRUE(rig.released.empty()) << "it was displaced";
    EXPECT_EQ(rig.table.datagrams(), 4u);
}

TEST(Fragments, ATicketEndsWithItsDatagram) {
    Rig rig;
    auto ticket = rig.take(1, 0, 8, true).ticket;
    EXPECT_EQ(rig.take(1, 8, 8, false).kind, Kind::pass);
    EXPECT_EQ(rig.take(2, 8, 8, true).kind, Kind::held) << "in the same place";
    rig.table.vouch(ticket);
    rig.table.vouch({});
    rig.table.forget_port(vm);
    EXPECT_EQ(rig.dropped, (Drops{Verdict::tx_no_port}));
}

TEST(Fragments, OfAPortThatIsAnothersNowAreForgotten) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 8, 8, true).kind, Kind::held);
    rig.owner = 8;
    EXPECT_EQ(rig.take(7, 0, 8, true).kind, Kind::pass);
    EXPECT_TRUE(rig.released.empty());
    EXPECT_EQ(rig.dropped, (Drops{Verdict::tx_no_port}));
}

TEST(Fragments, OfAPortThatIsGoneAreDropped) {
    Rig rig;
    EXPECT_EQ(rig.take(7, 8, 8, true, vm).kind, Kind::held);
    EXPECT_EQ(rig.take(7, 8, 8, true, neighbour).kind, Kind::held);
    rig.table.forget_port(vm);
    EXPECT_EQ(rig.dropped, (Drops{Verdict::tx_no_port}));
    EXPECT_EQ(rig.table.datagrams(), 1u);
}

TEST(Fragments, StillHeldAtTheEndAreFreed) {
    Lab lab;
    {
        Fragments table(
            {}, second,
            [](void*, const Arrival& arrival, Verdict) {
                rte_pktmbuf_free(arrival.frame);
                return false;
            },
            nullptr);
        table.take(Rig::describe(7, 8, 8, true, vm), Rig::arrival(lab.buffer(Rig::bytes(8, 8, 0))),
                   {vm, false, 1}, 0);
        EXPECT_EQ(lab.buffers_in_use(), 1u);
    }
    EXPECT_EQ(lab.buffers_in_use(), 0u);
}

// Any order of the fragments of any datagram, now and then one of them twice: all pass, and
// nothing is left behind.
TEST(Fragments, OfWholeDatagramsAllPassInAnyOrder) {
    Rig rig;
    std::mt19937 random(7);
    for (uint32_t id = 0; id < 2'000; ++id) {
        struct Part {
            uint32_t offset, length;
            bool more;
        };
        std::vector<Part> parts;
        for (uint32_t n = 1 + random() % 8, i = 0, at = 0; i <= n; ++i) {
            uint32_t length = 8 * (1 + static_cast<uint32_t>(random()) % 20);
            parts.push_back({at, length, i < n});
            at += length;
        }
        std::shuffle(parts.begin(), parts.end(), random);
        size_t passed = 0;
        for (const Part& part : parts)
            passed += rig.take(id, part.offset, part.length, part.more).kind == Kind::pass;
        // Back they come, each as the part that it was.
        for (rte_mbuf* frame : std::exchange(rig.released, {})) {
            auto part = std::find_if(parts.begin(), parts.end(), [&](const Part& p) {
                return p.length == frame->pkt_len &&
                       static_cast<uint8_t>(p.offset / 8) == *rte_pktmbuf_mtod(frame, uint8_t*);
            });
            ASSERT_NE(part, parts.end());
            passed += rig.take(Rig::describe(id, part->offset, part->length, part->more, vm), frame)
                          .kind == Kind::pass;
        }
        ASSERT_EQ(passed, parts.size()) << id;
        ASSERT_EQ(rig.table.datagrams(), 0u) << id;
    }
    EXPECT_EQ(rig.lab.buffers_in_use(), 0u);
    EXPECT_TRUE(rig.dropped.empty());
}

namespace {

Fragment parsed(Lab& lab, const std::string& text) {
    rte_mbuf* mbuf = lab.buffer(frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / " + text).bytes);
    uint16_t marks = 0;
    Packet packet(mbuf, marks);
    EXPECT_EQ(parse(lab.fabric(), lab.worker(), packet), Verdict::next);
    EXPECT_TRUE(packet.is_fragment);
    Fragment fragment =
        fragment_of(packet, Place::sent_by(vm), {17, packet.source_port, packet.destination_port});
    rte_pktmbuf_free(mbuf);
    return fragment;
}

} // namespace

TEST(Fragments, AreReadFromPackets) {
    Lab lab;
    Fragment four = parsed(lab, "ip4 10.0.0.5 > 10.0.0.9 id 7 options 01010101 slice 0 24 / "
                                "udp 1000 > 2000 / count 40");
    EXPECT_EQ(four.key.id, 7u);
    EXPECT_EQ(four.key.protocol, 17);
    EXPECT_EQ(four.key.source, *Ipv6Addr::from("::ffff:10.0.0.5"));
    EXPECT_EQ(four.offset, 0u);
    EXPECT_EQ(four.length, 24u);
    EXPECT_EQ(four.data, 14u + 24);
    EXPECT_TRUE(four.more && four.upper);
    EXPECT_EQ(four.upper->destination_port, 2000);

    Fragment last =
        parsed(lab, "ip4 10.0.0.5 > 10.0.0.9 id 7 slice 24 48 / udp 1000 > 2000 / count 40");
    EXPECT_EQ(last.key, four.key);
    EXPECT_EQ(last.offset, 24u);
    EXPECT_FALSE(last.more || last.upper);

    Fragment six =
        parsed(lab, "ip6 fd00::5 > fd00::9 / hop-by-hop / fragment slice 8 24 id 0x10007 / "
                    "destination / udp 1 > 2 / count 40");
    EXPECT_EQ(six.key.id, 0x10007u);
    EXPECT_EQ(six.key.protocol, 0);
    EXPECT_TRUE(six.key.six);
    EXPECT_EQ(six.offset, 8u);
    EXPECT_EQ(six.length, 16u);
    EXPECT_EQ(six.data, 14u + 40 + 8 + 8);
    EXPECT_TRUE(six.more);
    EXPECT_FALSE(six.upper);
}

// RFC 6946.
TEST(Fragments, AreNotWhatIsAtomic) {
    Lab lab;
    rte_mbuf* mbuf = lab.buffer(frame("eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / "
                                      "ip6 fd00::5 > fd00::9 / fragment 0 / udp 1 > 2")
                                    .bytes);
    uint16_t marks = 0;
    Packet packet(mbuf, marks);
    EXPECT_EQ(parse(lab.fabric(), lab.worker(), packet), Verdict::next);
    EXPECT_FALSE(packet.is_fragment);
    EXPECT_EQ(packet.destination_port, 2);
    rte_pktmbuf_free(mbuf);
}

} // namespace ringfence::test
