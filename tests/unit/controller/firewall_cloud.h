// Security groups and firewall rules for the small clouds (cloud.h, edge_cloud.h), and what is
// compiled of them as lines to read.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/unit/controller/edge_cloud.h"

namespace ringfence::test {

// Of acme: group/NAME.
void add_group(northbound::Tables& rows, const std::string& name);
void join(northbound::Tables& rows, const std::string& nic, const std::string& group);
std::string word_of_group(const std::string& name); // "group:UUID"
std::string word_of_nic(const std::string& nic);    // "nic:UUID"

// A tenant's rule that allows everything in: rule/NUMBER. `owner`: "edge/..." or "group/...".
using RuleChange = std::function<void(northbound::FirewallRule&)>;
northbound::FirewallRule make_rule(const std::string& owner, int64_t number,
                                   const RuleChange& change = {});
void add_rule(northbound::Tables& rows, const std::string& owner, int64_t number,
              const RuleChange& change = {});

// Rows of Firewall but for the inbound policies', and Address_Group rows: one line each, sorted.
// UUIDs are shown as the names that these functions make them of.
std::vector<std::string> rule_lines(const southbound::Tables& rows,
                                    const std::vector<std::string>& names);
std::vector<std::string> group_lines(const southbound::Tables& rows,
                                     const std::vector<std::string>& names);

} // namespace ringfence::test
