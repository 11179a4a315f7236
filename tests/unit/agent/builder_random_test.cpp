// Random changes of southbound rows and local facts: incremental equals full.
#include <random>

#include "builder_fixture.h"

namespace ringfence::test {

namespace {

// Whatever happened on the way, the outcome is that of the rows that are there in the end.
class RandomBuilderTest : public FabricBuilderTest {
protected:
    unsigned pick(unsigned n) { return static_cast<unsigned>(random_()) % n; }
    std::string one_of(const std::string& prefix, unsigned n) {
        return prefix + std::to_string(pick(n));
    }
    void change_a_router();
    void change_what_it_needs();
    void change_a_group();
    void change_who_has_an_address();
    template <class Row> void put_or_erase(const Row& row) {
        if (pick(3))
            put(row);
        else if (table<Row>().find(row.uuid))
            erase(row);
    }

    std::mt19937 random_{20261122};
};

void RandomBuilderTest::change_a_router() {
    std::string name = one_of("r", 4);
    auto row = router(name, "s0");
    row.fence = pick(2);
    row.translation = pick(4) ? "one-to-one" : pick(2) ? "none" : "ports";
    put_or_erase(row);
}

// Its interfaces, routes, held addresses and policies.
void RandomBuilderTest::change_what_it_needs() {
    std::string name = one_of("r", 4), on = one_of("s", 4);
    // A MAC of its own in the segment, as the database's index wants it.
    auto interface =
        interface_of(name, on, pick(2) ? "inside" : "outside", "02:52:46:00:00:0" + name.substr(1));
    interface.addresses = {fmt::format("10.1.{}.{}/24", pick(2), name.substr(1))};
    interface.policies = {one_of("p", 3)};
    switch (pick(5)) {
    case 4:
        return change_a_group();
    case 0:
        return put_or_erase(interface);
    case 1:
        return put_or_erase(
            route(interface, fmt::format("10.{}.0.0/16", pick(4)), pick(2) ? "10.1.0.1" : ""));
    case 2: {
        auto row = nat(name, on, fmt::format("10.2.0.{}", pick(6)), "10.3.0.1", one_of("n", 12));
        const char* hosts[] = {"a", "h0", "h1", "nobody"};
        if (pick(4))
            row.host = hosts[pick(4)];
        row.protocol = pick(8) ? 0 : 6;
        return put_or_erase(row);
    }
    default: {
        auto row = rule(one_of("p", 3), pick(2) ? "in" : "out", pick(2) ? "allow" : "drop");
        row.domain = one_of("d", 2);
        row.priority = pick(3);
        if (pick(2))
            row.source_groups = {one_of("g", 3)};
        if (pick(8) == 0)
            row.source = {"nonsense"};
        return put_or_erase(row);
    }
    }
}

void RandomBuilderTest::change_a_group() {
    auto row = group(one_of("g", 3), {fmt::format("10.4.0.{}", pick(4))});
    row.domain = one_of("d", 2);
    row.uuid = id(row.domain + row.name);
    if (pick(2))
        row.outside = row.domain == "d0" ? "d1" : "d2"; // which has none
    if (pick(3) == 0)
        row.hidden = {fmt::format("10.4.0.{}", pick(4))};
    if (pick(8) == 0)
        row.prefixes = {"nonsense"};
    put_or_erase(row);
}

void RandomBuilderTest::change_who_has_an_address() {
    auto row = virtual_address(fmt::format("10.0.0.{}", 8 + pick(8)), one_of("s", 4),
                               pick(4) ? one_of("n", 12) : "", pick(20));
    if (pick(2))
        return put_or_erase(row);
    SegmentAddress address{row.segment, *IpAddr::from(row.address)};
    if (pick(3))
        facts_.claims[address] = {one_of("n", 12), pick(20)};
    else
        facts_.claims.erase(address);
}

TEST_F(RandomBuilderTest, IncrementalEqualsFull) {
    for (int step = 0; step < 5000; ++step) {
        unsigned n = pick(12);
        std::string number = std::to_string(n);
        switch (pick(18)) {
        case 10:
            change_a_router();
            break;
        case 11:
        case 12:
        case 13:
            change_what_it_needs();
            break;
        case 16:
        case 17:
            change_who_has_an_address();
            break;
        case 8: // of any MAC and port, a NIC's own among them
            put(learned(fmt::format("02:00:00:00:00:{:02x}", pick(20)), "s" + std::to_string(n % 4),
                        pick(2) ? "h0" : "a", "n" + std::to_string(pick(12))));
            break;
        case 9:
            if (auto mac = fmt::format("02:00:00:00:00:{:02x}", pick(20));
                tables_.learned_mac.find(id("learned s" + std::to_string(n % 4) + mac)))
                erase(learned(mac, "s" + std::to_string(n % 4), "", ""));
            break;
        case 0:
            put(segment("s" + std::to_string(n % 4), 100 + n % 4));
            break;
        case 1:
            if (tables_.segment.find(id("s" + std::to_string(n % 4))))
                erase(segment("s" + std::to_string(n % 4), 0));
            break;
        case 2:
            put(host("h" + std::to_string(n % 3), "192.0.2.1" + std::to_string(n % 3)));
            break;
        case 3:
            if (tables_.host.find(id("host h" + std::to_string(n % 3))))
                erase(host("h" + std::to_string(n % 3), ""));
            break;
        case 4:
            if (pick(2))
                plug("tap" + number, n, pick(4) ? "n" + number : "");
            else
                facts_.ports.erase("tap" + number);
            break;
        case 5:
            if (tables_.logical_port.find(id("port n" + number)))
                erase(nic("n" + number, "", "", ""));
            break;
        default: {
            auto row = nic("n" + number, "s" + std::to_string(pick(4)),
                           fmt::format("02:00:00:00:00:{:02x}", n), "10.0.0." + number);
            const char* hosts[] = {"a", "h0", "h1", "h2", "nobody"};
            if (pick(4))
                row.host = hosts[pick(5)];
            if (pick(3) == 0)
                row.port_security = "trusted";
            for (unsigned shared = pick(3); shared; --shared) // NICs' own addresses among them
                row.virtual_addresses[fmt::format("10.0.0.{}", 8 + pick(8))] =
                    pick(2) ? row.mac : fmt::format("02:00:00:00:00:{:02x}", 10 + pick(5));
            if (pick(3) == 0)
                row.policies = {one_of("p", 3)};
            put(row);
        }
        }
        if (pick(3))
            continue;
        std::string incremental = fabric();
        for (const Move& move : builder_.take_moves())
            builder_.forget(move);
        Ids same_ids = ids_;
        FabricBuilder full(same_ids);
        full.reload(tables_);
        full.set_facts(facts_);
        ASSERT_EQ(incremental, dump(*full.finish())) << "after step " << step;
    }
}

} // namespace

} // namespace ringfence::test
