// libFuzzer: neighbour discovery and router solicitations of a guest. Seeds: build/bin/fuzz_seeds
// DIRECTORY.
#include "tests/fuzz/one_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ringfence::fuzz::neighbour_discovery(data, size);
    return 0;
}
