#include "core/process/notify.h"

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ringfence::process {

namespace {

std::optional<long> number_in(const char* variable) {
    const char* text = std::getenv(variable);
    long number = 0;
    if (!text || std::from_chars(text, text + std::strlen(text), number).ec != std::errc())
        return std::nullopt;
    return number;
}

} // namespace

void notify_service_manager(std::string_view state) {
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (!path || !*path || std::strlen(path) >= sizeof address.sun_path)
        return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, std::strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0'; // the abstract name space
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address),
           length);
    close(fd);
}

std::optional<std::chrono::microseconds> watchdog_period() {
    auto usec = number_in("WATCHDOG_USEC");
    if (!usec || *usec <= 1 || number_in("WATCHDOG_PID").value_or(getpid()) != getpid())
        return std::nullopt;
    return std::chrono::microseconds(*usec / 2);
}

} // namespace ringfence::process
