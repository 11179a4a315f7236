// The pid file of a daemon, as the Open vSwitch tools expect it: the file holds the pid and an
// fcntl write lock of that process, so that a file left by a crash is told from a live daemon's
// (`ovs-appctl` refuses a pid file without the lock).
#pragma once

#include <filesystem>
#include <utility>

#include "core/types/result.h"

namespace ringfence::process {

// Owns the file: removed when the object dies. Make it after the last fork, because a lock is not
// inherited. The process must not open the file by another way: closing that would drop the lock.
class PidFile {
public:
    // A stale file is replaced. Error `conflict`, naming the holder's pid, when another process is
    // alive behind it; `unavailable` when the file cannot be written.
    [[nodiscard]] static Result<PidFile> create(const std::filesystem::path& path);

    PidFile(PidFile&& other) noexcept
        : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
    PidFile& operator=(PidFile&&) = delete;
    ~PidFile();

    const std::filesystem::path& path() const { return path_; }

private:
    PidFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}

    std::filesystem::path path_;
    int fd_;
};

} // namespace ringfence::process
