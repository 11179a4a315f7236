#include "dataplane/connection/region.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/tables/hash.h"

namespace ringfence {

namespace {

constexpr uint64_t magic = 0x6f632d6563676e72; // "rngce-co" in the file
// To be raised with every change of what the sections' elements mean.
constexpr uint32_t version = 4;
constexpr size_t alignment = 64, max_sections = 40, page = 4096;

struct SectionHeader {
    std::array<char, 24> name;
    uint64_t offset, count;
    uint32_t element_size, reserved;

    std::string_view text() const { return {name.data(), strnlen(name.data(), name.size())}; }
};

// The file's first page.
struct Header {
    uint64_t magic;
    uint32_t version, section_count;
    uint64_t bytes; // of the whole file
    uint64_t checksum;
    std::array<SectionHeader, max_sections> sections;
};
static_assert(sizeof(Header) <= page);

uint64_t checksum_of(const Header& header) {
    uint64_t sum = mix(header.version, header.bytes);
    for (const SectionHeader& section : header.sections) {
        for (char c : section.name)
            sum = mix(sum, static_cast<uint8_t>(c));
        sum = mix(mix(sum, section.offset), mix(section.count, section.element_size));
    }
    return sum;
}

size_t rounded_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

Header layout_of(std::span<const Section> sections, size_t page_size) {
    Header header{};
    header.magic = magic;
    header.version = version;
    header.section_count = static_cast<uint32_t>(sections.size());
    size_t end = page;
    for (size_t i = 0; i < sections.size(); ++i) {
        SectionHeader& place = header.sections[i];
        sections[i].name.copy(place.name.data(), place.name.size() - 1);
        place.offset = end;
        place.count = sections[i].count;
        place.element_size = sections[i].element_size;
        end = rounded_up(end + sections[i].count * sections[i].element_size, alignment);
    }
    header.bytes = rounded_up(end, page_size);
    header.checksum = checksum_of(header);
    return header;
}

class File {
public:
    File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~File() {
        if (fd_ >= 0)
            ::close(fd_);
    }
    File(const File&) = delete;
    explicit operator bool() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    // Takes all of its memory now: a page that the file system could not give later would kill the
    // process. Returns an errno.
    int take(size_t bytes) const {
        struct statvfs fs {};
        if (fstatvfs(fd_, &fs) == 0 && fs.f_blocks && bytes / fs.f_frsize > fs.f_bavail)
            return ENOSPC; // without filling it first
        return posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
    }
    // Of the file's memory: large on a hugetlbfs.
    size_t page_size() const {
        constexpr long hugetlbfs = 0x958458f6;
        struct statfs fs {};
        return fstatfs(fd_, &fs) == 0 && fs.f_type == hugetlbfs ? static_cast<size_t>(fs.f_bsize)
                                                                : page;
    }

private:
    int fd_;
};

auto system_error(const std::string& path, std::string_view what) {
    return fail(ErrorKind::unavailable, "{}: {}: {}", path, what, std::strerror(errno));
}

Result<std::byte*> map(const std::string& path, int fd, size_t bytes) {
    int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (memory == MAP_FAILED)
        return system_error(path, fmt::format("cannot map {} bytes", bytes));
    madvise(memory, bytes,
            MADV_HUGEPAGE); // where it may; a table of many lines needs few TLB misses
    return static_cast<std::byte*>(memory);
}

// The first thing in which a file's header differs from what it should be, in words.
std::optional<std::string> difference(const Header& found, const Header& wanted,
                                      size_t file_bytes) {
    if (found.magic != magic)
        return "it is no region of connections";
    if (found.version != wanted.version)
        return fmt::format("its layout is version {}, this program's {}", found.version,
                           wanted.version);
    if (found.checksum != checksum_of(found) || found.section_count > max_sections)
        return "its header is damaged: the checksum does not fit";
    if (found.bytes != file_bytes)
        return fmt::format("it has {} bytes and says {}", file_bytes, found.bytes);
    if (found.section_count != wanted.section_count)
        return fmt::format("it has {} sections, this program's {}", found.section_count,
                           wanted.section_count);
    for (size_t i = 0; i < wanted.section_count; ++i) {
        const SectionHeader &it = found.sections[i], &mine = wanted.sections[i];
        if (it.text() != mine.text() || it.element_size != mine.element_size ||
            it.count != mine.count)
            return fmt::format(
                "its section {} is {} of {} x {} bytes, this program's {} of {} x {}", i, it.text(),
                it.count, it.element_size, mine.text(), mine.count, mine.element_size);
    }
    if (found.bytes != wanted.bytes)
        return fmt::format("it has {} bytes, this program's {}", found.bytes, wanted.bytes);
    return std::nullopt;
}

} // namespace

Result<Region> Region::create(const std::string& path, std::span<const Section> sections) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
        return system_error(path, "cannot replace it");
    File file(path, O_RDWR | O_CREAT | O_EXCL);
    if (!file)
        return system_error(path, "cannot make it");
    Header header = layout_of(sections, file.page_size());
    if (int error = file.take(header.bytes); error != 0) {
        ::unlink(path.c_str());
        errno = error;
        return system_error(path, fmt::format("cannot take {} bytes", header.bytes));
    }
    auto base = map(path, file.fd(), header.bytes);
    if (!base)
        return tl::unexpected(base.error());
    std::memcpy(*base, &header, sizeof header);
    return Region(*base, header.bytes);
}

Result<Region> Region::open(const std::string& path, std::span<const Section> sections) {
    File file(path, O_RDWR);
    if (!file)
        return system_error(path, "cannot open it");
    struct stat status {};
    if (fstat(file.fd(), &status) != 0)
        return system_error(path, "cannot look at it");
    auto bytes = static_cast<size_t>(status.st_size);
    if (bytes < page)
        return fail(ErrorKind::conflict, "{}: does not fit: it has {} bytes, less than a header",
                    path, bytes);
    auto base = map(path, file.fd(), bytes);
    if (!base)
        return tl::unexpected(base.error());
    Region region(*base, bytes);
    Header found;
    std::memcpy(&found, *base, sizeof found);
    if (auto what = difference(found, layout_of(sections, file.page_size()), bytes))
        return fail(ErrorKind::conflict, "{}: does not fit: {}", path, *what);
    return region;
}

Result<Region> Region::anonymous(std::span<const Section> sections) {
    Header header = layout_of(sections, page);
    auto base = map("memory for connections", -1, header.bytes);
    if (!base)
        return tl::unexpected(base.error());
    std::memcpy(*base, &header, sizeof header);
    return Region(*base, header.bytes);
}

Region::Region(Region&& other) noexcept
    : base_(std::exchange(other.base_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Region& Region::operator=(Region&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

Region::~Region() {
    if (base_)
        munmap(base_, bytes_);
}

Region::Place Region::place_of(size_t index) const {
    Header header;
    std::memcpy(&header, base_, sizeof header);
    const SectionHeader& section = header.sections[index];
    return {base_ + section.offset, section.count};
}

size_t Region::resident_bytes() const {
    std::vector<unsigned char> pages(rounded_up(bytes_, page) / page);
    if (mincore(base_, bytes_, pages.data()) != 0)
        return 0;
    size_t resident = 0;
    for (unsigned char state : pages)
        resident += state & 1;
    return resident * page;
}

} // namespace ringfence
