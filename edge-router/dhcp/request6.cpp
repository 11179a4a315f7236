#include "edge-router/dhcp/request6.h"

#include <algorithm>

#include "edge-router/dhcp/dhcp6_codes.h"

namespace ringfence {

namespace {

namespace message = dhcp6::message;
namespace option = dhcp6::option;
using Span = std::span<const uint8_t>;

constexpr size_t least_duid = 3, most_duid = 130;     // 11.1: a type, and 1 to 128 bytes
constexpr size_t ia_head = 12, ia_ta_head = 4;        // id, T1, T2; id alone
constexpr size_t address_head = 24, prefix_head = 25; // 21.6, 21.22

bool is_clients(uint8_t type) {
    switch (type) {
    case message::solicit:
    case message::request:
    case message::confirm:
    case message::renew:
    case message::rebind:
    case message::release:
    case message::decline:
    case message::information_request:
        return true;
    default:
        return false;
    }
}

bool are_whole(Span options) {
    while (!options.empty()) {
        auto option = take_option(options);
        bool is_short =
            option &&
            ((option->code == option::ia_address && option->value.size() < address_head) ||
             (option->code == option::ia_prefix && option->value.size() < prefix_head));
        if (!option || is_short)
            return false;
    }
    return true;
}

bool add_association(const Dhcp6Option& option, Dhcp6Request& request) {
    size_t head = option.code == option::ia_ta ? ia_ta_head : ia_head;
    if (option.value.size() < head || !are_whole(option.value.subspan(head)))
        return false;
    if (!request.associations.full())
        request.associations.push_back(
            {option.code, *Cursor::over(option.value).peek<Be32>(), option.value.subspan(head)});
    return true;
}

// False where the option is not as long as it must be, or came before.
bool add(const Dhcp6Option& option, Dhcp6Request& request) {
    switch (option.code) {
    case option::client_id:
        return request.client_id.empty() && (request.client_id = option.value, true);
    case option::server_id:
        return !request.server_id && (request.server_id = option.value, true);
    case option::wanted:
        if (request.wanted || option.value.size() % 2)
            return false;
        request.wanted = option.value;
        return true;
    case option::rapid_commit:
        request.rapid_commit = true;
        return true;
    case option::ia_na:
    case option::ia_ta:
    case option::ia_pd:
        return add_association(option, request);
    default:
        return true;
    }
}

Verdict check_client_id(const Dhcp6Request& request) {
    size_t size = request.client_id.size();
    bool may_lack = request.type == message::information_request;
    return (size == 0 && may_lack) || (size >= least_duid && size <= most_duid)
               ? Verdict::next
               : Verdict::dhcp6_client_id;
}

} // namespace

std::optional<Dhcp6Option> take_option(Span& options) {
    Cursor cursor = Cursor::over(options);
    const Be16* code = cursor.take<Be16>();
    const Be16* length = cursor.take<Be16>();
    if (!length || cursor.left() < length->host())
        return std::nullopt;
    size_t head = 2 * sizeof(Be16);
    Dhcp6Option option{code->host(), options.subspan(head, length->host())};
    options = options.subspan(head + length->host());
    return option;
}

bool Dhcp6Request::wants(uint16_t code) const {
    if (!wanted)
        return true;
    for (Cursor cursor = Cursor::over(*wanted); const Be16* one = cursor.take<Be16>();)
        if (one->host() == code)
            return true;
    return false;
}

Verdict read_request(Span bytes, Dhcp6Request& request) {
    constexpr size_t head = 4; // type and transaction
    if (bytes.size() < head)
        return Verdict::dhcp6_truncated;
    request.type = bytes[0];
    std::copy_n(bytes.begin() + 1, request.transaction.size(), request.transaction.begin());
    if (!is_clients(request.type))
        return Verdict::dhcp6_message_type;
    for (auto rest = bytes.subspan(head); !rest.empty();) {
        auto option = take_option(rest);
        if (!option || !add(*option, request))
            return Verdict::dhcp6_option;
    }
    return check_client_id(request);
}

} // namespace ringfence
