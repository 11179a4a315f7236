#include "dataplane/stages/ruling.h"

#include "dataplane/walk/judge.h"

namespace ringfence {

namespace {

// What the policies say of the packet may change with them, and with the groups that its addresses
// are in.
void note(const Fabric& fabric, Connections& connections, PortId port, const Question& question) {
    for (PolicyId id : question.policies) {
        connections.note(port, ObjectId(id));
        const Policy* policy = fabric.policy(id);
        if (!policy || policy->groups().empty())
            continue;
        connections.note(port, ObjectId(question.domain));
        const Subject& subject = question.subject;
        for (const IpAddr* address : {&subject.source, &subject.destination,
                                      &subject.outside_source, &subject.outside_destination})
            connections.note(port, ObjectId(question.domain, *address));
    }
}

// Of the port that sends, or receives, at the end of its way.
template <class Visit>
void for_each_question_of_port(const LocalPort& port, const Walk& walk, bool is_hairpin,
                               Visit visit) {
    const Header &begin = walk.begin(), &now = walk.now();
    bool is_sender = walk.from() == Walk::From::port;
    auto ask_port = [&](Direction direction, const Header& seen, const Header& other) {
        Subject subject = subject_of(seen, seen.source, seen.destination);
        subject.outside_source = other.source;
        subject.outside_destination = other.destination;
        visit(Question{port.policies, port.domain, direction, subject});
    };
    if (is_sender)
        ask_port(Direction::out, begin, now);
    if (!is_sender || is_hairpin)
        ask_port(Direction::in, now, begin);
}

} // namespace

Ruling ask_firewalls(const Fabric& fabric, Connections& connections, const Walk& walk,
                     const Landing& landing) {
    Ruling ruling;
    auto put = [&](const Question& question) {
        note(fabric, connections, landing.port, question);
        if (ruling.verdict != Verdict::next)
            return;
        Answer answer = ask(fabric, question);
        ruling.verdict = answer.verdict;
        if (answer.verdict != Verdict::next) {
            ruling.rule = answer.rule;
            ruling.crossing = question.crossing;
        }
        if (answer.rule && question.counts)
            ruling.counted.push_back(answer.rule);
    };
    for_each_question(walk, put);
    if (const LocalPort* port = fabric.port(landing.port))
        for_each_question_of_port(*port, walk, landing.is_hairpin, put);
    return ruling;
}

// By the header that the port's own end sees.
void record(Worker& worker, const Walk& walk, PortId port, const Ruling& ruling) {
    const Header& seen = walk.from() == Walk::From::port ? walk.begin() : walk.now();
    for (const Rule* rule : ruling.counted) {
        worker.count(rule->id);
        if (rule->log) [[unlikely]]
            worker.log({rule->id, port, seen.source, seen.destination, seen.source_port,
                        seen.destination_port, seen.protocol});
    }
}

} // namespace ringfence
