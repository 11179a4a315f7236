#include "dataplane/connection/fragments.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

#include <rte_mbuf.h>

#include "core/packet/packet.h"
#include "core/tables/hash.h"
#include "core/wire/ethernet.h"
#include "core/wire/ip.h"
#include "dataplane/fabric/destination.h"

namespace ringfence {

namespace {

using Fate = Fragments::Fate;

constexpr uint32_t none = UINT32_MAX;

// Records by number, those that are free chained up. T has a uint32_t next.
template <class T> class Pool {
public:
    explicit Pool(uint32_t size) : records_(size) {
        for (uint32_t i = 0; i < size; ++i)
            records_[i].next = i + 1 < size ? i + 1 : none;
        free_ = size ? 0 : none;
    }
    T& operator[](uint32_t i) { return records_[i]; }
    uint32_t take() { // none: all are in use
        uint32_t i = free_;
        if (i != none) {
            free_ = records_[i].next;
            records_[i] = T{};
            ++used_;
        }
        return i;
    }
    void give(uint32_t i) {
        records_[i].next = free_;
        free_ = i;
        --used_;
    }
    uint32_t used() const { return used_; }
    uint32_t left() const { return static_cast<uint32_t>(records_.size()) - used_; }

private:
    std::vector<T> records_;
    uint32_t free_, used_ = 0;
};

// One fragment of a datagram, in the order of arrival.
struct Piece {
    enum class State : uint8_t { held, released, passed };
    uint32_t next = none;
    State state = State::passed;
    bool more = false;
    uint32_t offset = 0, length = 0;
    uint64_t digest = 0;
    Arrival arrival; // while it is held

    uint32_t end() const { return offset + length; }
    bool is(const Fragment& fragment, uint64_t its_digest) const {
        return offset == fragment.offset && length == fragment.length && more == fragment.more &&
               digest == its_digest;
    }
};

// A place in a list of datagrams.
struct Link {
    uint32_t previous = none, next = none;
};

struct Datagram {
    uint32_t next = none; // of the same hash
    FragmentKey key{{}, {}, {}, 0, NextHopId(0), 0, false};
    uint32_t number = 0; // of a Ticket
    uint64_t until = 0;
    uint32_t account = 0;
    bool is_vouched_for = false;
    Link age, own; // among those of its family, and of its account
    uint32_t first_piece = none, last_piece = none;
    uint32_t pieces = 0, held = 0, released = 0; // how many; released: not back yet
    uint32_t seen = 0;                           // different bytes
    std::optional<uint32_t> length;              // of the whole, where the last piece is known
    std::optional<UpperLayer> upper;             // where the first is
    Verdict refused = Verdict::next;

    bool is_complete() const { return length == seen && held == 0 && released == 0; }
};

// Datagrams in the order of their making.
template <Link Datagram::*place> class List {
public:
    uint32_t front() const { return first_; }
    void push_back(Pool<Datagram>& pool, uint32_t i) {
        (pool[i].*place) = {last_, none};
        (last_ == none ? first_ : (pool[last_].*place).next) = i;
        last_ = i;
    }
    void remove(Pool<Datagram>& pool, uint32_t i) {
        Link link = pool[i].*place;
        (link.previous == none ? first_ : (pool[link.previous].*place).next) = link.next;
        (link.next == none ? last_ : (pool[link.next].*place).previous) = link.previous;
    }

private:
    uint32_t first_ = none, last_ = none;
};

struct Account {
    List<&Datagram::own> vouched, others;
    uint32_t count = 0, held = 0;
    uint32_t owner = 0;

