#include "dataplane/walk/judge.h"

namespace ringfence {

namespace {

template <class Address>
Judgement judge(const Policy& policy, const Question& question, const Address& source,
                const Address& destination, const Header& header) {
    return policy.judge(question.direction,
                        Tuple<Address>{source, destination, header.source_port,
                                       header.destination_port, header.protocol});
}

Judgement judge(const Policy& policy, const Question& question, const Header& header) {
    const IpAddr &source = question.source, &destination = question.destination;
    return source.is_v4() ? judge(policy, question, *source.v4(), *destination.v4(), header)
                          : judge(policy, question, *source.v6(), *destination.v6(), header);
}

} // namespace

Verdict ask(const Fabric& fabric, const Question& question, const Header& header) {
    for (PolicyId id : question.policies) {
        const Policy* policy = fabric.policy(id);
        if (!policy)
            return Verdict::fw_no_policy;
        if (judge(*policy, question, header) == Judgement::deny)
            return Verdict::fw_denied;
    }
    return Verdict::next;
}

} // namespace ringfence
