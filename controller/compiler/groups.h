// Who an address group's members are, as each domain that speaks of it sees them: the rows of
// Address_Group. One row a group and domain, whatever rules name it there.
//
// A member inside the domain has its inside addresses; and, where the domain is behind a
// translation, those that stand for it outside, which it has when it is met by way of the outside.
// A member beyond a translation is its outside addresses, one on the domain's own outside its own.
#pragma once

#include <compare>
#include <set>
#include <string>
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

// The members' addresses as prefixes.
std::set<std::string> seen_from(const Sight& sight, const Member& member);

southbound::AddressGroup make_group(const std::string& domain, const std::string& name,
                                    std::set<std::string> prefixes, const std::string& intent);

// All that the prefixes cover, and all that they don't, of both families.
std::set<std::string> subnets_inside(const Edge& edge);
std::set<std::string> all_but(const std::set<std::string>& prefixes);

} // namespace ringfence::compiler
