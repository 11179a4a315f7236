#include "dataplane/ports/guest.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

namespace ringfence::ports {

namespace {

uint64_t inode_of(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

// A connected stream socket of that path.
bool is_connection(int fd, const std::string& path, bool ours) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    int listens = 0;
    socklen_t listens_size = sizeof listens;
    if ((ours ? getsockname(fd, any, &size) : getpeername(fd, any, &size)) != 0 ||
        address.sun_family != AF_UNIX || path != address.sun_path)
        return false;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_size) == 0 && !listens;
}

// The library shows its connections to nobody, so they are looked for among our descriptors.
std::vector<int> connections_of(const std::string& path, bool ours) {
    std::vector<int> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", ignored)) {
        int fd = std::atoi(entry.path().filename().c_str());
        if (is_connection(fd, path, ours))
            found.push_back(fd);
    }
    return found;
}

// One thread of the library serves all guests: none may keep it waiting for the rest of a message,
// or for room for an answer.
void bound_waiting(int fd) {
    const timeval longest{0, 200'000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof longest);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
}

} // namespace

Guest::Guest(int id, const std::string& socket, bool ours, const std::vector<const Guest*>& others)
    : id_(id) {
    for (int fd : connections_of(socket, ours)) {
        const uint64_t inode = inode_of(fd);
        if (std::ranges::any_of(others, [&](const Guest* it) { return it->inode_ == inode; }))
            continue;
        bound_waiting(fd);
        connection_ = fcntl(fd, F_DUPFD_CLOEXEC, 3);
        inode_ = inode;
        return;
    }
}

Guest::~Guest() {
    if (connection_ >= 0)
        close(connection_);
}

int Guest::unread() const {
    int bytes = 0;
    return ioctl(connection_, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void Guest::turn_away() const {
    if (connection_ >= 0)
        shutdown(connection_, SHUT_RDWR);
}

void Guest::set_ready(unsigned ring, bool ready) {
    if (ring >= ready_.size())
        return;
    ready_[ring].store(ready, std::memory_order_release);
    unsigned last = 0;
    for (unsigned i = 0; i < ready_.size(); ++i)
        if (ready_[i].load(std::memory_order_relaxed))
            last = i / 2 + 1;
    pairs_.store(last, std::memory_order_relaxed);
}

void GuestDoor::close(const Guest& guest) {
    auto* inside = const_cast<Guest*>(&guest);
    guest_.compare_exchange_strong(inside, nullptr);
    const uint64_t visits = visits_.load();
    while (visits % 2 != 0 && visits == visits_.load())
        std::this_thread::sleep_for(std::chrono::microseconds(20));
}

pid_t GuestDoor::own_thread() {
    thread_local const pid_t own = gettid();
    return own;
}

// Whoever is inside and only has to wait for a CPU is not asleep.
bool GuestDoor::keeps_the_worker() {
    const uint64_t visits = visits_.load();
    if (visits % 2 == 0 || visits != std::exchange(seen_, visits))
        return false;
    std::ifstream stat(fmt::format("/proc/self/task/{}/stat", visitor_.load()));
    std::string line;
    std::getline(stat, line); // "TID (NAME) STATE ..."
    const size_t name_end = line.rfind(')');
    return name_end != std::string::npos && line.size() > name_end + 2 &&
           line[name_end + 2] == 'S' && visits == visits_.load();
}

// What it waits in (a write to an eventfd) ends with EINTR.
void GuestDoor::wake_the_worker() const {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        sigaction(SIGURG, &action, nullptr); // without SA_RESTART
    });
    tgkill(getpid(), visitor_.load(), SIGURG);
}

} // namespace ringfence::ports
