#include "dataplane/connection/key.h"

#include <random>

namespace ringfence {

HashSeed HashSeed::random() {
    std::random_device device; // getrandom(2) or the processor's
    HashSeed seed;
    for (uint64_t& word : seed.words)
        word = uint64_t{device()} << 32 | device();
    return seed;
}

} // namespace ringfence
