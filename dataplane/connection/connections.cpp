#include "dataplane/connection/connections.h"

#include <algorithm>
#include <vector>

#include "dataplane/fabric/destination.h"

namespace ringfence {

namespace {

constexpr size_t max_ports = Destination::max_ports;

// What the region holds, in its order.
enum Part : size_t {
    control,
    generations,
    ports,
    noted_by_port,
    noted_by_place,
    ways,
    way_links,
    way_chains,
    buckets4,
    halves4,
    records4,
    buckets6,
    halves6,
    records6,
};

// Words that belong to no array.
struct Control {
    ConnectionTable<Ipv4Addr>::Control table4;
    ConnectionTable<Ipv6Addr>::Control table6;
    Ways::Control ways;
    uint32_t changing;
    Moment now;
};

// Seven of ten slots of the index are taken when the table is full: two an entry. With more, keys
// are displaced often; with 17 bytes an entry the index is small either way.
uint64_t bucket_count(uint32_t entries) { return uint64_t{entries} * 2 / 7 + 4; }

template <class T> Section section(std::string_view name, uint64_t count) {
    return {name, sizeof(T), count};
}

std::vector<Section> sections(const ConnectionSettings& settings) {
    const uint64_t entries4 = uint64_t{settings.capacity4} + 1;
    const uint64_t entries6 = uint64_t{settings.capacity6} + 1;
    return {
        section<Control>("control", 1),
        section<uint32_t>("generations", max_ports),
        section<PortConnections>("ports", max_ports),
        section<Noted::OfPort>("noted by port", max_ports),
        section<Noted::OfPlace>("noted by place", Noted::places),
        section<Way>("ways", settings.ways),
        section<Ways::Link>("way links", settings.ways),
        section<uint32_t>("way chains", settings.ways),
        section<Bucket>("IPv4 buckets", bucket_count(settings.capacity4)),
        section<Half<Ipv4Addr>>("IPv4 halves", entries4 * 2),
        section<TcpRecord>("IPv4 records", entries4),
        section<Bucket>("IPv6 buckets", bucket_count(settings.capacity6)),
        section<Half<Ipv6Addr>>("IPv6 halves", entries6 * 2),
        section<TcpRecord>("IPv6 records", entries6),
    };
}

Control& control_of(Region& region) { return region.section<Control>(Part::control)[0]; }

Ways ways_of(Region& region) {
    return Ways(control_of(region).ways, region.section<Way>(Part::ways),
                region.section<Ways::Link>(Part::way_links),
                region.section<uint32_t>(Part::way_chains));
}

ConnectionTable<Ipv4Addr>::Memory memory4(Region& region) {
    return {control_of(region).table4, region.section<Bucket>(Part::buckets4),
            region.section<Half<Ipv4Addr>>(Part::halves4),
            region.section<TcpRecord>(Part::records4)};
}

ConnectionTable<Ipv6Addr>::Memory memory6(Region& region) {
    return {control_of(region).table6, region.section<Bucket>(Part::buckets6),
            region.section<Half<Ipv6Addr>>(Part::halves6),
            region.section<TcpRecord>(Part::records6)};
}

} // namespace

Result<std::unique_ptr<Connections>> Connections::create(const std::string& path,
                                                         const ConnectionSettings& settings) {
    std::vector<Section> layout = sections(settings);
    auto region = path.empty() ? Region::anonymous(layout) : Region::create(path, layout);
    if (!region)
        return tl::unexpected(region.error());
    return std::unique_ptr<Connections>(new Connections(std::move(*region), settings));
}

Result<std::unique_ptr<Connections>> Connections::take_over(const std::string& path,
                                                            const ConnectionSettings& settings) {
    auto region = Region::open(path, sections(settings));
    if (!region)
        return tl::unexpected(region.error());
    if (control_of(*region).changing != 0)
        return fail(ErrorKind::conflict, "{}: who had it ended in the middle of a change", path);
    std::unique_ptr<Connections> taken(new Connections(std::move(*region), settings));
    taken->ways().forget_places();
    taken->raise_all();
    taken->is_resuming_ = true;
    return taken;
}

Connections::Connections(Region region, const ConnectionSettings& settings)
    : region_(std::move(region)), shared_{settings,
                                          control_of(region_).now,
                                          control_of(region_).changing,
                                          region_.section<uint32_t>(Part::generations),
                                          region_.section<PortConnections>(Part::ports),
                                          ways_of(region_)},
      kept_now_(control_of(region_).now),
      noted_(region_.section<Noted::OfPort>(Part::noted_by_port),
             region_.section<Noted::OfPlace>(Part::noted_by_place)),
      table4_(memory4(region_), shared_), table6_(memory6(region_), shared_),
      denials4_(settings.denials, HashSeed::random()),
      denials6_(settings.denials, HashSeed::random()) {}

// It goes on where it stood: time in which nobody forwarded is no silence.
void Connections::resume_clock(Moment now) {
    ahead_ = kept_now_.since(now);
    swept_at_ = kept_now_;
    is_resuming_ = false;
}

// What is noted is noted again by the decisions that are now made anew. Cut entries are not decided
// again, so that what they passed must stay noted; and whose the port is, every entry stands on.
void Connections::raise(PortId id) {
    PortConnections& port = shared_.ports[id.value()];
    uint32_t generation = ++shared_.generations[id.value()];
    constexpr uint32_t long_ago = 1u << 30; // every entry was visited since, many times
    if (generation - port.claimed > long_ago)
        port.claimed = generation - long_ago;
    ++port.voided;
    if (port.cut == 0)
        noted_.forget(id);
    if (port.owner != 0)
        note(id, ObjectId(id));
}

void Connections::raise_all() {
    for (uint32_t port = 0; port < max_ports; ++port)
        raise(PortId(port));
}

void Connections::widen(PortId id) {
    PortConnections& port = shared_.ports[id.value()];
    ++port.voided;
    ++port.widenings;
}

void Connections::claim(PortId id, uint32_t owner, uint32_t quota) {
    PortConnections& port = shared_.ports[id.value()];
    port.quota = quota;
    if (port.owner == owner) [[likely]]
        return;
    if (port.owner != 0) {
        raise(id);
        port.claimed = shared_.generations[id.value()];
    }
    port.owner = owner;
    note(id, ObjectId(id));
}

void Connections::share_among(uint32_t ports) {
    table4_.share_among(ports);
    table6_.share_among(ports);
    shared_.ways.shares().divide(ports, [&](auto add) {
        for (const PortConnections& port : shared_.ports)
            add(port.ways);
    });
}

bool Connections::forget_port(PortId id, uint32_t n) {
    uint32_t before = size();
    if (!table4_.forget_port(id, n) || !table6_.forget_port(id, n - (before - size())))
        return false;
    shared_.ports[id.value()].quota = 0;
    shared_.ports[id.value()].owner = 0;
    raise(id);
    return true;
}

void Connections::adopt_port(Connections& from, PortId id) {
    forget_port(id);
    const PortConnections& theirs = from.port(id);
    if (theirs.owner != 0)
        claim(id, theirs.owner, theirs.quota);
    table4_.adopt_port(from.table4_, id);
    table6_.adopt_port(from.table6_, id);
    noted_.adopt(from.noted_, id); // cut entries go on standing on it
    from.forget_port(id);
    raise(id);
}

void Connections::flush() {
    for (uint32_t port = 0; port < max_ports; ++port)
        if (shared_.ports[port].size())
            forget_port(PortId(port));
}

Connections::Due Connections::take_due(uint32_t limit) {
    uint32_t elapsed = now().since(swept_at_);
    swept_at_ = now();
    Due due;
    due.entries4 = pace4_.take(table4_.end().value() - 1, elapsed, limit);
    due.entries6 = pace6_.take(table6_.end().value() - 1, elapsed, limit - due.entries4);
    due.more = pace4_.is_behind() || pace6_.is_behind();
    return due;
}

uint32_t Connections::Pace::take(uint32_t entries, uint32_t elapsed, uint32_t limit) {
    constexpr uint32_t second = 1'000;
    owed_ = std::min(owed_ + uint64_t{entries} * elapsed, uint64_t{entries} * second);
    auto taken = static_cast<uint32_t>(std::min<uint64_t>(owed_ / second, limit));
    owed_ -= uint64_t{taken} * second;
    return taken;
}

} // namespace ringfence
