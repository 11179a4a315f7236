// Checksums that a sender leaves to its network device, held against the tests' own routine. Large
// frames are tests/packet/cases/large.case.
#include "dataplane/ports/offload.h"

#include <gtest/gtest.h>

#include "tests/packet/frame.h"

namespace ringfence::ports {

namespace {

using Bytes = std::vector<uint8_t>;

const std::string eth = "eth 02:00:00:00:00:01 > 02:00:00:00:00:02 / ";

Bytes bytes_of(const std::string& text) { return test::frame(eth + text).bytes; }

} // namespace

TEST(Checksum, ThatIsOnlyBegunIsFinished) {
    const Bytes whole = bytes_of("ip4 10.0.0.1 > 10.0.0.5 / udp 1 > 2 / \"abcde\"");
    constexpr size_t udp = 34, field = 6;
    Bytes begun = whole; // the pseudo-header's sum: 0a00 0001 0a00 0005 0011 000d
    begun[udp + field] = 0x14;
    begun[udp + field + 1] = 0x24;
    ASSERT_TRUE(finish_checksum(begun, udp, field));
    EXPECT_EQ(begun, whole);
}

TEST(Checksum, OutsideOfTheFrameIsRefused) {
    Bytes frame(60);
    EXPECT_TRUE(finish_checksum(frame, 34, 24));
    EXPECT_FALSE(finish_checksum(frame, 34, 25));
    EXPECT_FALSE(finish_checksum(frame, 61, 0));
    EXPECT_FALSE(finish_checksum(frame, 60, 0));
    EXPECT_FALSE(finish_checksum(frame, 10, 65535));
}

} // namespace ringfence::ports
