#include "dataplane/ports/eal.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>

#include "core/types/log.h"
#include "dataplane/ports/dpdk_log.h"

namespace ringfence::ports {

namespace {

log::Module module("eal");

using Words = std::vector<std::string>;

Words split(const std::string& text) {
    std::istringstream stream(text);
    Words words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

// True when one of the options is among the words, alone or as --option=value, or a short one as
// -lVALUE.
bool says(const Words& words, std::initializer_list<std::string_view> options) {
    auto names = [](std::string_view word, std::string_view option) {
        bool is_long = option.starts_with("--");
        return word == option || (is_long && word.starts_with(std::string(option) + "=")) ||
               (!is_long && word.starts_with(option));
    };
    for (const std::string& word : words)
        for (std::string_view option : options)
            if (names(word, option))
                return true;
    return false;
}

unsigned megabytes_wanted(const EalSettings& settings) {
    if (settings.socket_megabytes.empty())
        return settings.megabytes;
    unsigned sum = 0;
    std::istringstream stream(settings.socket_megabytes);
    for (std::string part; std::getline(stream, part, ',');)
        sum += static_cast<unsigned>(std::strtoul(part.c_str(), nullptr, 10));
    return std::max(sum, 64u);
}

bool is_number_list(const std::string& text) {
    return text.find_first_not_of("0123456789,") == std::string::npos;
}

Result<bool> choose_hugepages(const EalSettings& settings, const Words& extra,
                              const HostMemory& host) {
    bool no_huge = says(extra, {"--no-huge"}), in_memory = says(extra, {"--in-memory"});
    if (no_huge && in_memory)
        return fail(
            "dpdk-extra has both --no-huge and --in-memory, and DPDK takes only one of them: "
            "leave out --no-huge to use hugepages, or --in-memory not to");
    if (no_huge && settings.memory == Memory::hugepages)
        return fail("hugepages are required, and dpdk-extra has --no-huge: leave one of them out");
    if (no_huge || settings.memory == Memory::no_huge)
        return false;
    uint64_t free = uint64_t{host.free_hugepages} * host.hugepage_kilobytes / 1024;
    unsigned wanted = megabytes_wanted(settings);
    if (free >= wanted || says(extra, {"-m", "--socket-mem"}))
        return true;
    unsigned pages = (wanted * 1024 + host.hugepage_kilobytes - 1) / host.hugepage_kilobytes;
    std::string lack = fmt::format("{} MB of memory take {} hugepages of {} kB, and {} are free",
                                   wanted, pages, host.hugepage_kilobytes, host.free_hugepages);
    if (settings.memory == Memory::hugepages || in_memory)
        return fail(ErrorKind::unavailable,
                    "{}: raise them with \"sysctl vm.nr_hugepages={}\", or run without (--no-huge)",
                    lack, pages);
    log::info(module, "{}: running on ordinary memory (--no-huge)", lack);
    return false;
}

std::string first_allowed_cpu() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
            if (CPU_ISSET(cpu, &allowed))
                return std::to_string(cpu);
    return "0";
}

Result<> check_privileges() {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {};
    if (syscall(SYS_capget, &header, data) != 0)
        return {}; // cannot tell; opening a port will
    for (unsigned capability : {CAP_NET_ADMIN, CAP_NET_RAW})
        if (!(data[capability / 32].effective & 1u << capability % 32))
            return fail(
                ErrorKind::unavailable,
                "opening ports takes the capabilities CAP_NET_ADMIN and CAP_NET_RAW, and this "
                "process (user id {}) lacks {}: run it as root",
                geteuid(), capability == CAP_NET_ADMIN ? "CAP_NET_ADMIN" : "CAP_NET_RAW");
    return {};
}

// EAL writes its usage, and what it dislikes, to stdout and stderr past its log: caught here while
// one lives.
class OutputCaught {
public:
    OutputCaught() : file_(memfd_create("eal", MFD_CLOEXEC)) {
        std::fflush(stdout);
        for (int stream : {STDOUT_FILENO, STDERR_FILENO}) {
            saved_[stream] = fcntl(stream, F_DUPFD_CLOEXEC, 3);
            dup2(file_, stream);
        }
    }
    ~OutputCaught() {
        std::fflush(stdout);
        for (int stream : {STDOUT_FILENO, STDERR_FILENO}) {
            dup2(saved_[stream], stream);
            close(saved_[stream]);
        }
        close(file_);
    }
    OutputCaught(const OutputCaught&) = delete;
    OutputCaught& operator=(const OutputCaught&) = delete;