    auto& list_of(const Datagram& datagram) { return datagram.is_vouched_for ? vouched : others; }
    // The next that it can best do without; none: it has none.
    uint32_t least() const { return others.front() != none ? others.front() : vouched.front(); }
};

uint64_t random_seed() {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
}

// Of a frame's bytes, keyed: a sender that wants two fragments to have the same would have to know
// the seed.
uint64_t digest_of(const rte_mbuf* frame, uint32_t begin, uint32_t length, uint64_t seed) {
    uint64_t digest = length;
    for (; frame && length; frame = frame->next) {
        if (begin >= frame->data_len) {
            begin -= frame->data_len;
            continue;
        }
        const auto* bytes = rte_pktmbuf_mtod_offset(frame, const uint8_t*, begin);
        uint32_t here = std::min<uint32_t>(frame->data_len - begin, length);
        length -= here;
        begin = 0;
        for (uint64_t word = 0; here; word = 0) {
            uint32_t n = std::min<uint32_t>(here, sizeof word);
            std::memcpy(&word, bytes, n);
            digest = mix(digest ^ word, seed);
            bytes += n;
            here -= n;
        }
    }
    return digest;
}

uint64_t hash_of(const FragmentKey& key, uint64_t seed) {
    bool sent = key.place.kind() == Place::Kind::port;
    uint32_t place = sent ? key.place.port().value() : ~key.place.segment().value();
    uint64_t hash = mix(uint64_t{place} << 32 | key.id, seed);
    hash = mix(hash ^ (key.peer.value() << 8 | key.protocol), seed);
    for (const Ipv6Addr* address : {&key.source, &key.destination})
        for (size_t half : {0, 8}) {
            uint64_t word;
            std::memcpy(&word, address->bytes.data() + half, sizeof word);
            hash = mix(hash ^ word, seed);
        }
    return hash;
}

// What no sender makes: nothing in it, an end that the next one can't begin at (RFC 791, 3.2), or a
// first one without even the least upper layer.
bool is_tiny(const Fragment& fragment) {
    constexpr uint32_t least_l4 = 8;
    return fragment.length == 0 || (fragment.more && fragment.length % 8 != 0) ||
           (fragment.offset == 0 && fragment.length < least_l4);
}

bool is_past_the_end(const Fragment& fragment) {
    const uint32_t most = fragment.key.six ? 0xffff : 0xffff - sizeof(Ipv4Header);
    return fragment.offset + fragment.length > most;
}

} // namespace

struct Fragments::Table {
    Table(const FragmentLimits& limits_in, uint64_t ticks_per_second, Leave leave_in,
          void* context_in)
        : limits(limits_in), lifetime(limits_in.seconds * ticks_per_second),
          lifetime6(limits_in.seconds6 * ticks_per_second), leave(leave_in), context(context_in),
          seed(random_seed()), pool(limits_in.datagrams), pieces(limits_in.pieces),
          buckets(limits_in.datagrams, none), accounts(2 * Destination::max_ports) {}

    const FragmentLimits limits;
    const uint64_t lifetime, lifetime6;
    const Leave leave;
    void* const context;
    const uint64_t seed;
    Pool<Datagram> pool;
    Pool<Piece> pieces;
    std::vector<uint32_t> buckets;
    std::vector<Account> accounts; // by port, outbound and inbound in turn
    List<&Datagram::age> old, old6;
    uint32_t held = 0;
    uint32_t last_number = 0;

    uint32_t& bucket(const FragmentKey& key) {
        return buckets[hash_of(key, seed) % buckets.size()];
    }
    auto& family(const Datagram& datagram) { return datagram.key.six ? old6 : old; }

    uint32_t find(const FragmentKey& key) {
        uint32_t i = bucket(key);
        while (i != none && !(pool[i].key == key))
            i = pool[i].next;
        return i;
    }

    // none: the account has all that it may, and nothing to give up for it.
    uint32_t make(const FragmentKey& key, uint32_t account_number, uint64_t now) {
        Account& account = accounts[account_number];
        uint32_t allowed = std::min(limits.datagrams_each, pool.left());
        if (account.count > 0 && account.count >= allowed)
            forget(account.least(), Verdict::frag_quota);
        uint32_t i = pool.take();
        if (i == none)
            return none;
        Datagram& datagram = pool[i];
        datagram.key = key;
        last_number += last_number == UINT32_MAX ? 2 : 1; // none has 0
        datagram.number = last_number;
        datagram.account = account_number;
        datagram.until = now + (key.six ? lifetime6 : lifetime);
        uint32_t& head = bucket(key);
        datagram.next = head;
        head = i;
        family(datagram).push_back(pool, i);
        account.others.push_back(pool, i);
        ++account.count;
        return i;
    }

