#include "dataplane/connection/timeouts.h"

namespace ringfence {

namespace {

constexpr uint32_t second = 1'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;

// By TcpState: none, syn_sent, syn_crossed, syn_received, established, fin_wait, close_wait,
// last_ack, time_wait, closed.
constexpr std::array<uint32_t, tcp_state_count> netfilter_tcp = {
    10 * second, 2 * minute, 2 * minute,  1 * minute, 5 * day,
    2 * minute,  1 * minute, 30 * second, 2 * minute, 10 * second};

constexpr uint32_t transitory = 4 * minute; // RFC 5382, REQ-5
constexpr std::array<uint32_t, tcp_state_count> translated_tcp = {
    10 * second, transitory, transitory, transitory, 2 * hour + 4 * minute,
    transitory,  transitory, transitory, transitory, transitory};

} // namespace

const Timeouts Timeouts::filtered = {netfilter_tcp, 5 * minute,  30 * second,
                                     2 * minute,    30 * second, 10 * minute};

const Timeouts Timeouts::translated = {
    translated_tcp, 2 * hour + 4 * minute, 5 * minute, 5 * minute, 1 * minute, 10 * minute};

} // namespace ringfence
