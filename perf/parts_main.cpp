// Micro benchmarks of the parts: tables, checksums, publication, rules, DHCP, and the machine's
// memory.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
