// How a fuzz target says that something is wrong.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace ringfence::fuzz {

inline void check(bool holds, const char* what) {
    if (holds)
        return;
    std::fprintf(stderr, "fuzz: %s\n", what);
    std::abort();
}

} // namespace ringfence::fuzz
