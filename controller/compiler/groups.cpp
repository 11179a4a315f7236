#include "controller/compiler/groups.h"

#include <algorithm>

#include "controller/compiler/domains.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {
namespace {

using Texts = std::set<std::string>;

Texts prefixes_of(const Texts& addresses) {
    Texts prefixes;
    for (const auto& text : addresses)
        if (const auto prefix = IpPrefix::from(text))
            prefixes.insert(to_string(*prefix));
    return prefixes;
}

unsigned bits_of(const IpAddr& address) { return address.is_v4() ? 32 : 128; }

IpAddr with_bit(const IpAddr& address, unsigned bit) {
    if (const auto* v4 = address.v4())
        return Ipv4Addr{v4->value | 1u << (31 - bit)};
    Ipv6Addr v6 = *address.v6();
    v6.bytes[bit / 8] = static_cast<uint8_t>(v6.bytes[bit / 8] | 0x80u >> bit % 8);
    return v6;
}

// What of `whole` lies in none of these: it is halved wherever one of them is smaller.
void subtract(const IpPrefix& whole, const std::vector<IpPrefix>& these, Texts& rest) {
    const auto touches = [&](const IpPrefix& other) { return other.overlaps(whole); };
    if (std::ranges::none_of(these, touches)) {
        rest.insert(to_string(whole));
        return;
    }
    const auto covers = [&](const IpPrefix& other) {
        return touches(other) && other.length() <= whole.length();
    };
    if (std::ranges::any_of(these, covers) || whole.length() == bits_of(whole.address()))
        return;
    for (const IpAddr& half : {whole.address(), with_bit(whole.address(), whole.length())})
        subtract(*IpPrefix::from(half, whole.length() + 1), these, rest);
}

} // namespace

Sight sight_of(const model::Model& model, const ovsdb::Uuid& network) {
    Sight sight{domain_of(model, network), ""};
    for (const std::string& domain : domains_for(model, network))
        if (domain != sight.domain)
            sight.outside = domain;
    return sight;
}

Member make_member(const model::Model& model, const northbound::Nic& nic,
                   const ovsdb::Uuid& segment) {
    Member member{sight_of(model, segment), prefixes_of(nic.addresses),
                  prefixes_of(nic.outside_addresses)};
    for (const auto& [address, mac] : nic.virtual_addresses)
        member.addresses.merge(prefixes_of({address}));
    return member;
}

Meetings::Meetings(const std::multiset<Member>& members) {
    for (const Member& member : members) {
        by_domain_[member.sight.domain].insert(member.addresses.begin(), member.addresses.end());
        if (!member.sight.outside.empty())
            by_domain_[member.sight.outside].insert(member.outside_addresses.begin(),
                                                    member.outside_addresses.end());
    }
}

const Texts& Meetings::in(const std::string& domain) const {
    static const Texts nobody;
    const auto found = by_domain_.find(domain);
    return found == by_domain_.end() ? nobody : found->second;
}

southbound::AddressGroup make_group(const std::string& domain, const std::string& name,
                                    Texts prefixes, const std::string& intent) {
    southbound::AddressGroup row;
    row.uuid = ovsdb::Uuid::named("address-group/" + domain + "/" + name);
    row.domain = domain;
    row.name = name;
    row.prefixes = std::move(prefixes);
    row.intent = intent;
    return row;
}

Texts subnets_inside(const Edge& edge) {
    Texts subnets;
    for (const Link& link : edge.links)
        if (!link.outside)
            for (const IpPrefix& subnet : link.addressing.subnets)
                subnets.insert(to_string(subnet));
    return subnets;
}

Texts all_but(const Texts& prefixes) {
    std::vector<IpPrefix> these;
    for (const auto& text : prefixes)
        if (const auto prefix = IpPrefix::from(text))
            these.push_back(*prefix);
    Texts rest;
    for (const char* everything : {"0.0.0.0/0", "::/0"})
        subtract(*IpPrefix::from(everything), these, rest);
    return rest;
}

} // namespace ringfence::compiler
