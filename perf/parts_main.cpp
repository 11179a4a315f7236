// Micro benchmarks of the parts: tables, checksums, publication, and the machine's memory. No DPDK.
#include <benchmark/benchmark.h>

BENCHMARK_MAIN();