    void vouch(const Ticket& ticket) {
        Datagram& datagram = pool[ticket.index];
        if (!ticket.number || datagram.number != ticket.number || datagram.is_vouched_for)
            return;
        Account& account = accounts[datagram.account];
        account.others.remove(pool, ticket.index);
        datagram.is_vouched_for = true;
        account.vouched.push_back(pool, ticket.index);
    }

    // What is held of it leaves.
    void forget(uint32_t i, Verdict why) {
        Datagram& datagram = pool[i];
        drop_pieces(datagram, why);
        uint32_t* link = &bucket(datagram.key);
        while (*link != i)
            link = &pool[*link].next;
        *link = datagram.next;
        family(datagram).remove(pool, i);
        Account& account = accounts[datagram.account];
        account.list_of(datagram).remove(pool, i);
        --account.count;
        datagram.number = 0;
        pool.give(i);
    }

    void drop_pieces(Datagram& datagram, Verdict why) {
        for (uint32_t i = datagram.first_piece; i != none;) {
            uint32_t next = pieces[i].next;
            if (pieces[i].state == Piece::State::held)
                let_go(datagram, pieces[i], why);
            pieces.give(i);
            i = next;
        }
        datagram.first_piece = datagram.last_piece = none;
        datagram.pieces = datagram.released = 0;
    }

    bool let_go(Datagram& datagram, Piece& piece, Verdict why) {
        --datagram.held;
        --accounts[datagram.account].held;
        --held;
        return leave(context, piece.arrival, why);
    }

    // From now on nothing of it passes, until its time is over.
    Fate refuse(Datagram& datagram, Verdict why) {
        drop_pieces(datagram, why);
        datagram.refused = why;
        return {Fate::Kind::refused, why};
    }

    // False where it contradicts what is known of the datagram.
    bool fits(const Datagram& datagram, const Fragment& fragment) {
        uint32_t end = fragment.offset + fragment.length;
        if (datagram.length &&
            (end > *datagram.length || (!fragment.more && end != datagram.length)))
            return false;
        for (uint32_t i = datagram.first_piece; i != none; i = pieces[i].next) {
            const Piece& piece = pieces[i];
            bool apart = end <= piece.offset || piece.end() <= fragment.offset;
            if (!apart || (!fragment.more && piece.end() > end))
                return false;
        }
        return true;
    }

    // One that has been here, of those the one that is awaited back.
    uint32_t find_same(const Datagram& datagram, const Fragment& fragment, uint64_t digest) {
        uint32_t found = none;
        for (uint32_t i = datagram.first_piece; i != none; i = pieces[i].next)
            if (pieces[i].is(fragment, digest)) {
                found = i;
                if (pieces[i].state == Piece::State::released)
                    break;
            }
        return found;
    }

    uint32_t add_piece(Datagram& datagram, const Fragment& fragment, uint64_t digest) {
        uint32_t i = datagram.pieces < limits.pieces_of_one ? pieces.take() : none;
        if (i == none)
            return none;
        Piece& piece = pieces[i];
        piece.offset = fragment.offset;
        piece.length = fragment.length;
        piece.more = fragment.more;
        piece.digest = digest;
        (datagram.last_piece == none ? datagram.first_piece : pieces[datagram.last_piece].next) = i;
        datagram.last_piece = i;
        ++datagram.pieces;
        return i;
    }

    // The first datagram on from this one that frames are held of, other than that.
    uint32_t next_held(uint32_t i, uint32_t other_than) {
        while (i != none && (i == other_than || pool[i].held == 0))
            i = pool[i].own.next;
        return i;
    }

    bool may_hold(uint32_t datagram) {
        Account& account = accounts[pool[datagram].account];
        uint32_t allowed = std::min(limits.held_each, limits.held - held);
        if (account.held < allowed)
            return true;
        uint32_t least = next_held(account.others.front(), datagram);
        if (least == none)
            least = next_held(account.vouched.front(), datagram);
        if (least == none)
            return false;
        forget(least, Verdict::frag_quota);
        return true;
    }

