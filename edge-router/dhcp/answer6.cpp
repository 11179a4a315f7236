// DHCPv6 (RFC 8415). The server of mode managed gives every NIC its one address, in the first IA_NA
// of a message whatever its IAID; there are no temporary addresses and no prefixes. The others give
// settings alone.
//
//     SOLICIT                ADVERTISE; with rapid commit REPLY
//     REQUEST                REPLY with the address; an IA that names one off the link: NotOnLink
//     RENEW, REBIND          REPLY with the address; any other that is named: lifetimes 0
//     CONFIRM                REPLY: Success where what is named is the NIC's, else NotOnLink
//     RELEASE                REPLY: the address stays the NIC's all the same
//     DECLINE                REPLY; the address is not offered again
//     INFORMATION-REQUEST    REPLY with settings
//
// To the server's own address: UseMulticast, because no unicast option was given, or nothing
// (18.4).
#include <algorithm>

#include "edge-router/dhcp/answer.h"
#include "edge-router/dhcp/dhcp6_codes.h"
#include "edge-router/dhcp/option_writer.h"
#include "edge-router/dhcp/request6.h"
#include "edge-router/dhcp/udp_frame.h"

namespace ringfence {

namespace {

namespace message = dhcp6::message;
namespace option = dhcp6::option;
namespace status = dhcp6::status;

using Mode = Dhcp6Binding::Mode;

// DUID-LL (11.4).
struct ServerId {
    Be16 kind{3}, hardware{1};
    MacAddr mac;
};
static_assert(sizeof(ServerId) == 10);

struct AddressOption { // 21.6, without what it may hold
    Ipv6Addr address;
    Be32 preferred, valid;
};

bool is_server(const Dhcp6Binding& binding, std::span<const uint8_t> id) {
    ServerId own{.mac = binding.server_mac};
    return std::ranges::equal(id, std::span(reinterpret_cast<const uint8_t*>(&own), sizeof own));
}

// 16: which messages name the server, and which must not.
Verdict check_server(const Dhcp6Binding& binding, const Dhcp6Request& request) {
    switch (request.type) {
    case message::solicit:
    case message::confirm:
    case message::rebind:
        return request.server_id ? Verdict::dhcp6_option : Verdict::next;
    case message::information_request:
        if (!request.associations.empty())
            return Verdict::dhcp6_option;
        break;
    default:
        if (!request.server_id)
            return Verdict::dhcp6_option;
    }
    return !request.server_id || is_server(binding, *request.server_id) ? Verdict::next
                                                                        : Verdict::dhcp_not_ours;
}

bool begins_without_server(const Dhcp6Request& request) {
    return request.type == message::solicit || request.type == message::confirm ||
           request.type == message::rebind || request.type == message::information_request;
}

// Those of all its associations.
template <class Test> bool all_addresses(const Dhcp6Request& request, Test test) {
    bool all = true;
    for (const Dhcp6Association& association : request.associations)
        association.for_each_address([&](const Ipv6Addr& address) { all = all && test(address); });
    return all;
}
bool names_addresses(const Dhcp6Request& request) {
    return !all_addresses(request, [](const Ipv6Addr&) { return false; });
}

Verdict check(const Dhcp6Binding& binding, const DhcpClient& client, const Dhcp6Request& request) {
    if (Verdict verdict = check_server(binding, request); verdict != Verdict::next)
        return verdict;
    if (client.unicast)
        return begins_without_server(request) ? Verdict::dhcp6_unicast : Verdict::next;
    if (request.type == message::confirm && !names_addresses(request)) // 18.3.3
        return Verdict::dhcp6_option;
    bool asks_for_address = request.type != message::information_request &&
                            request.type != message::release && request.type != message::decline;
    if (client.declined && asks_for_address)
        return Verdict::dhcp_declined;
    return Verdict::next;
}

// A reply in the making.
class Reply {
public:
    Reply(std::span<uint8_t> room, const Dhcp6Binding& binding, const DhcpClient& client,
          const Dhcp6Request& request)
        : room_(room), binding_(binding), client_(client), request_(request),
          options_(room_for_options()) {}

    size_t write() {
        if (!request_.client_id.empty())
            options_.put(option::client_id, request_.client_id);
        options_.put_value(option::server_id, ServerId{.mac = binding_.server_mac});
        if (client_.unicast)
            put_status(status::use_multicast);
        else
            put_answer();
        return finish();
    }

private:
    static constexpr size_t head = 4; // type and transaction

    bool commits() const { return request_.rapid_commit && binding_.mode == Mode::managed; }
    bool advertises() const { return request_.type == message::solicit && !commits(); }
    std::span<uint8_t> room_for_options() const {
        constexpr size_t headers = 40 + 8;
        size_t packet = std::min<size_t>(client_.mtu, room_.size() - 14);
        return room_.subspan(udp6_payload + head, packet - headers - head);
    }

