// DHCPv4 (RFC 2131). What a NIC may ask, and what it hears:
//
//     DISCOVER                                   OFFER of its address
//     REQUEST, with our server id                SELECTING: ACK, or NAK where it asks for another
//              with another's                    nothing (dhcp.not_ours)
//              with option 50 alone              INIT-REBOOT: ACK, or NAK: here every NIC is known
//              with ciaddr                       RENEWING, REBINDING: the same
//     INFORM                                     ACK without address and times
//     DECLINE                                    nothing; the address is not offered again
//     RELEASE                                    nothing; the address stays the NIC's
#include <array>
#include <string_view>

#include "edge-router/dhcp/answer.h"
#include "edge-router/dhcp/dhcp4_codes.h"
#include "edge-router/dhcp/option_writer.h"
#include "edge-router/dhcp/request4.h"
#include "edge-router/dhcp/udp_frame.h"

namespace ringfence {

namespace {

namespace message = dhcp4::message;
namespace option = dhcp4::option;

// What to say: a message type, or nothing.
struct Decision {
    Verdict verdict = Verdict::consumed;
    uint8_t reply = 0;
    bool declined = false;
};

Decision drop(Verdict verdict) { return {verdict, 0, false}; }
Decision say(uint8_t reply) { return {Verdict::consumed, reply, false}; }

bool is_for_another(const Dhcp4Binding& binding, const Dhcp4Request& request) {
    return request.server && *request.server != binding.server;
}

// The address that a REQUEST is about: 4.3.2, by its kind. SELECTING and INIT-REBOOT name it in
// option 50, the others in ciaddr.
std::optional<Ipv4Addr> asked_address(const Dhcp4Request& request) {
    Ipv4Addr own = request.header->client();
    if (own != Ipv4Addr{})
        return own;
    return request.requested;
}

Decision decide_request(const Dhcp4Binding& binding, const Dhcp4Request& request) {
    auto address = asked_address(request);
    if (!address)
        return drop(Verdict::dhcp_request);
    return say(*address == binding.address ? message::ack : message::nak);
}

Decision decide_decline(const Dhcp4Binding& binding, const Dhcp4Request& request) {
    if (!request.requested)
        return drop(Verdict::dhcp_request);
    return {Verdict::consumed, 0, *request.requested == binding.address};
}

Decision decide(const Dhcp4Binding& binding, const DhcpClient& client,
                const Dhcp4Request& request) {
    if (request.header->mac() != client.mac)
        return drop(Verdict::dhcp_sender);
    bool relayed = request.header->relay() != Ipv4Addr{} || request.relay_agent.present();
    if (relayed && !client.trusted_relay)
        return drop(Verdict::dhcp_relay);
    if (is_for_another(binding, request))
        return drop(Verdict::dhcp_not_ours);
    switch (request.type) {
    case message::discover:
        return client.declined ? drop(Verdict::dhcp_declined) : say(message::offer);
    case message::request:
        return client.declined ? drop(Verdict::dhcp_declined) : decide_request(binding, request);
    case message::decline:
        return decide_decline(binding, request);
    case message::inform:
        return say(message::ack);
    default: // RELEASE
        return {};
    }
}

// A reply in the making. Options come in this order: type, server, times, client id, then what was
// asked for, relay agent, end.
class Reply {
public:
    Reply(std::span<uint8_t> room, const Dhcp4Binding& binding, const DhcpClient& client,
          const Dhcp4Request& request, uint8_t type)
        : room_(room), binding_(binding), client_(client), request_(request), type_(type),
          header_(Dhcp4Header::make_reply(*request.header)),
          options_(room_for_options(), (echoes_relay_agent() ? size_of_relay_agent() : 0) + 1) {}

    size_t write() {
        options_.put(option::message_type, type_);
        options_.put(option::server_id, binding_.server);
        if (gives_address())
            give_address();
        if (request_.client_id.present()) // RFC 6842
            options_.put(option::client_id, request_.client_id.bytes());
        if (type_ == message::nak)
            refuse();
        else
            give_options();
        return finish();
    }

private:
    bool is_inform() const { return request_.type == message::inform; }
    bool gives_address() const { return type_ != message::nak && !is_inform(); }

    std::span<uint8_t> room_for_options() const {
        return room_.subspan(udp4_payload + sizeof(Dhcp4Header),
                             largest_message() - sizeof(Dhcp4Header));
    }
    // What client and segment can take, less IP and UDP headers (RFC 2132, 9.10).
    size_t largest_message() const {
        constexpr uint16_t least = 576;
        constexpr size_t headers = 20 + 8;
        uint16_t asked = std::max(request_.max_size.value_or(least), least);
        uint16_t packet = std::min(asked, std::max(client_.mtu, least));
        return std::min<size_t>(packet - headers, room_.size() - udp4_payload);
    }
    size_t size_of_relay_agent() const {
        return OptionWriter4::size_of(request_.relay_agent.size());
    }
    // Not where little else would find room (RFC 3046, 2.2).
    bool echoes_relay_agent() const {
        return request_.relay_agent.present() &&
               size_of_relay_agent() < room_for_options().size() / 2;
    }

