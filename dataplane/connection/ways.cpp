#include "dataplane/connection/ways.h"

#include "core/tables/hash.h"

namespace ringfence {

namespace {

uint64_t word(const uint8_t* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, 8);
    return word;
}

// Multiplications that do not wait for each other.
uint64_t hash(const Way& way) {
    uint64_t arrival = mix(word(way.arrives_with.data()), word(way.arrives_with.data() + 4));
    uint64_t departure = mix(word(way.leaves_with.data()), ~word(way.leaves_with.data() + 4));
    uint64_t address = mix(word(way.target.address.data()), word(way.target.address.data() + 8));
    uint64_t sender = way.origin == Origin::fixed ? way.sender.id : 0;
    uint64_t rest = mix(uint64_t{way.target.segment.value()} << 32 | sender << 16,
                        uint64_t{way.mtu} << 8 | way.hops);
    return mix(arrival ^ rest, departure ^ address);
}

} // namespace

std::optional<WayId> Ways::acquire(const Way& content, Quota quota) {
    uint32_t& chain = chain_of(content);
    for (uint32_t next = chain; next; next = links_[next - 1].next)
        if (ways_[next - 1].same_content(content)) {
            ++links_[next - 1].uses;
            return WayId(next - 1);
        }
    if (quota.used >= quota.limit || !shares_.may_take(quota.used))
        return std::nullopt;
    std::optional<uint32_t> index = take();
    if (!index)
        return std::nullopt;
    shares_.take(quota.used++);
    ways_[*index] = content;
    links_[*index] = {1, chain, quota.port.value()};
    chain = *index + 1;
    return WayId(*index);
}

std::optional<uint32_t> Ways::take() {
    if (uint32_t free = control_.free) {
        control_.free = links_[free - 1].next;
        ++control_.count;
        return free - 1;
    }
    if (control_.unused == ways_.size())
        return std::nullopt;
    ++control_.count;
    return control_.unused++;
}

void Ways::free(WayId id) {
    uint32_t* place = &chain_of(ways_[id.value()]);
    while (*place != id.value() + 1)
        place = &links_[*place - 1].next;
    *place = links_[id.value()].next;
    links_[id.value()].next = control_.free;
    control_.free = id.value() + 1;
    --control_.count;
}

void Ways::forget_places() {
    for (Way& way : ways_.first(control_.unused))
        way.resolved_serial = 0;
}

uint32_t& Ways::chain_of(const Way& way) { return chains_[hash(way) % chains_.size()]; }

} // namespace ringfence
