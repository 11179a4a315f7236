#include "dataplane/engine/region_folder.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace ringfence {

namespace fs = std::filesystem;

namespace {

constexpr const char* prefix = "worker-";

} // namespace

Result<RegionFolder> RegionFolder::open(const fs::path& path) {
    std::error_code made;
    fs::create_directories(path, made);
    int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0)
        return fail(ErrorKind::unavailable, "{}: the folder for connections: {}", path.string(),
                    std::strerror(errno));
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        close(lock);
        return fail(ErrorKind::conflict,
                    "{}: another daemon keeps its connections there: stop it, or give this one "
                    "an OVS_RUNDIR of its own",
                    path.string());
    }
    RegionFolder folder(path, lock);
    folder.clear();
    return folder;
}

RegionFolder::RegionFolder(RegionFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

RegionFolder::~RegionFolder() {
    if (lock_ < 0)
        return;
    clear();
    close(lock_);
}

void RegionFolder::clear() const {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(path_, ignored))
        if (entry.path().filename().string().starts_with(prefix))
            fs::remove(entry.path(), ignored);
}

Result<std::unique_ptr<Connections>>
RegionFolder::connections_of(unsigned worker, const ConnectionSettings& settings) const {
    return Connections::create(path_ / (prefix + std::to_string(worker)), settings);
}

} // namespace ringfence