    void hold(Datagram& datagram, Piece& piece, const Arrival& arrival) {
        piece.state = Piece::State::held;
        piece.arrival = arrival;
        ++datagram.held;
        ++accounts[datagram.account].held;
        ++held;
    }

    // One that is lost on its way back is not waited for: the receiver misses it, nobody here.
    void release_all(Datagram& datagram) {
        for (uint32_t i = datagram.first_piece; i != none; i = pieces[i].next)
            if (pieces[i].state == Piece::State::held) {
                bool returns = let_go(datagram, pieces[i], Verdict::next);
                pieces[i].state = returns ? Piece::State::released : Piece::State::passed;
                datagram.released += returns;
            }
    }

    Fate pass(uint32_t i) {
        UpperLayer upper = *pool[i].upper;
        if (pool[i].is_complete())
            forget(i, Verdict::next);
        return {Fate::Kind::pass, Verdict::next, upper};
    }

    // A fragment of a datagram that isn't refused.
    Fate join(uint32_t i, const Fragment& fragment, const Arrival& arrival) {
        Datagram& datagram = pool[i];
        uint64_t digest = digest_of(arrival.frame, fragment.data, fragment.length, seed);
        uint32_t same = find_same(datagram, fragment, digest);
        if (same != none && pieces[same].state != Piece::State::held)
            return pass_again(i, pieces[same]);
        if (same == none && !fits(datagram, fragment))
            return refuse(datagram, Verdict::frag_overlap);
        uint32_t added = add_piece(datagram, fragment, digest);
        if (added == none)
            return refuse(datagram, Verdict::frag_quota);
        if (same == none)
            count_bytes(datagram, fragment);
        if (fragment.offset == 0)
            return lead(i, fragment);
        return follow(i, pieces[added], arrival);
    }

    Fate pass_again(uint32_t i, Piece& piece) {
        if (piece.state == Piece::State::released) {
            piece.state = Piece::State::passed;
            --pool[i].released;
        }
        return pass(i);
    }

    void count_bytes(Datagram& datagram, const Fragment& fragment) {
        datagram.seen += fragment.length;
        if (!fragment.more)
            datagram.length = fragment.offset + fragment.length;
    }

    // The first fragment: those that waited for it come behind.
    Fate lead(uint32_t i, const Fragment& fragment) {
        pool[i].upper = fragment.upper.value_or(UpperLayer{});
        release_all(pool[i]);
        Ticket ticket{i, pool[i].number};
        Fate fate = pass(i);
        fate.ticket = ticket;
        return fate;
    }

    Fate follow(uint32_t i, Piece& piece, const Arrival& arrival) {
        Datagram& datagram = pool[i];
        if (datagram.upper && datagram.released == 0)
            return pass(i);
        if (!may_hold(i))
            return refuse(datagram, Verdict::frag_quota);
        hold(datagram, piece, arrival);
        if (datagram.upper) // behind those that are on their way back
            release_all(datagram);
        return {Fate::Kind::held};
    }

    bool has_expired(const List<&Datagram::age>& list, uint64_t now) {
        return list.front() != none && pool[list.front()].until <= now;
    }
    bool expire(const List<&Datagram::age>& list, uint64_t now) {
        constexpr int most = 8; // a call
        for (int n = 0; n < most && has_expired(list, now); ++n)
            forget(list.front(), Verdict::frag_timeout);
        return has_expired(list, now);
    }

