#include "controller/network-ctl/hits.h"

#include "controller/network-ctl/answer.h"
#include "controller/network-ctl/records.h"

namespace ringfence::ctl {

using nlohmann::json;

namespace {

int64_t saturated_sum(int64_t one, int64_t other) {
    return one > INT64_MAX - other ? INT64_MAX : one + other;
}

} // namespace

Result<Hits> hits_from(const std::string& text) {
    const json policies = json::parse(text, nullptr, false);
    if (!policies.is_array())
        return fail(ErrorKind::unavailable, "the daemon's answer is not what we know; is it of "
                                            "this version");
    Hits all;
    for (const json& policy : policies)
        for (const json& rule : in(policy, "rules")) {
            const std::string intent = text_in(rule, "intent");
            if (intent.empty())
                continue;
            int64_t& hits = all[intent];
            hits = saturated_sum(hits, std::max<int64_t>(number_in(rule, "hits"), 0));
        }
    return all;
}

Listing list_with_hits(const std::vector<client::FirewallRule>& rules, const Hits& hits) {
    Listing listing = list_of("firewall", rules);
    const auto add = [](Record& record, Value value) {
        record.insert(record.begin() + 2, Field{"hits", std::move(value)});
    };
    add(listing.heading, Value());
    for (size_t i = 0; i < rules.size(); ++i) {
        const auto found = hits.find(rules[i].path);
        add(listing.records[i], found == hits.end() ? Value() : Value(found->second));
    }
    return listing;
}

} // namespace ringfence::ctl
