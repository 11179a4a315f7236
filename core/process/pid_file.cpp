#include "core/process/pid_file.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringfence::process {

namespace {

struct flock whole_file(short type) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

// The process that holds the lock of an open file; 0 = nobody.
pid_t holder(int fd) {
    struct flock lock = whole_file(F_WRLCK);
    if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
        return 0;
    return lock.l_pid;
}

bool lock_file(int fd) {
    struct flock lock = whole_file(F_WRLCK);
    return fcntl(fd, F_SETLK, &lock) == 0;
}

// Is `fd` still the file that the path names?
bool same_file(int fd, const char* path) {
    struct stat open_file, named_file;
    return fstat(fd, &open_file) == 0 && stat(path, &named_file) == 0 &&
           open_file.st_ino == named_file.st_ino && open_file.st_dev == named_file.st_dev;
}

// Removes a pid file that nobody holds. Whoever gets the lock of the stale file may unlink it, so
// that two daemons that start together never unlink each other's fresh one.
Result<> remove_stale(const std::filesystem::path& path) {
    int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return {}; // gone meanwhile
    Result<> done;
    if (pid_t pid = holder(fd); pid != 0)
        done = fail(ErrorKind::conflict, "{}: already running as pid {}", path.string(), pid);
    else if (lock_file(fd) && same_file(fd, path.c_str()))
        unlink(path.c_str());
    close(fd);
    return done;
}

} // namespace

Result<PidFile> PidFile::create(const std::filesystem::path& path) {
    std::string fresh = path.string() + ".tmp" + std::to_string(getpid());
    unlink(fresh.c_str());
    int fd = open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return fail(ErrorKind::unavailable, "pid file {}: {}", path.string(), strerror(errno));
    PidFile own(fresh, fd); // removes the temporary name on every way out
    std::string text = std::to_string(getpid()) + "\n";
    if (!lock_file(fd) || write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return fail(ErrorKind::unavailable, "pid file {}: {}", path.string(), strerror(errno));

    while (link(fresh.c_str(), path.c_str()) != 0) {
        if (errno != EEXIST)
            return fail(ErrorKind::unavailable, "pid file {}: {}", path.string(), strerror(errno));
        if (auto free = remove_stale(path); !free)
            return tl::unexpected(free.error());
    }
    unlink(fresh.c_str());
    own.path_ = path;
    return own;
}

PidFile::~PidFile() {
    if (fd_ < 0)
        return;
    if (same_file(fd_, path_.c_str()))
        unlink(path_.c_str());
    close(fd_);
}

} // namespace ringfence::process
