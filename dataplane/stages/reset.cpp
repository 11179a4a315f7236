#include "dataplane/stages/reset.h"

#include <array>
#include <optional>
#include <span>

#include "dataplane/stages/tuple.h"
#include "edge-router/icmp/reset.h"

namespace ringfence {

namespace {

using Room = std::array<uint8_t, max_tcp_reset_frame>;

MacAddr first_mac(const std::array<uint8_t, 12>& macs) {
    MacAddr mac;
    std::memcpy(mac.bytes.data(), macs.data(), mac.bytes.size());
    return mac;
}
MacAddr second_mac(const std::array<uint8_t, 12>& macs) {
    MacAddr mac;
    std::memcpy(mac.bytes.data(), macs.data() + mac.bytes.size(), mac.bytes.size());
    return mac;
}
// As the frame is, and as an answer to it is.
Link along(const std::array<uint8_t, 12>& macs) { return {second_mac(macs), first_mac(macs)}; }
Link against(const std::array<uint8_t, 12>& macs) { return {first_mac(macs), second_mac(macs)}; }

template <class Address> class Ends {
public:
    Ends(Worker& worker, EntryId entry)
        : worker_(worker), table_(worker.connections().table<Address>()),
          from_port_(table_.half(entry, Side::from_port)),
          to_port_(table_.half(entry, Side::to_port)), record_(table_.record(entry)) {}

    void reset() {
        bool is_tcp = from_port_.half->key.protocol() == ip_protocol::tcp;
        if (!is_tcp || record_.state() == TcpState::none || record_.state() == TcpState::closed)
            return;
        reset_port();
        if (is_written(to_port_) && place(to_port_).kind() == Place::Kind::segment)
            reset_peer_by_arrival();
        else if (is_written(from_port_) && way(from_port_).target.kind != Target::Kind::port)
            reset_peer_by_departure();
    }

private:
    using Hit = typename ConnectionTable<Address>::Hit;

    static bool is_written(const Hit& hit) { return hit.half->is(Half<Address>::written); }
    static Place place(const Hit& hit) { return hit.half->key.place(); }
    const Way& way(const Hit& hit) { return worker_.connections().ways()[hit.half->way_id()]; }
    PortId port() const { return from_port_.half->local_port(); }

    void reset_port() {
        std::optional<Link> link;
        if (is_written(from_port_))
            link = against(way(from_port_).arrives_with);
        else if (is_written(to_port_))
            link = along(way(to_port_).leaves_with);
        if (!link)
            return;
        Room room;
        size_t size = build_tcp_reset(room, *link, from_port_.half->key.tuple().reversed(),
                                      reset_for(record_, table_.end_of(from_port_)));
        worker_.generate(std::span(room).first(size), port(), port());
    }

    // As an answer to what has come from the other end.
    void reset_peer_by_arrival() {
        Room room;
        size_t size = build_tcp_reset(room, against(way(to_port_).arrives_with),
                                      to_port_.half->key.tuple().reversed(), numbers_for_peer());
        worker_.generate(std::span(room).first(size), port(), place(to_port_).segment());
    }

    // As what the port sends leaves, where nothing has come back yet.
    void reset_peer_by_departure() {
        const Way& out = way(from_port_);
        Room room;
        size_t size = build_tcp_reset(room, along(out.leaves_with), from_port_.half->key.tuple(),
                                      numbers_for_peer());
        uint8_t* l3 = room.data() + sizeof(EthernetHeader);
        uint8_t* l4 = room.data() + size - sizeof(TcpHeader);
        from_port_.half->rewrite.apply(0, l3, l4, ip_protocol::tcp);
        worker_.generate(std::span(room).first(size), port(), out.target.segment);
    }

    ResetNumbers numbers_for_peer() const {
        return reset_for(record_, other(table_.end_of(from_port_)));
    }

    Worker& worker_;
    ConnectionTable<Address>& table_;
    const Hit from_port_, to_port_;
    const TcpRecord& record_;
};

template <class Address>
void answer_with_reset(Worker& worker, const Packet& packet, SegmentId came_in,
                       const TcpSegment& segment) {
    Room room;
    Link link{MacAddr::from_u64(packet.destination), MacAddr::from_u64(packet.source)};
    size_t size = build_tcp_reset(room, link, tuple_of<Address>(packet).reversed(),
                                  reset_for_sender(segment));
    auto frame = std::span(room).first(size);
    if (is_sent(packet))
        worker.generate(frame, packet.port->id, packet.port->id);
    else
        worker.generate(frame, packet.port->id, came_in);
}

} // namespace

template <class Address> void reset_both_ends(Worker& worker, EntryId entry) {
    Ends<Address>(worker, entry).reset();
}

void reset_sender(Worker& worker, const Packet& packet, SegmentId came_in, const Charged& charged) {
    if (packet.protocol != ip_protocol::tcp || !packet.has_l4)
        return;
    by_family(packet, [&]<class Address>() {
        auto segment = TcpSegment::read(packet.data + packet.l4, size_t{packet.linear} - packet.l4,
                                        l4_length<Address>(packet));
        if (segment && !segment->has(tcp_flag::rst) && may_answer(worker, charged))
            answer_with_reset<Address>(worker, packet, came_in, *segment);
    });
}

template void reset_both_ends<Ipv4Addr>(Worker&, EntryId);
template void reset_both_ends<Ipv6Addr>(Worker&, EntryId);

} // namespace ringfence
