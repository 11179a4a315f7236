// Asks for the cache line of an address, to be read soon.
#pragma once

namespace ringfence {

// Not __builtin_prefetch: gcc 12 takes a function that does nothing else for one without effect,
// and leaves out its calls.
inline void prefetch(const void* address) {
    asm volatile("prefetcht0 %0" : : "m"(*static_cast<const char*>(address)));
}

} // namespace ringfence
