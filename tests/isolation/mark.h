// What a test writes into a frame so that it is known wherever it turns up: whose it is. Its second
// half is the complement of the first, so that writing it changes no Internet checksum around it
// (it lies at an even offset), and that a mark that was damaged is not taken for another's.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace ringfence::test {

struct Mark {
    uint16_t home = 0; // the network that its sender is plugged into; never given twice
    uint8_t tenant = 0, sender = 0;
    uint32_t number = 0;
    bool operator==(const Mark&) const = default;
};
static_assert(sizeof(Mark) == 8);

constexpr char mark_magic[] = "RINGMARK";
constexpr size_t mark_size = 24;

// One that anybody may write over: as hex digits for test::frame().
inline std::string blank_mark() {
    return "52494e474d41524b"
           "0000000000000000"
           "ffffffffffffffff";
}

inline void write_mark(uint8_t* place, const Mark& mark) {
    uint8_t bytes[sizeof(Mark)];
    std::memcpy(bytes, &mark, sizeof bytes);
    std::memcpy(place + 8, bytes, sizeof bytes);
    for (uint8_t& byte : bytes)
        byte = static_cast<uint8_t>(~byte);
    std::memcpy(place + 16, bytes, sizeof bytes);
}

// Where marks begin in the frame.
inline std::vector<size_t> find_marks(const std::vector<uint8_t>& frame) {
    std::vector<size_t> found;
    const uint8_t* at = frame.data();
    const uint8_t* end = at + frame.size();
    while (const void* next = memmem(at, static_cast<size_t>(end - at), mark_magic, 8)) {
        at = static_cast<const uint8_t*>(next);
        found.push_back(static_cast<size_t>(at - frame.data()));
        at += 8;
    }
    return found;
}

// The mark that begins there; nullopt where it is cut or damaged.
inline std::optional<Mark> read_mark(const std::vector<uint8_t>& frame, size_t at) {
    if (at + mark_size > frame.size())
        return std::nullopt;
    for (size_t i = 0; i < sizeof(Mark); ++i)
        if (static_cast<uint8_t>(frame[at + 8 + i] ^ frame[at + 16 + i]) != 0xff)
            return std::nullopt;
    Mark mark;
    std::memcpy(&mark, &frame[at + 8], sizeof mark);
    return mark;
}

} // namespace ringfence::test
