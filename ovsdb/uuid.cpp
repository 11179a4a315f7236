#include "ovsdb/uuid.h"

#include <algorithm>

#include <sys/random.h>

#include <boost/uuid/detail/sha1.hpp>

namespace ringfence::ovsdb {
namespace {

constexpr std::array<size_t, 4> dashes = {8, 13, 18, 23};

int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// RFC 4122, clauses 4.1.1 and 4.1.3.
void set_version(Uuid& uuid, uint8_t version) {
    uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | version << 4);
    uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
}

} // namespace

Result<Uuid> Uuid::from(std::string_view text) {
    const auto bad = [&] { return fail("\"{}\" is not a UUID", text); };
    if (text.size() != 36)
        return bad();
    Uuid uuid;
    size_t nibble = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        if (std::find(dashes.begin(), dashes.end(), i) != dashes.end()) {
            if (text[i] != '-')
                return bad();
            continue;
        }
        const int value = digit(text[i]);
        if (value < 0)
            return bad();
        auto& byte = uuid.bytes[nibble++ / 2];
        byte = static_cast<uint8_t>(byte << 4 | value);
    }
    return uuid;
}

Uuid Uuid::random() {
    Uuid uuid;
    // Up to 256 bytes, once the pool is initialized, this neither fails nor returns early
    // (getrandom(2)).
    while (getrandom(uuid.bytes.data(), uuid.bytes.size(), 0) != ssize_t{16})
        ;
    set_version(uuid, 4);
    return uuid;
}

Uuid Uuid::named(std::string_view text) {
    static constexpr std::array<uint8_t, 16> name_space = {0x5d, 0x1c, 0x6e, 0x0a, 0x8f, 0x43,
                                                           0x4b, 0x27, 0x9a, 0x52, 0x77, 0x21,
                                                           0x0e, 0xc4, 0x63, 0xb9};
    boost::uuids::detail::sha1 hash;
    hash.process_bytes(name_space.data(), name_space.size());
    hash.process_bytes(text.data(), text.size());
    unsigned int digest[5];
    hash.get_digest(digest);
    Uuid uuid;
    for (size_t i = 0; i < 16; ++i)
        uuid.bytes[i] = static_cast<uint8_t>(digest[i / 4] >> (24 - 8 * (i % 4)));
    set_version(uuid, 5);
    return uuid;
}

std::string to_string(const Uuid& uuid) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    text.reserve(36);
    for (size_t i = 0; i < 16; ++i) {
        if (std::find(dashes.begin(), dashes.end(), text.size()) != dashes.end())
            text += '-';
        text += digits[uuid.bytes[i] >> 4];
        text += digits[uuid.bytes[i] & 15];
    }
    return text;
}

} // namespace ringfence::ovsdb