    // getopt's "ringfence: unrecognized option '--x'", or "".
    std::string complaint() const {
        std::string text(4096, '\0');
        ssize_t length = pread(file_, text.data(), text.size(), 0);
        text.resize(length > 0 ? static_cast<size_t>(length) : 0);
        size_t begin = text.find("ringfence: "), end = text.find('\n', begin);
        return begin == std::string::npos ? "" : text.substr(begin + 11, end - begin - 11);
    }

private:
    int file_;
    int saved_[3] = {-1, -1, -1};
};

// rte_eal_init() binds the calling thread to the main lcore; a control thread runs where it ran.
class AffinityKept {
public:
    AffinityKept() { known_ = sched_getaffinity(0, sizeof set_, &set_) == 0; }
    ~AffinityKept() {
        if (known_)
            sched_setaffinity(0, sizeof set_, &set_);
    }
    AffinityKept(const AffinityKept&) = delete;
    AffinityKept& operator=(const AffinityKept&) = delete;

private:
    cpu_set_t set_;
    bool known_;
};

// "" when EAL runs, else the reason why it doesn't. getopt, inside, reorders and may keep the
// words: they live as long as the process.
std::string init(const Words& arguments) {
    static Words kept;
    static std::vector<char*> argv;
    kept = arguments;
    argv.clear();
    for (std::string& word : kept)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    DpdkComplaints complaints;
    OutputCaught output;
    AffinityKept affinity;
    if (rte_eal_init(static_cast<int>(kept.size()), argv.data()) >= 0)
        return "";
    for (const std::string& said : {output.complaint(), complaints.last()})
        if (!said.empty())
            return said;
    return rte_strerror(rte_errno);
}

std::string remedy(const std::string& why, const EalSettings& settings) {
    if (why.find("memory") == std::string::npos)
        return "correct other_config:dpdk-extra";
    return fmt::format("let this process have {} MB and as much again (ulimit -v, its cgroup's "
                       "limit), or lower other_config:dpdk-socket-mem",
                       megabytes_wanted(settings));
}

std::atomic<bool> started = false;

} // namespace

HostMemory read_host_memory() {
    HostMemory host;
    std::ifstream file("/proc/meminfo");
    for (std::string line; std::getline(file, line);) {
        std::sscanf(line.c_str(), "HugePages_Free: %u", &host.free_hugepages);
        std::sscanf(line.c_str(), "Hugepagesize: %u kB", &host.hugepage_kilobytes);
    }
    return host;
}

Result<Words> eal_arguments(const EalSettings& settings, const HostMemory& host) {
    Words extra = split(settings.extra);
    if (!is_number_list(settings.socket_megabytes))
        return fail("dpdk-socket-mem \"{}\" is not a list of megabytes such as \"1024,0\"",
                    settings.socket_megabytes);
    auto hugepages = choose_hugepages(settings, extra, host);
    if (!hugepages)
        return tl::unexpected(hugepages.error());

    Words words{"ringfence"};
    auto add = [&](auto... more) { (words.push_back(more), ...); };
    if (!*hugepages && !says(extra, {"--no-huge"}))
        add("--no-huge");
    if (*hugepages && !says(extra, {"--in-memory", "--huge-dir"}))
        add("--in-memory");
    if (!says(extra, {"-m", "--socket-mem"})) {
        if (*hugepages && !settings.socket_megabytes.empty())
            add("--socket-mem", settings.socket_megabytes);
        else
            add("-m", std::to_string(megabytes_wanted(settings)));
    }
    if (!says(extra, {"--no-shconf", "--in-memory", "--proc-type"}))
        add("--no-shconf");
    if (!says(extra, {"--telemetry", "--no-telemetry"}))
        add("--no-telemetry");
    if (!says(extra, {"--file-prefix"}))
        add("--file-prefix", settings.file_prefix.empty() ? fmt::format("ringfence-{}", getpid())
                                                          : settings.file_prefix);
    if (!says(extra, {"-l", "-c", "--lcores"})) {
        if (settings.lcore_mask.empty())
            add("-l", first_allowed_cpu());
        else
            add("-c", settings.lcore_mask);
    }
    // An allow list of no device: the bus is scanned, and a NIC is taken only when a port names it.
    if (!says(extra, {"-a", "--allow", "-b", "--block", "--no-pci"}))
        add("-a", "0000:00:00.0");
    words.insert(words.end(), extra.begin(), extra.end());
    return words;
}

Result<std::unique_ptr<Eal>> Eal::start(const EalSettings& settings) {
    if (settings.require_privileges)
        if (auto allowed = check_privileges(); !allowed)
            return tl::unexpected(allowed.error());
    auto arguments = eal_arguments(settings, read_host_memory());
    if (!arguments)
        return tl::unexpected(arguments.error());
    if (started.exchange(true))
        return fail(ErrorKind::conflict, "DPDK was started before, and starts only once a process");

    redirect_dpdk_log();
    if (std::string why = init(*arguments); !why.empty())
        return fail(ErrorKind::unavailable, "DPDK does not start ({}): {}; its options were: {}",
                    why, remedy(why, settings),
                    fmt::join(arguments->begin() + 1, arguments->end(), " "));
    bool hugepages = rte_eal_has_hugepages() != 0;
    log::info(module, "{} runs on {}: {}", version(), hugepages ? "hugepages" : "ordinary memory",
              fmt::join(arguments->begin() + 1, arguments->end(), " "));
    return std::unique_ptr<Eal>(new Eal(hugepages, rte_eal_get_runtime_dir()));
}

Eal::~Eal() {
    rte_eal_cleanup();
    std::error_code ignored;
    if (!runtime_directory_.empty())
        std::filesystem::remove_all(runtime_directory_, ignored);
    std::filesystem::remove(std::filesystem::path(runtime_directory_).parent_path(), ignored);
}

std::string Eal::version() { return rte_version(); }

} // namespace ringfence::ports
