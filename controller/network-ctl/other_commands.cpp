// The remaining nouns: event, sync, completion.
#include "controller/network-ctl/commands.h"
#include "controller/network-ctl/help.h"

namespace ringfence::ctl {

namespace {

Result<> list_events(Session& session, const Arguments&) {
    return session.cloud()
        .and_then([](Cloud* cloud) { return cloud->events(); })
        .map([&](const auto& events) { session.print(list_of("event", events)); });
}

Result<> sync(Session& session, const Arguments&) {
    return session.cloud()
        .and_then([](Cloud* cloud) { return cloud->now(); })
        .and_then([&](const client::Receipt& receipt) { return session.wait(receipt); });
}

Result<> print_bash_completion(Session& session, const Arguments&) {
    session.print_text(bash_completion());
    return {};
}

} // namespace

Noun event_noun() {
    return {"event",
            "what happened, as the controller noted it",
            "",
            {{"list", "", "list events, the latest last", {}, "", list_events}}};
}

Noun sync_noun() {
    return {"sync",
            "wait for all changes so far, as --wait says",
            "",
            {{"", "", "wait for all changes so far, as --wait says", {}, "", sync}}};
}

Noun completion_noun() {
    return {"completion",
            "completion of commands by the shell",
            "",
            {{"bash",
              "",
              "print bash's completion",
              {},
              "Use it as: source <(network-ctl completion bash)",
              print_bash_completion}}};
}

} // namespace ringfence::ctl
