#include "controller/model/subnets.h"

#include <algorithm>
#include <optional>

#include "controller/model/names.h"

namespace ringfence::model {
namespace {

// Neither a NIC nor a gateway may have these: the network's own (IPv6: the subnet-router anycast
// address, RFC 4291, 2.6.1) and IPv4's broadcast address.
const char* reserved_as(const IpPrefix& subnet, const IpAddr& address) {
    if (address == subnet.address())
        return "network";
    if (address.is_v4() && address == last_address(subnet))
        return "broadcast";
    return nullptr;
}

Result<> add_subnet(Addressing& addressing, const std::string& text) {
    auto subnet = IpPrefix::from(text);
    if (!subnet)
        return tl::unexpected(subnet.error().in("subnet"));
    unsigned longest = subnet->address().is_v4() ? 30 : 126;
    if (subnet->length() > longest)
        return fail("subnet {}: has no room for two hosts; the longest prefix is /{}",
                    to_string(*subnet), longest);
    if (!is_unicast_address(subnet->address()) || subnet->length() == 0)
        return fail("subnet {}: is not a range of unicast addresses", to_string(*subnet));
    for (const auto& other : addressing.subnets)
        if (subnet->overlaps(other))
            return fail("subnet {}: overlaps subnet {} of the same network", to_string(*subnet),
                        to_string(other));
    addressing.subnets.push_back(*subnet);
    return {};
}

Result<> add_gateway(Addressing& addressing, const std::string& text) {
    auto gateway = IpAddr::from(text);
    if (!gateway)
        return tl::unexpected(gateway.error().in("gateway"));
    const IpPrefix* subnet = addressing.subnet_of(*gateway);
    if (!subnet)
        return fail("gateway {}: lies outside the network's subnets", to_string(*gateway));
    if (const char* what = reserved_as(*subnet, *gateway))
        return fail("gateway {}: is the {} address of {}", to_string(*gateway), what,
                    to_string(*subnet));
    for (const auto& other : addressing.gateways)
        if (subnet->contains(other))
            return fail("gateway {}: subnet {} has the gateway {} already", to_string(*gateway),
                        to_string(*subnet), to_string(other));
    addressing.gateways.push_back(*gateway);
    return {};
}

Result<> add_range(Addressing& addressing, const std::string& text) {
    auto range = AddressRange::from(text);
    if (!range)
        return tl::unexpected(range.error().in("range"));
    const IpPrefix* subnet = addressing.subnet_of(range->first);
    if (!subnet || !subnet->contains(range->last))
        return fail("range {}: does not lie inside one of the network's subnets", text);
    for (const IpAddr& reserved : {subnet->address(), last_address(*subnet)})
        if (const char* what = reserved_as(*subnet, reserved); what && range->contains(reserved))
            return fail("range {}: contains {}, the {} address of {}", text, to_string(reserved),
                        what, to_string(*subnet));
    for (const auto& gateway : addressing.gateways)
        if (range->contains(gateway))
            return fail("range {}: contains the gateway {}", text, to_string(gateway));
    for (const auto& other : addressing.ranges)
        if (range->contains(other.first) || other.contains(range->first))
            return fail("range {}: overlaps the range {}-{} of the same network", text,
                        to_string(other.first), to_string(other.last));
    addressing.ranges.push_back(*range);
    return {};
}

} // namespace

Result<AddressRange> AddressRange::from(std::string_view text) {
    size_t dash = text.find('-');
    auto first = IpAddr::from(text.substr(0, dash));
    auto last = dash == text.npos ? first : IpAddr::from(text.substr(dash + 1));
    if (!first || !last || first->is_v4() != last->is_v4())
        return fail("\"{}\" is not a range (like 10.0.0.10-10.0.0.99)", shown(text));
    if (*last < *first)
        return fail("{} is reversed: give the lower address first", text);
    return AddressRange{*first, *last};
}

bool AddressRange::contains(const IpAddr& address) const {
    return address.is_v4() == first.is_v4() && first <= address && address <= last;
}

int64_t AddressRange::size() const {
    if (first.is_v4())
        return int64_t{last.v4()->value} - first.v4()->value + 1;
    uint64_t size = 0;
    uint64_t high = 0;
    unsigned borrow = 0;
    for (int i = 15; i >= 0; --i) {
        const auto at = static_cast<size_t>(i);
        const int digit = last.v6()->bytes[at] - first.v6()->bytes[at] - static_cast<int>(borrow);
        borrow = digit < 0;
        const auto byte = static_cast<uint64_t>(digit & 0xff);
        (i >= 8 ? size : high) |= byte << (15 - i) % 8 * 8;
    }
    constexpr auto most = static_cast<uint64_t>(INT64_MAX);
    return high || size >= most ? INT64_MAX : static_cast<int64_t>(size + 1);
}

Result<Addressing> Addressing::from(const std::set<std::string>& subnets,
                                    const std::set<std::string>& gateways,
                                    const std::set<std::string>& ranges) {
    Addressing addressing;
    for (const auto& text : subnets)
        if (auto added = add_subnet(addressing, text); !added)
            return tl::unexpected(added.error());
    for (const auto& text : gateways)
        if (auto added = add_gateway(addressing, text); !added)
            return tl::unexpected(added.error());
    for (const auto& text : ranges)
        if (auto added = add_range(addressing, text); !added)
            return tl::unexpected(added.error());
    return addressing;
}

bool Addressing::has_v6() const {
    return std::ranges::any_of(subnets, [](const IpPrefix& s) { return !s.address().is_v4(); });
}

const IpPrefix* Addressing::subnet_of(const IpAddr& address) const {
    auto found =
        std::ranges::find_if(subnets, [&](const IpPrefix& s) { return s.contains(address); });
    return found == subnets.end() ? nullptr : &*found;
}

const char* Addressing::reserved_as(const IpAddr& address) const {
    const IpPrefix* subnet = subnet_of(address);
    return subnet ? model::reserved_as(*subnet, address) : nullptr;
}

Result<> Addressing::admits(const IpAddr& address) const {
    if (!is_unicast_address(address))
        return fail("address {}: is not a unicast address", to_string(address));
    if (subnets.empty())
        return {};
    const IpPrefix* subnet = subnet_of(address);
    if (!subnet) {
        std::string all;
        for (const auto& s : subnets)
            all += (all.empty() ? "" : ", ") + to_string(s);
        return fail("address {}: lies outside the network's subnets ({})", to_string(address), all);
    }
    if (const char* what = reserved_as(address))
        return fail("address {}: is the {} address of {}", to_string(address), what,
                    to_string(*subnet));
    if (std::ranges::find(gateways, address) != gateways.end())
        return fail("address {}: is the network's gateway", to_string(address));
    return {};
}

IpAddr last_address(const IpPrefix& subnet) {
    if (const auto* v4 = subnet.address().v4()) {
        uint32_t hosts = subnet.length() == 0 ? ~0u : (1u << (32 - subnet.length())) - 1;
        return Ipv4Addr{v4->value | hosts};
    }
    Ipv6Addr last = *subnet.address().v6();
    for (unsigned bit = subnet.length(); bit < 128; ++bit)
        last.bytes[bit / 8] = static_cast<uint8_t>(last.bytes[bit / 8] | 0x80u >> bit % 8);
    return last;
}

IpAddr next_address(const IpAddr& address) {
    if (const auto* v4 = address.v4())
        return Ipv4Addr{v4->value + 1};
    Ipv6Addr next = *address.v6();
    for (size_t i = 16; i-- > 0 && ++next.bytes[i] == 0;)
        ;
    return next;
}

bool is_unicast_address(const IpAddr& address) {
    if (const auto* v4 = address.v4())
        return v4->value >> 24 != 0 && v4->value >> 28 < 0xe && !v4->is_loopback();
    const auto& v6 = *address.v6();
    Ipv6Addr loopback;
    loopback.bytes[15] = 1;
    return !v6.is_multicast() && !v6.is_unspecified() && v6 != loopback;
}

} // namespace ringfence::model
