#include "dataplane/ports/shared_memory.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <sys/mman.h>

#include <rte_memory.h>

namespace ringfence::ports::shared_memory {

namespace {

// A signal handler has no argument: what it needs is the process's, or the thread's.
std::array<std::atomic<bool>, most_guests> gone;
thread_local int touched = -1;

// A page of hugetlbfs is replaced whole: the kernel says EINVAL to a part of it.
bool put_zeros(uintptr_t address) {
    constexpr int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    for (size_t page : {size_t{4} << 10, size_t{2} << 20, size_t{1} << 30}) {
        void* start = reinterpret_cast<void*>(address & ~(page - 1));
        if (mmap(start, page, PROT_READ | PROT_WRITE, flags, -1, 0) == start)
            return true;
        if (errno != EINVAL)
            return false;
    }
    return false;
}

void on_bus_error(int, siginfo_t* info, void*) {
    const int guest = touched;
    const int error = errno; // of whoever is interrupted
    const bool is_ours = guest < 0 || rte_mem_virt2memseg_list(info->si_addr);
    if (is_ours || info->si_code != BUS_ADRERR ||
        !put_zeros(reinterpret_cast<uintptr_t>(info->si_addr))) {
        std::signal(SIGBUS, SIG_DFL); // it comes again
        return;
    }
    gone[static_cast<size_t>(guest)].store(true, std::memory_order_relaxed);
    errno = error;
}

} // namespace

void guard() {
    static std::once_flag done;
    std::call_once(done, [] {
        struct sigaction action {};
        action.sa_sigaction = on_bus_error;
        action.sa_flags = SA_SIGINFO;
        sigaction(SIGBUS, &action, nullptr);
    });
}

void touch(int guest) { touched = guest; }

bool is_gone(int guest) { return gone[static_cast<size_t>(guest)].load(std::memory_order_relaxed); }

void forget(int guest) { gone[static_cast<size_t>(guest)].store(false, std::memory_order_relaxed); }

} // namespace ringfence::ports::shared_memory
