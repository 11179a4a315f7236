// The units of the firewall: security groups and rules, who asks them, and who their groups are.
// In this order:
//   compile_security_group   the group's defaults
//   compile_firewall_rule    its row; tells which groups it names, for whom
//   compile_interfaces       an edge router's interfaces ask its policy, where that has a rule
//   tell_member              each NIC that has a port, to its groups
//   compile_..._groups       Address_Group rows of what was named
#pragma once

#include "controller/compiler/unit.h"

namespace ringfence::compiler {

void compile_security_group(Unit& unit, const northbound::SecurityGroup& group);
void compile_firewall_rule(Unit& unit, const northbound::FirewallRule& rule);
void compile_interfaces(Unit& unit, const northbound::EdgeRouter& edge);

// The NIC is sound, and has this port.
void tell_member(Unit& unit, const northbound::Nic& nic, const southbound::LogicalPort& port);

void compile_members(Unit& unit, const northbound::SecurityGroup& group);
void compile_nic_group(Unit& unit, const northbound::Nic& nic);
void compile_edge_groups(Unit& unit, const northbound::EdgeRouter& edge);

} // namespace ringfence::compiler
