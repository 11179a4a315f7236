#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "edge-router/dhcp/answer.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/one_input.h"
#include "tests/packet/checksums.h"

namespace ringfence::fuzz {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr size_t ethernet = 14;

template <class Binding> Binding binding_from(const DhcpRow& row) {
    auto binding = Binding::from(row);
    if (!binding)
        throw std::runtime_error(binding.error().text);
    return *binding;
}

const Dhcp4Binding& binding4() {
    static const auto binding =
        binding_from<Dhcp4Binding>({"10.0.0.1",
                                    "10.0.0.254",
                                    "02:00:00:00:00:fe",
                                    {{"subnet", "10.0.0.0/24"},
                                     {"router", "10.0.0.254"},
                                     {"dns-servers", "10.0.0.53,10.0.0.54"},
                                     {"domain-search", "a.lab,b.lab"},
                                     {"routes", "10.9.0.0/16 10.0.0.9"},
                                     {"boot-file", "pxe.0"},
                                     {"option-224", "text:" + std::string(600, 'a')}}});
    return binding;
}

// One a mode.
const std::vector<Dhcp6Binding>& bindings6() {
    auto in_mode = [](const char* mode) {
        return binding_from<Dhcp6Binding>({"fd00::1",
                                           "",
                                           "02:52:46:00:00:01",
                                           {{"mode", mode},
                                            {"subnet", "fd00::/64"},
                                            {"dns-servers", "fd00::53"},
                                            {"domain-search", "a.lab"}}});
    };
    static const std::vector bindings{in_mode("managed"), in_mode("stateless"), in_mode("slaac")};
    return bindings;
}

// Copies end where their memory does, so that a sanitizer sees a step over it.
struct Exact {
    explicit Exact(const uint8_t* data, size_t size)
        : bytes(new uint8_t[size]), span(bytes.get(), size) {
        std::copy_n(data, size, bytes.get());
    }
    std::unique_ptr<uint8_t[]> bytes;
    std::span<const uint8_t> span;
};

template <class Answer> Bytes answer_twice(Answer answer, std::span<const uint8_t> message) {
    Bytes frames[2];
    Verdict verdicts[2];
    for (int i : {0, 1}) {
        frames[i].assign(max_dhcp_frame, static_cast<uint8_t>(0xa5 * i)); // what was there before
        DhcpAnswer answered = answer(frames[i], message);
        check(answered.size <= frames[i].size(), "an answer is larger than its room");
        check(answered.verdict == Verdict::consumed || is_drop(answered.verdict),
              "an answer has no end");
        check(answered.size == 0 || answered.verdict == Verdict::consumed,
              "what was dropped was answered");
        frames[i].resize(answered.size);
        verdicts[i] = answered.verdict;
    }
    check(frames[0] == frames[1] && verdicts[0] == verdicts[1], "two answers to one message");
    return frames[0];
}

void check_frame(const Bytes& frame, size_t mtu) {
    if (frame.empty())
        return;
    check(frame.size() <= ethernet + mtu, "an answer is larger than the segment's MTU");
    check(test::wrong_checksums(&frame[ethernet], frame.size() - ethernet).empty(),
          "an answer's checksum is wrong");
}

} // namespace

void dhcp(const uint8_t* data, size_t size) {
    constexpr size_t chaddr = 28, message_at = ethernet + 20 + 8, fixed = 240, least = 300;
    Exact message(data, size);
    DhcpClient client;
    if (size >= chaddr + client.mac.bytes.size())
        std::copy_n(data + chaddr, client.mac.bytes.size(), client.mac.bytes.begin());
    client.source = Ipv4Addr{};
    for (bool trusted : {false, true}) {
        client.trusted_relay = trusted;
        client.mtu = trusted ? 576 : 1450;
        Bytes frame = answer_twice(
            [&](std::span<uint8_t> room, std::span<const uint8_t> bytes) {
                return answer_dhcp4(room, binding4(), client, bytes);
            },
            message.span);
        check_frame(frame, client.mtu);
        if (frame.empty())
            continue;
        check(frame.size() >= message_at + least, "a reply is shorter than BOOTP's");
        check(frame[message_at] == 2 && std::equal(data + 4, data + 8, &frame[message_at + 4]),
              "a reply is none to its request");
        check(frame[message_at + fixed] == 53, "a reply does not say what it is");
    }
}

namespace {

void dhcp6(const Dhcp6Binding& binding, const uint8_t* data, size_t size) {
    constexpr size_t message_at = ethernet + 40 + 8;
    Exact message(data, size);
    DhcpClient client;
    client.mac = MacAddr::from_u64(0x020000000001);
    client.source = *Ipv6Addr::from("fe80::ff:fe00:1");
    for (bool unicast : {false, true}) {
        client.unicast = unicast;
        client.mtu = unicast ? 1280 : 1450;
        Bytes frame = answer_twice(
            [&](std::span<uint8_t> room, std::span<const uint8_t> bytes) {
                return answer_dhcp6(room, binding, client, bytes);
            },
            message.span);
        check_frame(frame, client.mtu);
        if (frame.empty())
            continue;
        check((frame[message_at] == 2 || frame[message_at] == 7) &&
                  std::equal(data + 1, data + 4, &frame[message_at + 1]),
              "a reply is none to its request");
        for (size_t at = message_at + 4; at < frame.size();) {
            check(at + 4 <= frame.size(), "a reply's option has no head");
            at += 4 + (size_t{frame[at + 2]} << 8 | frame[at + 3]);
            check(at <= frame.size(), "a reply's option is cut off");
        }
    }
}

} // namespace

void dhcp6(const uint8_t* data, size_t size) {
    for (const Dhcp6Binding& binding : bindings6())
        dhcp6(binding, data, size);
}

} // namespace ringfence::fuzz
