#include "dataplane/stages/judge_copy.h"

#include "dataplane/stages/discovery.h"
#include "dataplane/stages/icmp_answer.h"
#include "dataplane/stages/tuple.h"
#include "dataplane/walk/judge.h"

namespace ringfence {

namespace {

Verdict judge_by(const Fabric& fabric, Worker& worker, const Packet& packet, const LocalPort& port,
                 Direction direction) {
    if (packet.tagged)
        return Verdict::fw_no_policy;
    if (!is_ip(packet) || is_discovery(packet))
        return Verdict::next;
    if (is_answer(packet)) // which asks no rule by what it claims to answer
        return Verdict::fw_no_connection;
    const Header header = header_of(packet);
    Answer answer = ask(fabric, {port.policies, port.domain, direction,
                                 subject_of(header, header.source, header.destination)});
    if (!answer.rule)
        return answer.verdict;
    worker.count(answer.rule->id);
    if (answer.rule->log)
        worker.log({answer.rule->id, port.id, header.source, header.destination, header.source_port,
                    header.destination_port, header.protocol});
    if (answer.verdict != Verdict::next)
        worker.set_denied_by(answer.rule->id);
    return answer.verdict;
}

} // namespace

Verdict judge_flood(const Fabric& fabric, Worker& worker, const Packet& packet) {
    if (!is_sent(packet) || packet.port->policies.empty())
        return Verdict::next;
    return judge_by(fabric, worker, packet, *packet.port, Direction::out);
}

Verdict judge_copy(const Fabric& fabric, Worker& worker, const Packet& packet,
                   const LocalPort& to) {
    if (to.policies.empty())
        return Verdict::next;
    return judge_by(fabric, worker, packet, to, Direction::in);
}

} // namespace ringfence
