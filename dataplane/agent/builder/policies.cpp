#include "dataplane/agent/builder/policies.h"

namespace ringfence::agent {

void PolicyPart::finish(FabricEdit& edit) {
    for (const std::string& name : std::exchange(known_.touched.policies, {})) {
        bool has_rules = !known_.rules_of(name).empty();
        auto id = has_rules ? known_.ids.policies.get(name) : known_.ids.policies.find(name);
        if (!id)
            continue;
        if (has_rules)
            edit.set_policy(Policy(*id, settings_of(name)));
        else
            edit.erase_policy(*id);
        if (!known_.is_policy_named(name))
            known_.ids.policies.release(name);
    }
}

// Rules speak of all packets of a direction (others are refused), so the first one says it all.
PolicySettings PolicyPart::settings_of(const std::string& policy) const {
    PolicySettings settings;
    const RuleEntry* first_in = nullptr;
    const RuleEntry* first_out = nullptr;
    for (const Uuid& uuid : known_.rules_of(policy)) {
        const RuleEntry* rule = known_.rules.find(uuid);
        auto& first = rule->direction == Direction::in ? first_in : first_out;
        bool denies_too =
            first && first->priority == rule->priority && rule->judgement == Judgement::deny;
        if (!first || first->priority < rule->priority || denies_too)
            first = rule;
    }
    if (first_in) {
        settings.in = first_in->judgement;
        settings.intent = first_in->intent;
    }
    if (first_out)
        settings.out = first_out->judgement;
    if (!first_in && first_out)
        settings.intent = first_out->intent;
    return settings;
}

} // namespace ringfence::agent