    void forget_all(Account& account, Verdict why) {
        while (account.least() != none)
            forget(account.least(), why);
    }
    void claim(Account& account, uint32_t owner) {
        if (account.owner != owner)
            forget_all(account, Verdict::tx_no_port);
        account.owner = owner;
    }
};

Fragments::Fragments(const FragmentLimits& limits, uint64_t ticks_per_second, Leave leave,
                     void* context)
    : table_(std::make_unique<Table>(limits, ticks_per_second, leave, context)) {}

Fragments::~Fragments() { clear(); }

void Fragments::clear() {
    if (datagrams() == 0)
        return;
    for (Account& account : table_->accounts)
        table_->forget_all(account, Verdict::frag_timeout);
}

Fate Fragments::take(const Fragment& fragment, const Arrival& arrival,
                     const FragmentAccount& account, uint64_t now) {
    expire(now);
    uint32_t number = 2 * account.port.value() + account.inbound;
    table_->claim(table_->accounts[number], account.owner);
    uint32_t i = table_->find(fragment.key);
    Verdict wrong = is_past_the_end(fragment) ? Verdict::frag_overflow
                    : is_tiny(fragment)       ? Verdict::frag_tiny
                                              : Verdict::next;
    if (wrong != Verdict::next)
        return i == none ? Fate{Fate::Kind::refused, wrong}
                         : table_->refuse(table_->pool[i], wrong);
    if (i == none)
        i = table_->make(fragment.key, number, now);
    if (i == none)
        return {Fate::Kind::refused, Verdict::frag_quota};
    if (Verdict refused = table_->pool[i].refused; refused != Verdict::next)
        return {Fate::Kind::refused, refused};
    return table_->join(i, fragment, arrival);
}

bool Fragments::knows(const FragmentKey& key) const { return table_->find(key) != none; }

void Fragments::vouch(Ticket ticket) { table_->vouch(ticket); }

bool Fragments::expire(uint64_t now) {
    bool more = table_->expire(table_->old, now);
    return table_->expire(table_->old6, now) || more;
}

void Fragments::forget_port(PortId port) {
    for (uint32_t direction : {0u, 1u})
        table_->forget_all(table_->accounts[2 * port.value() + direction], Verdict::tx_no_port);
}

uint32_t Fragments::datagrams() const { return table_->pool.used(); }
uint32_t Fragments::held() const { return table_->held; }

namespace {

Ipv6Addr mapped(uint32_t ip4) {
    Ipv6Addr address;
    address.bytes[10] = address.bytes[11] = 0xff;
    Be32 bytes(ip4);
    std::memcpy(address.bytes.data() + 12, &bytes, sizeof bytes);
    return address;
}

NextHopId peer_of(const Packet& packet) { return packet.from_tunnel ? packet.peer : NextHopId(0); }

Fragment fragment4(const Packet& packet, Place place) {
    const auto* ip = packet.at<Ipv4Header>(packet.l3);
    auto header = static_cast<uint32_t>(ip->header_length());
    return {.key = {.place = place,
                    .source = mapped(packet.ip4_source),
                    .destination = mapped(packet.ip4_destination),
                    .id = ip->id(),
                    .peer = peer_of(packet),
                    .protocol = packet.protocol,
                    .six = false},
            .offset = static_cast<uint32_t>(ip->fragment_offset()),
            .length = ip->total_length() - header,
            .more = ip->more_fragments(),
            .data = packet.l3 + header,
            .upper = std::nullopt};
}

Fragment fragment6(const Packet& packet, Place place) {
    Cursor cursor(packet.data, packet.linear);
    cursor.skip(packet.l3);
    const auto* ip = cursor.take<Ipv6Header>();
    Ipv6Chain chain = walk_extensions(cursor, ip->next_header());
    return {.key = {.place = place,
                    .source = ip->source(),
                    .destination = ip->destination(),
                    .id = chain.fragment_id,
                    .peer = peer_of(packet),
                    .protocol = 0,
                    .six = true},
            .offset = chain.fragment_offset,
            .length = uint32_t{ip->payload_length()} - chain.fragment_end,
            .more = chain.more_fragments,
            .data = packet.l3 + uint32_t{sizeof *ip} + chain.fragment_end,
            .upper = std::nullopt};
}

} // namespace

Fragment fragment_of(const Packet& packet, Place place, const UpperLayer& upper) {
    Fragment fragment =
        packet.ether_type == ether_type::ip4 ? fragment4(packet, place) : fragment6(packet, place);
    if (packet.has_l4)
        fragment.upper = upper;
    return fragment;
}

} // namespace ringfence
