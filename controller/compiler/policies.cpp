#include "controller/compiler/policies.h"

namespace ringfence::compiler {
namespace {

southbound::Firewall make_default(const Link& inside, const std::string& direction, bool allow) {
    southbound::Firewall row;
    row.policy = policy_name(inside.network);
    row.uuid = ovsdb::Uuid::named("firewall/" + row.policy + "/" + direction);
    row.domain = inside.domain;
    row.priority = 0; // below all rules that may come
    row.direction = direction;
    row.action = allow ? "allow" : "drop";
    row.stateful = true;
    row.log = inside.logs_inbound && direction == "in";
    if (row.log && !inside.log_server.empty())
        row.options["log-server"] = inside.log_server;
    row.intent = inside.intent;
    return row;
}

} // namespace

std::vector<southbound::Firewall> compile_policy(const Link& inside) {
    return {make_default(inside, "in", inside.allows_inbound), make_default(inside, "out", true)};
}

} // namespace ringfence::compiler
