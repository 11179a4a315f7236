#include "edge-router/dhcp/request4.h"

#include <algorithm>

#include "edge-router/dhcp/dhcp4_codes.h"

namespace ringfence {

namespace {

namespace message = dhcp4::message;
namespace option = dhcp4::option;
using Span = std::span<const uint8_t>;

constexpr uint8_t most_hops = 16;                                        // RFC 1542, 4.1.1
constexpr uint8_t file_holds_options = 1, server_name_holds_options = 2; // option 52

// visit(code, value) -> Verdict, for each option up to the end option; an area may end without one.
template <class Visit> Verdict for_each_option(Span area, Visit visit) {
    while (!area.empty() && area[0] != option::end) {
        uint8_t code = area[0];
        if (code == option::pad) {
            area = area.subspan(1);
            continue;
        }
        if (area.size() < 2 || area.size() < size_t{2} + area[1])
            return Verdict::dhcp_option;
        if (Verdict verdict = visit(code, area.subspan(2, area[1])); verdict != Verdict::next)
            return verdict;
        area = area.subspan(size_t{2} + area[1]);
    }
    return Verdict::next;
}

Verdict check_header(const Dhcp4Header& header) {
    if (header.operation() != Dhcp4Header::request)
        return Verdict::dhcp_operation;
    if (!header.is_ethernet())
        return Verdict::dhcp_hardware;
    if (header.hops() > most_hops)
        return Verdict::dhcp_hops;
    return header.has_cookie() ? Verdict::next : Verdict::dhcp_cookie;
}

// Options of fixed size, as they come together.
struct Gathered {
    OptionBytes<1> type, overload;
    OptionBytes<2> max_size;
    OptionBytes<4> requested, server;

    // Of each that is there, all bytes are.
    bool is_whole() const {
        auto whole = [](const auto& bytes, size_t size) {
            return !bytes.present() || bytes.size() == size;
        };
        return whole(max_size, 2) && whole(requested, 4) && whole(server, 4);
    }
};

Verdict otherwise(bool good, Verdict verdict) { return good ? Verdict::next : verdict; }

Verdict gather(uint8_t code, Span value, Gathered& fixed, Dhcp4Request& request) {
    switch (code) {
    case option::message_type:
        return otherwise(fixed.type.append(value), Verdict::dhcp_message_type);
    case option::overload:
        return otherwise(fixed.overload.append(value), Verdict::dhcp_overload);
    case option::max_size:
        return otherwise(fixed.max_size.append(value), Verdict::dhcp_option);
    case option::requested_address:
        return otherwise(fixed.requested.append(value), Verdict::dhcp_option);
    case option::server_id:
        return otherwise(fixed.server.append(value), Verdict::dhcp_option);
    case option::client_id:
        return otherwise(request.client_id.append(value), Verdict::dhcp_option);
    case option::relay_agent:
        return otherwise(request.relay_agent.append(value), Verdict::dhcp_option);
    case option::parameter_list:
        request.parameters.append(value); // more than there are codes: the first ones count
        return Verdict::next;
    default:
        return Verdict::next;
    }
}

// The fields that option 52 names; there, it may not stand again.
Verdict gather_overloaded(Gathered& fixed, Dhcp4Request& request) {
    if (!fixed.overload.present())
        return Verdict::next;
    constexpr uint8_t both = file_holds_options | server_name_holds_options;
    uint8_t fields = fixed.overload.size() ? fixed.overload.bytes()[0] : 0;
    if (fields == 0 || fields > both)
        return Verdict::dhcp_overload;
    auto visit = [&](uint8_t code, Span value) {
        return code == option::overload ? Verdict::dhcp_overload
                                        : gather(code, value, fixed, request);
    };
    Verdict verdict = Verdict::next;
    if (fields & file_holds_options)
        verdict = for_each_option(request.header->file(), visit);
    if (verdict == Verdict::next && fields & server_name_holds_options)
        verdict = for_each_option(request.header->server_name(), visit);
    return verdict;
}

bool is_clients(uint8_t type) {
    return type == message::discover || type == message::request || type == message::decline ||
           type == message::release || type == message::inform;
}

Ipv4Addr address_of(Span bytes) { return Ipv4Addr{Cursor::over(bytes).peek<Be32>()->host()}; }

} // namespace

bool Dhcp4Header::has_cookie() const { return cookie_.host() == dhcp4::magic_cookie; }

MacAddr Dhcp4Header::mac() const {
    MacAddr mac;
    std::copy_n(chaddr_.begin(), mac.bytes.size(), mac.bytes.begin());
    return mac;
}

Dhcp4Header Dhcp4Header::make_reply(const Dhcp4Header& asked) {
    Dhcp4Header header{};
    header.operation_ = reply;
    header.hardware_type_ = asked.hardware_type_;
    header.hardware_length_ = asked.hardware_length_;
    header.xid_ = asked.xid_;
    header.flags_ = asked.flags_;
    header.giaddr_ = asked.giaddr_;
    header.chaddr_ = asked.chaddr_;
    header.cookie_ = asked.cookie_;
    return header;
}

void Dhcp4Header::set_server_name(std::span<const char> name) {
    std::copy_n(name.begin(), std::min(name.size(), server_name_.size() - 1), server_name_.begin());
}
void Dhcp4Header::set_file(std::span<const char> file) {
    std::copy_n(file.begin(), std::min(file.size(), file_.size() - 1), file_.begin());
}

Verdict read_request(Span bytes, Dhcp4Request& request) {
    Cursor cursor = Cursor::over(bytes);
    request.header = cursor.take<Dhcp4Header>();
    if (!request.header)
        return Verdict::dhcp_truncated;
    if (Verdict verdict = check_header(*request.header); verdict != Verdict::next)
        return verdict;
    Gathered fixed;
    Verdict verdict =
        for_each_option({cursor.data(), cursor.left()}, [&](uint8_t code, Span value) {
            return gather(code, value, fixed, request);
        });
    if (verdict == Verdict::next)
        verdict = gather_overloaded(fixed, request);
    if (verdict != Verdict::next)
        return verdict;
    if (!fixed.type.size() || !is_clients(fixed.type.bytes()[0]))
        return Verdict::dhcp_message_type;
    if (!fixed.is_whole())
        return Verdict::dhcp_option;
    request.type = fixed.type.bytes()[0];
    if (fixed.requested.present())
        request.requested = address_of(fixed.requested.bytes());
    if (fixed.server.present())
        request.server = address_of(fixed.server.bytes());
    if (fixed.max_size.present())
        request.max_size = Cursor::over(fixed.max_size.bytes()).peek<Be16>()->host();
    return Verdict::next;
}

} // namespace ringfence
