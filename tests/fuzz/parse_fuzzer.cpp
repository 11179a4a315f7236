// libFuzzer: any bytes from a guest. Seeds: build/bin/fuzz_seeds DIRECTORY.
#include "tests/fuzz/one_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ringfence::fuzz::from_nic(data, size);
    ringfence::fuzz::from_bridged(data, size);
    return 0;
}
