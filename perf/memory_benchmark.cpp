// The floor that the machine sets: what a load costs that misses the near caches, one that the next
// depends on, and many that overlap by prefetch.
#include <numeric>
#include <vector>

#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include "core/tables/hash.h"
#include "core/tables/prefetch.h"
#include "perf/harness/cycles.h"

namespace ringfence::perf {

namespace {

constexpr unsigned loads = 8192, overlapped = 32;

struct alignas(64) Line {
    uint64_t next;
};

// Lines that each name the next, in one random ring through all of them; large pages where the
// kernel has them.
class Ring {
public:
    explicit Ring(size_t bytes) : size_(bytes / sizeof(Line)), bytes_(bytes) {
        void* memory =
            mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            std::abort();
        madvise(memory, bytes, MADV_HUGEPAGE);
        lines_ = static_cast<Line*>(memory);
        // Sattolo's shuffle: one cycle through all.
        for (size_t i = 0; i < size_; ++i)
            lines_[i].next = i;
        for (size_t i = size_ - 1; i > 0; --i)
            std::swap(lines_[i].next, lines_[mix(i, bytes) % i].next);
    }
    ~Ring() { munmap(lines_, bytes_); }
    Ring(const Ring&) = delete;

    size_t size() const { return size_; }
    const Line& operator[](size_t i) const { return lines_[i]; }

private:
    size_t size_, bytes_;
    Line* lines_;
};

void dependent(benchmark::State& state) {
    Ring ring(static_cast<size_t>(state.range(0)) << 20);
    Samples samples;
    uint64_t place = 0;
    for (auto _ : state) {
        uint64_t began = cycles();
        for (unsigned i = 0; i < loads; ++i)
            place = ring[place].next;
        benchmark::DoNotOptimize(place);
        samples.add(static_cast<double>(cycles() - began) / loads);
    }
    state.counters["cycles"] = samples.median();
}

void prefetched(benchmark::State& state) {
    Ring ring(static_cast<size_t>(state.range(0)) << 20);
    Samples samples;
    uint64_t sum = 0;
    for (uint64_t round = 0; auto _ : state) {
        uint64_t began = cycles();
        for (unsigned first = 0; first < loads; first += overlapped) {
            uint64_t places[overlapped];
            for (unsigned i = 0; i < overlapped; ++i) {
                places[i] = mix(++round) & (ring.size() - 1);
                prefetch(&ring[places[i]]);
            }
            for (uint64_t place : places)
                sum += ring[place].next;
        }
        benchmark::DoNotOptimize(sum);
        samples.add(static_cast<double>(cycles() - began) / loads);
    }
    state.counters["cycles"] = samples.median();
}

BENCHMARK(dependent)->Name("load/dependent_MiB")->Arg(1)->Arg(4)->Arg(8)->Arg(256)->Iterations(200);
BENCHMARK(prefetched)
    ->Name("load/prefetched_MiB")
    ->Arg(1)
    ->Arg(4)
    ->Arg(8)
    ->Arg(256)
    ->Iterations(200);

} // namespace

} // namespace ringfence::perf
