// Random edge routers for the randomized test: networks of acme in every mode, their routers,
// outside addresses and routes, mostly as a client would write them and at times as nobody should.
#pragma once

#include <random>

#include "tests/unit/controller/edge_cloud.h"

namespace ringfence::test {

class RandomEdges {
public:
    // Both outlive it. What is made is named after `serial`, which no two of one cloud share.
    RandomEdges(std::mt19937& random, northbound::Tables& intent, int64_t serial)
        : random_(random), intent_(intent), serial_(serial) {}

    // Networks r0 to r2 (r2 has IPv6, too), r0 and r1 routed by edge "main"; vApps below them. The
    // network pool is widened for their VNIs.
    static void start(northbound::Tables& intent);
    void step();

private:
    size_t pick(size_t count) { return random_() % count; }
    bool rarely() { return pick(10) == 0; }
    template <class Row> std::optional<Row> any(const ovsdb::Table<Row>& table);
    std::optional<northbound::OrganizationNetwork> any_parent();
    std::set<std::string> addresses_on(const std::set<std::string>& subnets, size_t first);

    void add_vapp_network();
    void remove_vapp_network();
    void switch_mode();
    void deploy();
    void add_nic();
    void change_addresses();
    void change_inbound();
    void make_edge();
    void attach();
    void detach();
    void change_route();
    void forget_something();
    void mend();

    void meet(northbound::VappNetwork network);
    // Makes what stands around a network what its mode asks for.
    void settle(const northbound::OrganizationNetwork& network);
    void settle(const northbound::VappNetwork& network);
    void settle_edge(const northbound::VappNetwork& network);
    void settle_nic(northbound::Nic nic, const northbound::VappNetwork& network);

    std::mt19937& random_;
    northbound::Tables& intent_;
    int64_t serial_;
};

// The schema's indexes and references hold among all that was compiled of edge routers.
void expect_sound_edges(const southbound::Tables& rows);

// How much of each kind was compiled: a random test that never makes any proves nothing.
struct SeenEdges {
    size_t fences = 0, translated = 0, untranslated = 0, of_organizations = 0;
    size_t joined = 0; // segments in another's domain
    size_t nat4 = 0, nat6 = 0, placed = 0, by_itself = 0, by_hand = 0, open = 0;

    void note(const southbound::Tables& rows);
    size_t least() const;
};

} // namespace ringfence::test
