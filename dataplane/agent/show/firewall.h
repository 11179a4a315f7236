// Policies with their rules and hits as text, for `ringfence/firewall`. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/types/ids.h"
#include "dataplane/agent/show/connections.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

// What the Fabric does not say of them.
struct FirewallNames {
    std::map<std::string, PolicyId> policies; // to show
    std::function<std::string(GroupId)> group;
    std::function<uint64_t(RuleId)> hits; // how often it has decided
};

// Each policy that the Fabric has, a line a rule, in the order in which they are asked; JSON: an
// array of objects.
std::string show_firewall(const FirewallNames& names, const Fabric& fabric, Format format);

} // namespace ringfence::agent
