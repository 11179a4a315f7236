// What a DHCPv4 client's message says (RFC 2131, 2132), its options gathered from all fields that
// may hold them (option 52) and put together where they were split (RFC 3396).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "core/packet/verdicts.h"
#include "core/types/addresses.h"
#include "core/wire/cursor.h"
#include "edge-router/dhcp/option_bytes.h"

namespace ringfence {

// The fixed part and the magic cookie (RFC 2131, 2). Accessors speak host order.
class Dhcp4Header {
public:
    static constexpr uint8_t request = 1, reply = 2; // operation
    static constexpr uint16_t broadcast = 0x8000;    // flags

    uint8_t operation() const { return operation_; }
    bool is_ethernet() const { return hardware_type_ == 1 && hardware_length_ == 6; }
    uint8_t hops() const { return hops_; }
    bool has_cookie() const;
    bool wants_broadcast() const { return flags_.host() & broadcast; }
    Ipv4Addr client() const { return Ipv4Addr{ciaddr_.host()}; }
    Ipv4Addr relay() const { return Ipv4Addr{giaddr_.host()}; }
    MacAddr mac() const;
    std::span<const uint8_t> server_name() const { return server_name_; }
    std::span<const uint8_t> file() const { return file_; }

    // The reply's: what has to come back as it was, all else 0.
    static Dhcp4Header make_reply(const Dhcp4Header& asked);
    void set_broadcast() { flags_ = Be16(static_cast<uint16_t>(flags_.host() | broadcast)); }
    void set_client(Ipv4Addr address) { ciaddr_ = Be32(address.value); }
    void set_yours(Ipv4Addr address) { yiaddr_ = Be32(address.value); }
    void set_next_server(Ipv4Addr address) { siaddr_ = Be32(address.value); }
    // Cut where they don't fit with their zero.
    void set_server_name(std::span<const char> name);
    void set_file(std::span<const char> file);

private:
    uint8_t operation_, hardware_type_, hardware_length_, hops_;
    Be32 xid_;
    [[maybe_unused]] Be16 seconds_;
    Be16 flags_;
    Be32 ciaddr_, yiaddr_, siaddr_, giaddr_;
    std::array<uint8_t, 16> chaddr_;
    std::array<uint8_t, 64> server_name_;
    std::array<uint8_t, 128> file_;
    Be32 cookie_;
};
static_assert(sizeof(Dhcp4Header) == 240);

struct Dhcp4Request {
    const Dhcp4Header* header = nullptr; // in the message
    uint8_t type = 0;                    // one that clients send
    std::optional<Ipv4Addr> requested, server;
    std::optional<uint16_t> max_size; // of a reply's IP packet, bytes
    OptionBytes<255> parameters;      // codes that it asks for, in its order
    OptionBytes<255> client_id;       // option 61
    OptionBytes<512> relay_agent;     // option 82, all of it
};

// Of a UDP payload: `next`, or what is wrong with it (dhcp.truncated and so on).
Verdict read_request(std::span<const uint8_t> message, Dhcp4Request& request);

} // namespace ringfence
