// main() of the tests that need ports: EAL starts once a process, in a network namespace of its
// own.
#include <cstdio>

#include <gtest/gtest.h>

#include "dataplane/ports/eal.h"
#include "tests/unit/ports/private_network.h"

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    if (!ringfence::test::enter_private_network())
        return 77;
    auto eal = ringfence::ports::Eal::start(
        {.memory = ringfence::ports::Memory::no_huge, .megabytes = 256});
    if (!eal) {
        std::printf("%s\n", eal.error().text.c_str());
        return 1;
    }
    return RUN_ALL_TESTS();
}
