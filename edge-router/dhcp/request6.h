// What a DHCPv6 client's message says (RFC 8415).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/packet/verdicts.h"
#include "core/types/addresses.h"
#include "core/types/fixed_vector.h"
#include "core/wire/cursor.h"

namespace ringfence {

// An identity association that it asks for: IA_NA, IA_TA or IA_PD by its option's code (21.4 to
// 21.6, 21.21). Its options are whole.
struct Dhcp6Association {
    uint16_t kind;
    Be32 id;
    std::span<const uint8_t> options;

    // visit(const Ipv6Addr&) for each address of an IA_NA or IA_TA.
    template <class Visit> void for_each_address(Visit visit) const;
};

struct Dhcp6Request {
    static constexpr size_t most_associations = 8; // further ones get no answer

    uint8_t type = 0; // one that clients send
    std::array<uint8_t, 3> transaction{};
    std::span<const uint8_t> client_id; // its DUID; empty: none
    std::optional<std::span<const uint8_t>> server_id;
    std::optional<std::span<const uint8_t>> wanted; // codes of options, two bytes each
    bool rapid_commit = false;
    FixedVector<Dhcp6Association, most_associations> associations;

    bool wants(uint16_t code) const; // true for all where it names none
};

// Of a UDP payload, which the request goes on pointing to: `next`, or what is wrong with it
// (dhcp6.truncated and so on).
Verdict read_request(std::span<const uint8_t> message, Dhcp6Request& request);

// The option at the front, and past it; none where it is cut off.
struct Dhcp6Option {
    uint16_t code;
    std::span<const uint8_t> value;
};
std::optional<Dhcp6Option> take_option(std::span<const uint8_t>& options);

template <class Visit> void Dhcp6Association::for_each_address(Visit visit) const {
    constexpr uint16_t ia_address = 5;
    for (auto rest = options; auto option = take_option(rest);)
        if (option->code == ia_address)
            visit(*Cursor::over(option->value).peek<Ipv6Addr>());
}

} // namespace ringfence
