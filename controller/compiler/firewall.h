// Firewall rules to the rows of Firewall: one row a rule, whomever it names. Groups and NICs stay
// names in it; who they are is said once, by Address_Group (groups.h).
//
// An edge router's rules are its policy edge/UUID, which its inside interfaces ask beside the
// inbound policies of their networks (policies.h). A security group's are its policy group/UUID,
// which its NICs' ports ask. Ports of many domains do, so such a policy is a domain of its own,
// which those ports name among theirs.
#pragma once

#include <string>
#include <vector>

#include "controller/compiler/edges.h"
#include "controller/model/model.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// Names of policies and of address groups, the same on every controller and after every restart.
std::string edge_policy_name(const ovsdb::Uuid& edge);
std::string group_name(const ovsdb::Uuid& security_group); // of its policy, too
std::string nic_group_name(const ovsdb::Uuid& nic);
std::string internal_name(const ovsdb::Uuid& edge);
std::string external_name(const ovsdb::Uuid& edge);

// The rule, which is sound. `edge`: the router that asks it; null for a security group's. An error
// says why it can match nothing, and so has no row.
[[nodiscard]] Result<southbound::Firewall>
compile_rule(const model::Model& model, const northbound::FirewallRule& rule, const Edge* edge);

// What becomes of what no rule of the group decides: in is dropped, out allowed, unless it says
// otherwise.
std::vector<southbound::Firewall> compile_defaults(const model::Model& model,
                                                   const northbound::SecurityGroup& group);

// The provider's syslog server of an organization; "" = there is none.
std::string log_server_of(const model::Model& model, const ovsdb::Uuid& organization);

} // namespace ringfence::compiler