    void put_answer() {
        switch (request_.type) {
        case message::confirm:
            return put_status(names_only_its_own() ? status::success : status::not_on_link);
        case message::release:
        case message::decline:
            put_status(status::success);
            return refuse_foreign();
        case message::solicit:
            if (commits())
                options_.put(option::rapid_commit, {});
            else
                options_.put_value(option::preference, uint8_t{255}); // nobody else will answer
            break;
        default:
            break;
        }
        put_associations();
        put_settings();
    }

    bool is_its_own(const Ipv6Addr& address) const { return address == binding_.address; }
    bool names_only_its_own() const {
        return all_addresses(request_,
                             [&](const Ipv6Addr& address) { return is_its_own(address); });
    }
    bool is_on_link(const Ipv6Addr& address) const {
        auto link = IpPrefix::from(binding_.prefix, binding_.prefix_length);
        return link && link->contains(address);
    }

    void put_status(uint16_t code) { options_.put_value(option::status, Be16(code)); }

    // --- identity associations

    void put_associations() {
        bool given = binding_.mode != Mode::managed;
        for (const Dhcp6Association& association : request_.associations)
            if (association.kind == option::ia_na && !given) {
                given = true;
                put_address(association);
            } else {
                refuse(association, association.kind == option::ia_pd ? status::no_prefix
                                    : is_kept()                       ? status::no_binding
                                                                      : status::no_addresses);
            }
    }
    // It speaks of what it has.
    bool is_kept() const {
        return request_.type == message::renew || request_.type == message::rebind;
    }

    void put_address(const Dhcp6Association& association) {
        bool off_link = false;
        association.for_each_address(
            [&](const Ipv6Addr& address) { off_link = off_link || !is_on_link(address); });
        if (off_link && request_.type == message::request)
            return refuse(association, status::not_on_link);
        uint32_t preferred = binding_.preferred_lifetime;
        bool endless = preferred == 0xffffffff;
        options_.group(option::ia_na, [&] {
            options_.put_field(association.id);
            options_.put_field(Be32(endless ? preferred : preferred / 2)); // T1, T2: 14.2
            options_.put_field(Be32(endless ? preferred : preferred / 5 * 4));
            put(*binding_.address, preferred, binding_.lifetime);
            if (is_kept())
                association.for_each_address([&](const Ipv6Addr& address) {
                    if (!is_its_own(address))
                        put(address, 0, 0);
                });
        });
    }
    void put(const Ipv6Addr& address, uint32_t preferred, uint32_t valid) {
        options_.put_value(option::ia_address,
                           AddressOption{address, Be32(preferred), Be32(valid)});
    }

    void refuse(const Dhcp6Association& association, uint16_t why) {
        options_.group(association.kind, [&] {
            options_.put_field(association.id);
            if (association.kind != option::ia_ta) // T1, T2
                options_.put_field(Be32()), options_.put_field(Be32());
            put_status(why);
        });
    }

    // 18.3.7, 18.3.8: of what it gives back, or will not have, only its own address is known.
    void refuse_foreign() {
        for (const Dhcp6Association& association : request_.associations) {
            bool known = association.kind == option::ia_na;
            association.for_each_address(
                [&](const Ipv6Addr& address) { known = known && is_its_own(address); });
            if (!known)
                refuse(association, status::no_binding);
        }
    }

    // --- settings

    void put_settings() {
        if (!binding_.dns_servers.empty() && request_.wants(option::dns_servers))
            options_.group(option::dns_servers, [&] {
                for (const Ipv6Addr& server : binding_.dns_servers)
                    options_.put_field(server);
            });
        if (!binding_.domain_search.empty() && request_.wants(option::domain_search))
            options_.put(option::domain_search, binding_.domain_search);
        if (!binding_.ntp_servers.empty() && request_.wants(option::ntp_servers))
            options_.put(option::ntp_servers, binding_.ntp_servers);
    }

    size_t finish() {
        auto message = room_.subspan(udp6_payload);
        message[0] = advertises() ? message::advertise : message::reply;
        std::ranges::copy(request_.transaction, message.begin() + 1);
        UdpEnds<Ipv6Addr> ends{binding_.server_mac,  client_.mac,        binding_.server,
                               *client_.source.v6(), dhcp6::server_port, dhcp6::client_port};
        return put_udp_headers(room_, ends, head + options_.size());
    }

    std::span<uint8_t> room_;
    const Dhcp6Binding& binding_;
    const DhcpClient& client_;
    const Dhcp6Request& request_;
    OptionWriter6 options_;
};

bool declines(const Dhcp6Binding& binding, const DhcpClient& client, const Dhcp6Request& request) {
    return request.type == message::decline && !client.unicast &&
           !all_addresses(request,
                          [&](const Ipv6Addr& address) { return address != binding.address; });
}

} // namespace

DhcpAnswer answer_dhcp6(std::span<uint8_t> room, const Dhcp6Binding& binding,
                        const DhcpClient& client, std::span<const uint8_t> bytes) {
    Dhcp6Request request;
    Verdict verdict = read_request(bytes, request);
    if (verdict == Verdict::next)
        verdict = check(binding, client, request);
    if (verdict != Verdict::next)
        return {verdict};
    return {Verdict::consumed, Reply(room, binding, client, request).write(),
            declines(binding, client, request)};
}

} // namespace ringfence
