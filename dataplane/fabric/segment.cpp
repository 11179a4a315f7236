#include "dataplane/fabric/segment.h"

#include <algorithm>

namespace ringfence {

namespace {

template <class T> bool holds(const std::vector<T>& sorted, const T& value) {
    return std::binary_search(sorted.begin(), sorted.end(), value);
}

template <class T> void insert(std::vector<T>& sorted, const T& value) {
    auto place = std::lower_bound(sorted.begin(), sorted.end(), value);
    if (place == sorted.end() || *place != value)
        sorted.insert(place, value);
}

template <class T> void erase(std::vector<T>& sorted, const T& value) {
    auto place = std::lower_bound(sorted.begin(), sorted.end(), value);
    if (place != sorted.end() && *place == value)
        sorted.erase(place);
}

} // namespace

bool Segment::is_trusted(NextHopId hop) const { return holds(trusted_, hop); }

bool Segment::may_also_come_from(MacAddr mac, NextHopId hop) const {
    return holds(also_from_, {mac, hop});
}

void Segment::add_flood(PortId port) { insert(flood_ports_, port); }
void Segment::add_flood(NextHopId hop) { insert(flood_vteps_, hop); }
void Segment::erase_flood(PortId port) { erase(flood_ports_, port); }
void Segment::erase_flood(NextHopId hop) { erase(flood_vteps_, hop); }

void Segment::set_trusted(NextHopId hop, bool trusted) {
    if (trusted)
        insert(trusted_, hop);
    else
        erase(trusted_, hop);
}

void Segment::allow_also_from(MacAddr mac, NextHopId hop) { insert(also_from_, {mac, hop}); }
void Segment::forbid_also_from(MacAddr mac, NextHopId hop) { erase(also_from_, {mac, hop}); }

} // namespace ringfence
