// Ethernet, VLAN tags and ARP as they lie on the wire. Accessors speak host order.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "core/types/addresses.h"
#include "core/wire/cursor.h"

namespace ringfence {

namespace ether_type {
inline constexpr uint16_t ip4 = 0x0800, arp = 0x0806, ip6 = 0x86dd;
inline constexpr uint16_t vlan = 0x8100, service_vlan = 0x88a8; // IEEE 802.1Q, 9.4
inline constexpr uint16_t first = 0x0600; // below it is a length (IEEE 802.3, 3.2.6)
constexpr bool is_tag(uint16_t type) { return type == vlan || type == service_vlan; }
} // namespace ether_type

class EthernetHeader {
public:
    MacAddr destination, source;
    // The same as numbers (MacAddr::to_u64), read in one load.
    uint64_t destination_bits() const { return mac_bits(0); }
    uint64_t source_bits() const { return mac_bits(6); }
    uint16_t type() const { return type_.host(); }
    void set_type(uint16_t type) { type_ = Be16(type); }

    static EthernetHeader make(const MacAddr& source, const MacAddr& destination, uint16_t type) {
        EthernetHeader header{};
        header.destination = destination;
        header.source = source;
        header.set_type(type);
        return header;
    }

private:
    uint64_t mac_bits(size_t offset) const {
        uint64_t bytes; // the MAC and two more that lie in this header too
        std::memcpy(&bytes, reinterpret_cast<const uint8_t*>(this) + offset, sizeof bytes);
        return __builtin_bswap64(bytes) >> 16;
    }
    Be16 type_;
};
static_assert(sizeof(EthernetHeader) == 14);

// What follows the ethertype of a tag (IEEE 802.1Q, 9.6): control information, and the next type.
class VlanTag {
public:
    uint16_t id() const { return control_.host() & id_mask; }
    uint16_t type() const { return type_.host(); }
    void set_id(uint16_t id) { // the priority stays
        control_ = Be16(static_cast<uint16_t>((control_.host() & ~id_mask) | id));
    }
    static VlanTag make(uint16_t id, uint16_t type) {
        VlanTag tag{};
        tag.control_ = Be16(id);
        tag.type_ = Be16(type);
        return tag;
    }

private:
    static constexpr uint16_t id_mask = 0xfff;
    Be16 control_, type_;
};
static_assert(sizeof(VlanTag) == 4);

// ARP for IPv4 over Ethernet (RFC 826); is_valid() says whether it is that.
class ArpHeader {
public:
    static constexpr uint16_t request = 1, reply = 2;

    bool is_valid() const {
        return hardware_.host() == 1 && protocol_.host() == ether_type::ip4 &&
               hardware_length_ == 6 && protocol_length_ == 4;
    }
    uint16_t operation() const { return operation_.host(); }
    const MacAddr& sender_mac() const { return sender_mac_; }
    Ipv4Addr sender_ip() const { return Ipv4Addr{sender_ip_.host()}; }
    Ipv4Addr target_ip() const { return Ipv4Addr{target_ip_.host()}; }

    // A request for one's own address: all who hear it learn who has it (RFC 5227, 3).
    static ArpHeader make_announcement(const MacAddr& mac, Ipv4Addr address) {
        ArpHeader arp{};
        arp.hardware_ = Be16(1);
        arp.protocol_ = Be16(ether_type::ip4);
        arp.hardware_length_ = 6;
        arp.protocol_length_ = 4;
        arp.operation_ = Be16(request);
        arp.sender_mac_ = mac;
        arp.sender_ip_ = arp.target_ip_ = Be32(address.value);
        return arp;
    }

    // Makes the reply to this request: the owner of the asked address says where it is.
    void turn_into_reply(const MacAddr& owner) {
        operation_ = Be16(reply);
        target_mac_ = sender_mac_;
        sender_mac_ = owner;
        std::swap(sender_ip_, target_ip_);
    }

private:
    Be16 hardware_, protocol_;
    uint8_t hardware_length_, protocol_length_;
    Be16 operation_;
    MacAddr sender_mac_;
    Be32 sender_ip_;
    MacAddr target_mac_;
    Be32 target_ip_;
};
static_assert(sizeof(ArpHeader) == 28);

} // namespace ringfence
