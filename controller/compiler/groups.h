// Who an address group's members are, as each domain that speaks of it sees them: the rows of
// Address_Group. One row a group and domain, whatever rules name it there.
//
// In its own domain a member has its own addresses, and in the one beyond its translation those
// that stand for it. Who is met by way of the outside is the same for all domains behind
// translations of one outside: it is the group's row there, which theirs name. So a group's rows
// have the addresses of each member twice at most, however many domains speak of it:
//
//     G's rows, of 1,000 fenced clones of a member on one network `web`
//     segment/clone-1    10.0.0.10                  outside: web
//     segment/clone-2    10.0.0.10                  outside: web
//     ...
//     segment/web        10.0.4.1, 10.0.4.2, ...
//
// An address that a NIC inside has is that NIC, whoever else has it outside: it is hidden.
#pragma once

#include <compare>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/compiler/edges.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// Where somebody stands: its domain, and the one beyond the translation of that ("" = none).
struct Sight {
    std::string domain;
    std::string outside;
    auto operator<=>(const Sight&) const = default;
};
Sight sight_of(const model::Model& model, const ovsdb::Uuid& network);

// A NIC of a group.
struct Member {
    Sight sight;
    std::set<std::string> addresses;         // its own
    std::set<std::string> outside_addresses; // that stand for those
    auto operator<=>(const Member&) const = default;
};
Member make_member(const model::Model& model, const northbound::Nic& nic,
                   const ovsdb::Uuid& segment);

// The addresses of a group's members, as prefixes, by the domain in which they have them.
class Meetings {
public:
    explicit Meetings(const std::multiset<Member>& members);
    const std::set<std::string>& in(const std::string& domain) const;

private:
    std::unordered_map<std::string, std::set<std::string>> by_domain_;
};

southbound::AddressGroup make_group(const std::string& domain, const std::string& name,
                                    std::set<std::string> prefixes, const std::string& intent);

// All that the prefixes cover, and all that they don't, of both families.
std::set<std::string> subnets_inside(const Edge& edge);
std::set<std::string> all_but(const std::set<std::string>& prefixes);

} // namespace ringfence::compiler