    void give_address() {
        header_.set_yours(binding_.address);
        if (request_.type == message::request && request_.header->client() == binding_.address)
            header_.set_client(binding_.address); // table 3
        options_.put(option::lease_time, Be32(binding_.lease_time));
        options_.put(option::renewal_time, Be32(binding_.renewal_time));
        options_.put(option::rebinding_time, Be32(binding_.rebinding_time));
    }

    void refuse() {
        constexpr std::string_view why = "the address is not this NIC's";
        std::array<uint8_t, why.size()> text;
        std::copy(why.begin(), why.end(), text.begin());
        options_.put(option::message, text);
        if (request_.header->relay() != Ipv4Addr{})
            header_.set_broadcast(); // 4.3.2: the relay agent is to broadcast it
    }

    void give_options() {
        if (is_inform())
            header_.set_client(request_.header->client());
        header_.set_next_server(binding_.boot_server);
        header_.set_server_name(binding_.tftp_server);
        header_.set_file(binding_.boot_file);
        auto wanted = request_.parameters.bytes();
        for (uint8_t code : wanted)
            give(code);
        if (!wanted.empty())
            return;
        give(option::mask);
        give(option::mtu);
        for (const DhcpOption& each : binding_.options)
            give(static_cast<uint8_t>(each.code));
    }

    void give(uint8_t code) {
        if (code == option::mask) {
            options_.put(code, binding_.mask);
        } else if (code == option::broadcast) {
            options_.put(code, binding_.broadcast());
        } else if (code == option::mtu) {
            options_.put(code, Be16(binding_.mtu.value_or(client_.mtu)));
        } else if (const DhcpOption* found = binding_.find(code)) {
            if (code == option::router) // comes after the mask: RFC 2132, 3.3
                give(option::mask);
            options_.put(code, found->value);
        }
    }

    size_t finish() {
        constexpr size_t least_message = 300; // RFC 1542, 2.1: BOOTP's
        options_.release_reserve();
        if (echoes_relay_agent()) // as it was, and last
            options_.put(option::relay_agent, request_.relay_agent.bytes());
        auto message = room_.subspan(udp4_payload);
        size_t size = sizeof header_ + options_.size();
        std::memcpy(message.data(), &header_, sizeof header_);
        message[size++] = option::end;
        for (; size < least_message; ++size)
            message[size] = option::pad;
        return put_udp_headers(room_, ends(), size);
    }

    // 4.1: to the relay agent; a refusal to all; to who has an address; as the client asked.
    UdpEnds<Ipv4Addr> ends() const {
        constexpr Ipv4Addr everybody{0xffffffff};
        UdpEnds<Ipv4Addr> ends{binding_.server_mac, client_.mac,        binding_.server,
                               binding_.address,    dhcp4::server_port, dhcp4::client_port};
        if (auto relay = request_.header->relay(); relay != Ipv4Addr{}) {
            ends.destination = relay;
            ends.destination_port = dhcp4::server_port;
        } else if (auto own = own_address(); own && type_ != message::nak) {
            ends.destination = *own;
        } else if (type_ == message::nak || is_inform() || request_.header->wants_broadcast()) {
            ends.destination = everybody;
            ends.destination_mac = MacAddr::broadcast();
        }
        return ends;
    }
    // The address at which the client hears already.
    std::optional<Ipv4Addr> own_address() const {
        Ipv4Addr own = request_.header->client();
        if (is_inform() && own == Ipv4Addr{} && client_.source.is_v4())
            own = *client_.source.v4();
        if (own == Ipv4Addr{} || (!is_inform() && own != binding_.address))
            return std::nullopt;
        return own;
    }

    std::span<uint8_t> room_;
    const Dhcp4Binding& binding_;
    const DhcpClient& client_;
    const Dhcp4Request& request_;
    uint8_t type_;
    Dhcp4Header header_;
    OptionWriter4 options_;
};

} // namespace

DhcpAnswer answer_dhcp4(std::span<uint8_t> room, const Dhcp4Binding& binding,
                        const DhcpClient& client, std::span<const uint8_t> bytes) {
    Dhcp4Request request;
    if (Verdict verdict = read_request(bytes, request); verdict != Verdict::next)
        return {verdict};
    Decision decision = decide(binding, client, request);
    size_t size =
        decision.reply ? Reply(room, binding, client, request, decision.reply).write() : 0;
    return {decision.verdict, size, decision.declined};
}

} // namespace ringfence
