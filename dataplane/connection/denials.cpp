#include "dataplane/connection/denials.h"

#include <algorithm>
#include <bit>

namespace ringfence {

template <class Address>
Denials<Address>::Denials(uint32_t capacity, const HashSeed& seed)
    : seed_(seed), sets_(std::bit_ceil(std::max(capacity / Set::size, 1u))) {}

template <class Address>
void Denials<Address>::add(const Packet& packet, Basis basis, DenialReason reason, Moment now) {
    newest_ = now;
    Set& set = sets_[place_of(packet)];
    auto age = [&](const Denial& denial) {
        return denial.reason.why == Verdict::next ? UINT32_MAX : now.since(denial.since);
    };
    auto same = [&](const Denial& denial) {
        return denial.key == packet.key && denial.macs_match(packet);
    };
    Denial* place = std::find_if(std::begin(set.ways), std::end(set.ways), same);
    if (place == std::end(set.ways))
        place = std::max_element(std::begin(set.ways), std::end(set.ways),
                                 [&](const Denial& a, const Denial& b) { return age(a) < age(b); });
    *place = {packet.key, packet.destination_mac, packet.source_mac,
              now,        basis.voided,           static_cast<uint16_t>(basis.port.value()),
              reason};
}

template class Denials<Ipv4Addr>;
template class Denials<Ipv6Addr>;

} // namespace ringfence
