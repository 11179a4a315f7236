// libFuzzer: what a database sends. Seeds: build/bin/fuzz_seeds DIRECTORY.
#include "tests/fuzz/one_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ringfence::fuzz::ovsdb_stream(data, size);
    return 0;
}
