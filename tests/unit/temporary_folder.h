// A folder of a test's own, which goes with it, and what lies in it.
#pragma once

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <stdlib.h>

namespace ringfence::test {

class TemporaryFolder {
public:
    // name: the first part of the folder's, so that one that a killed test left behind says whose
    // it was. Throws std::system_error where none can be made.
    explicit TemporaryFolder(const std::string& name = "ringfence-test") {
        std::string path = std::filesystem::temp_directory_path() / (name + "-" + unique);
        if (!mkdtemp(path.data()))
            throw std::system_error(errno, std::generic_category(), path);
        path_ = path;
    }
    ~TemporaryFolder() {
        std::error_code gone;
        std::filesystem::remove_all(path_, gone);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;

    operator const std::filesystem::path&() const { return path_; }
    const std::string& path() const { return path_.native(); }
    std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
    inline static const std::string unique = std::string(6, 'X'); // that mkdtemp replaces
    std::filesystem::path path_;
};

} // namespace ringfence::test
