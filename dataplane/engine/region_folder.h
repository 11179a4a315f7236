// Where the connection tables of one daemon lie: a file a worker, in a folder that this daemon
// alone has. For the engine.
#pragma once

#include <filesystem>
#include <memory>

#include "core/types/result.h"
#include "dataplane/connection/connections.h"

namespace ringfence {

class RegionFolder {
public:
    // Makes the folder where it is not there. An error where another process holds it. What an
    // earlier run left in it is removed: nobody takes connections over yet, and its memory is
    // missed elsewhere.
    [[nodiscard]] static Result<RegionFolder> open(const std::filesystem::path& path);
    RegionFolder(RegionFolder&& other) noexcept;
    RegionFolder& operator=(RegionFolder&&) = delete;
    ~RegionFolder(); // removes what lies in it

    // Fresh tables for the worker.
    [[nodiscard]] Result<std::unique_ptr<Connections>>
    connections_of(unsigned worker, const ConnectionSettings& settings) const;

private:
    RegionFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
    void clear() const;

    std::filesystem::path path_;
    int lock_; // of the folder itself
};

} // namespace ringfence
