// The fuzz targets for a few seconds, without libFuzzer: templates with bytes changed, cut out,
// doubled and cut off. Deterministic; a failure prints the input's number.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "tests/fuzz/one_input.h"
#include "tests/fuzz/ovsdb_templates.h"
#include "tests/packet/templates.h"

namespace ringfence::fuzz {

namespace {

using Bytes = std::vector<uint8_t>;

Bytes mutated(Bytes bytes, std::mt19937& random) {
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (unsigned changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
        size_t at = random() % bytes.size();
        auto here = bytes.begin() + static_cast<long>(at);
        auto some = static_cast<long>(random() % std::min<size_t>(16, bytes.size() - at));
        switch (random() % 6) {
        case 0:
            *here = static_cast<uint8_t>(random());
            break;
        case 1:
            *here = edges[random() % 5];
            break;
        case 2:
            *here = static_cast<uint8_t>(*here ^ 1u << random() % 8);
            break;
        case 3:
            bytes.resize(at);
            break;
        case 4:
            bytes.erase(here, here + some);
            break;
        case 5: {
            Bytes again(here, here + some);
            bytes.insert(here, again.begin(), again.end());
            break;
        }
        }
    }
    return bytes;
}

void run(const std::vector<Bytes>& templates, void (*one)(const uint8_t*, size_t)) {
    std::mt19937 random(2026);
    for (int i = 0; i < 20'000; ++i) {
        Bytes input = mutated(templates[random() % templates.size()], random);
        SCOPED_TRACE(i);
        one(input.data(), input.size());
    }
}

} // namespace

TEST(Mutations, OfNicFramesAreAllAccountedFor) { run(test::nic_templates(), from_nic); }
TEST(Mutations, OfABridgesFramesAreAllAccountedFor) { run(test::nic_templates(), from_bridged); }
TEST(Mutations, OfWireFramesAreAllAccountedFor) { run(test::wire_templates(), from_wire); }

TEST(Mutations, OfIcmpErrorsAreTranslatedOrRefused) { run(test::error_templates(), quote); }

TEST(Mutations, OfDhcpAreAnsweredOrRefused) { run(test::dhcp_templates(), dhcp); }
TEST(Mutations, OfDhcp6AreAnsweredOrRefused) { run(test::dhcp6_templates(), dhcp6); }
TEST(Mutations, OfNeighbourDiscoveryAreAllAccountedFor) {
    run(test::nd_templates(), neighbour_discovery);
}

TEST(Mutations, OfWhatADatabaseSendsAreReadOrRefused) { run(ovsdb_templates(), ovsdb_stream); }

TEST(Mutations, OfFragmentsAreAllAccountedFor) {
    std::mt19937 random(2026);
    for (int i = 0; i < 4'000; ++i) {
        Bytes script(4 * (1 + random() % 40));
        for (auto& byte : script)
            byte = static_cast<uint8_t>(random());
        SCOPED_TRACE(i);
        fragments(script.data(), script.size());
    }
}

} // namespace ringfence::fuzz
