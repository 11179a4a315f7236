#include "dataplane/walk/judge.h"

namespace ringfence {

namespace {

template <class Address>
Tuple<Address> tuple_of(const Address& source, const Address& destination, const Header& header) {
    return {source, destination, header.source_port, header.destination_port, header.protocol};
}

Judgement ask(const Policy& policy, Direction direction, const IpAddr& source,
              const IpAddr& destination, const Header& header) {
    if (source.is_v4())
        return policy.judge(direction, tuple_of(*source.v4(), *destination.v4(), header));
    return policy.judge(direction, tuple_of(*source.v6(), *destination.v6(), header));
}

Verdict ask_all(const Fabric& fabric, const std::vector<PolicyId>& policies, Direction direction,
                const IpAddr& source, const IpAddr& destination, const Header& header) {
    for (PolicyId id : policies) {
        const Policy* policy = fabric.policy(id);
        if (!policy)
            return Verdict::fw_no_policy;
        if (ask(*policy, direction, source, destination, header) == Judgement::deny)
            return Verdict::fw_denied;
    }
    return Verdict::next;
}

Verdict judge(const Fabric& fabric, const Crossing& crossing, const Header& header) {
    if (crossing.in == crossing.out)
        return Verdict::next; // back into the network that it came from
    const RouterInterface& in = crossing.router->interfaces()[crossing.in];
    const RouterInterface& out = crossing.router->interfaces()[crossing.out];
    Verdict verdict = Verdict::next;
    if (!in.outside)
        verdict = ask_all(fabric, in.policies, Direction::out, crossing.source,
                          crossing.destination, header);
    if (!out.outside && verdict == Verdict::next)
        verdict = ask_all(fabric, out.policies, Direction::in, crossing.source,
                          crossing.destination, header);
    return verdict;
}

} // namespace

Verdict judge_crossings(const Fabric& fabric, const Walk& walk) {
    for (const Crossing& crossing : walk.crossings())
        if (Verdict verdict = judge(fabric, crossing, walk.begin()); verdict != Verdict::next)
            return verdict;
    return Verdict::next;
}

Verdict judge_port(const Fabric& fabric, const LocalPort& port, Direction direction,
                   const Header& header) {
    return ask_all(fabric, port.policies, direction, header.source, header.destination, header);
}

} // namespace ringfence
