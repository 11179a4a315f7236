// libFuzzer: fragments in any order, at any time.
#include "tests/fuzz/one_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    ringfence::fuzz::fragments(data, size);
    return 0;
}
