// Firewall and Address_Group rows -> policies, and the groups of domains. One row compiles the
// policy that it is of, or the groups of its domain, and nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dataplane/agent/builder/known.h"
#include "dataplane/fabric/fabric.h"

namespace ringfence::agent {

class PolicyPart {
public:
    explicit PolicyPart(Known& known) : known_(known) {}

    // A policy that is named somewhere and has no row is not in the Fabric: it denies.
    void finish(FabricEdit& edit);
    // Rules that got their id since the last call: what was counted for it before is another's.
    std::vector<RuleId> take_new_rules() { return std::exchange(new_rules_, {}); }

    // Policy -> the group because of which it lets nothing pass where this host asks it.
    std::map<std::string, std::string> trouble(const Fabric& fabric) const;

    // Of a group that is known, its row's name.
    std::string name_of_group(GroupId group) const;

private:
    void group(FabricEdit& edit, const std::string& domain);
    AddressGroup members_of(GroupId id, const GroupEntry& entry) const;
    void compile(FabricEdit& edit, const std::string& name);
    void add_rules(const Uuid& uuid, const RuleEntry& entry, std::vector<Rule>& rules);
    void name_groups(const std::vector<std::string>& names, AddressMatch& match);
    void release_ids();

    Known& known_;
    std::vector<RuleId> new_rules_;
};

} // namespace ringfence::agent
