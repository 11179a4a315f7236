// What people call the things that a Fabric numbers.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

// "host b", the name of a port, "a router", "nowhere".
std::string name_of(Destination place, const Fabric& fabric);
// The path of its northbound object, or its VNI.
std::string name_of(SegmentId segment, const Fabric& fabric);
std::string name_of(PortId port, const Fabric& fabric);
// The path of its northbound object, or its number where its own row is in another domain.
std::string name_of(RouterId router, const Fabric& fabric);

// A search, for what people are shown; nullptr where no policy has the rule.
const Rule* find_rule(RuleId rule, const Fabric& fabric);
// The same of many rules, in one search; those that there are.
std::unordered_map<RuleId, const Rule*> find_rules(const std::unordered_set<RuleId>& rules,
                                                   const Fabric& fabric);

} // namespace ringfence::agent
