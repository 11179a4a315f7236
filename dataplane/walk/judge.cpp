#include "dataplane/walk/judge.h"

namespace ringfence {

Subject subject_of(const Header& header, const IpAddr& source, const IpAddr& destination) {
    return {source,
            destination,
            source,
            destination,
            header.protocol,
            header.source_port,
            header.destination_port};
}

Answer ask(const Fabric& fabric, const Question& question) {
    if (question.policies.empty())
        return {Verdict::next};
    Judgement said =
        judge(question.policies, fabric, question.domain, question.direction, question.subject);
    if (!said.rule)
        return {Verdict::fw_no_policy};
    switch (said.rule->action) {
    case Action::allow:
        return {Verdict::next, said.rule};
    case Action::reject:
        return {Verdict::fw_rejected, said.rule};
    case Action::drop:
        break;
    }
    return {Verdict::fw_denied, said.rule};
}

} // namespace ringfence
