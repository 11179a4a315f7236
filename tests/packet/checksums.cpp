#include "tests/packet/checksums.h"

#include <algorithm>

namespace ringfence::test {

namespace {

using Names = std::vector<std::string>;

constexpr uint8_t icmp = 1, tcp = 6, udp = 17, icmp6 = 58;

size_t word(const uint8_t* at) { return static_cast<size_t>(at[0] << 8 | at[1]); }

// One IP packet, and how much of it is there.
struct View {
    const uint8_t* ip;
    size_t there;  // bytes that are there: of a quote maybe not all
    size_t header; // bytes up to the upper layer
    size_t l4;     // bytes of the upper layer, as the header says
    uint8_t protocol;
    bool four, fragment;

    bool whole() const { return header + l4 <= there; }
    const uint8_t* upper() const { return ip + header; }
    // Without the pseudo-header ICMPv4 does.
    InternetSum upper_sum() const {
        InternetSum sum;
        if (protocol != icmp) {
            sum.add(ip + (four ? 12 : 8), four ? 8 : 32);
            const uint8_t rest[] = {0, protocol, static_cast<uint8_t>(l4 >> 8),
                                    static_cast<uint8_t>(l4)};
            sum.add(rest, sizeof rest);
        }
        return sum.add(upper(), l4);
    }
};

View view_of(const uint8_t* ip, size_t length) {
    if (ip[0] >> 4 == 4) {
        size_t header = size_t{4} * (ip[0] & 0xf);
        return {
            ip, length, header, word(ip + 2) - header, ip[9], true, (word(ip + 6) & 0x3fff) != 0};
    }
    View view{ip, length, 40, word(ip + 4), ip[6], false, false};
    auto is_extension = [](uint8_t next) { return next == 0 || next == 43 || next == 60; };
    while (view.header + 8 <= length && (is_extension(view.protocol) || view.protocol == 44)) {
        const uint8_t* at = ip + view.header;
        bool is_fragment = view.protocol == 44;
        size_t size = is_fragment ? 8 : size_t{8} * (at[1] + size_t{1});
        view.fragment |= is_fragment && (word(at + 2) & 0xfff9) != 0;
        view.protocol = at[0];
        view.header += size;
        view.l4 -= size;
    }
    return view;
}

bool is_error(const View& view) {
    uint8_t type = *view.upper();
    return view.protocol == icmp6 ? type < 128
                                  : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

void check(const View& view, const std::string& prefix, Names& wrong);

void check_icmp(const View& view, const std::string& prefix, Names& wrong) {
    if (view.whole() && view.upper_sum().checksum() != 0)
        wrong.push_back(prefix + "ICMP");
    size_t there = std::min(view.there, view.header + view.l4);
    size_t quote = view.header + 8;
    if (is_error(view) && there >= quote + (view.four ? 20 : 40))
        check(view_of(view.ip + quote, there - quote), prefix + "quoted ", wrong);
}

void check(const View& view, const std::string& prefix, Names& wrong) {
    if (view.four && InternetSum().add(view.ip, std::min(view.header, view.there)).checksum() != 0)
        wrong.push_back(prefix + "IPv4 header");
    if (view.fragment || view.there < view.header + 8)
        return;
    if (view.protocol == icmp || view.protocol == icmp6)
        return check_icmp(view, prefix, wrong);
    if (!view.whole() || (view.protocol != tcp && view.protocol != udp))
        return;
    bool unused = view.protocol == udp && view.four && word(view.upper() + 6) == 0;
    if (!unused && view.upper_sum().checksum() != 0)
        wrong.push_back(prefix + (view.protocol == tcp ? "TCP" : "UDP"));
}

} // namespace

InternetSum& InternetSum::add(const uint8_t* bytes, size_t length) {
    for (size_t i = 0; i < length; i += 2) {
        unsigned value = unsigned{bytes[i]} << 8 | (i + 1 < length ? bytes[i + 1] : 0u);
        unsigned sum = sum_ + value;
        sum_ = static_cast<uint16_t>(sum > 0xffff ? sum - 0xffff : sum);
    }
    return *this;
}

std::vector<std::string> wrong_checksums(const uint8_t* ip, size_t length) {
    Names wrong;
    check(view_of(ip, length), "", wrong);
    return wrong;
}

} // namespace ringfence::test
