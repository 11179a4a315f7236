#include "dataplane/ports/guest_socket.h"

#include <filesystem>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ringfence::ports {

Result<> check_socket_path(const std::string& socket) {
    if (socket.empty())
        return fail("options:vhost-server-path is missing: name the socket that QEMU listens on");
    if (socket.size() >= sizeof(sockaddr_un::sun_path))
        return fail("the socket path {} is longer than {} characters", socket,
                    sizeof(sockaddr_un::sun_path) - 1);
    if (socket.front() != '/' || socket.find_first_of(", \t\n\"'[]=") != std::string::npos)
        return fail("\"{}\" is not an absolute socket path without blanks, commas, brackets and "
                    "quotes",
                    socket);
    return {};
}

Result<> clear_stale_socket(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code ignored;
    const fs::file_status status = fs::symlink_status(path, ignored);
    if (!fs::exists(status))
        return {};
    if (!fs::is_socket(status))
        return fail(ErrorKind::conflict, "{} is there, and no socket", path);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool answers = connect(probe, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(probe);
    if (answers)
        return fail(ErrorKind::conflict, "another process listens on {}", path);
    fs::remove(path, ignored);
    return {};
}

} // namespace ringfence::ports
