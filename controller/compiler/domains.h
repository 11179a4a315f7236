// Domains: what hosts ask for as one (DESIGN.md, §2). Networks that untranslated routing joins are
// one domain; a translating edge router keeps what is inside apart.
//
// No search is needed to find out which networks are joined. All ways between networks lead
// through the organization's edge routers: an organization network is attached to at most one, a
// vApp network has at most one parent, and that is an organization network. So a domain is one
// organization's edge router with all that hangs on it, and named after it (edge/UUID), or a
// network by itself (segment/UUID): who comes or goes renames nobody else.
#pragma once

#include <set>
#include <string>

#include "controller/model/model.h"

namespace ringfence::compiler {

// The domain of a network that has a segment.
std::string domain_of(const model::Model& model, const ovsdb::Uuid& network);

// What the host of a port on that network needs: its domain, and that outside it.
std::set<std::string> domains_for(const model::Model& model, const ovsdb::Uuid& network);

} // namespace ringfence::compiler
