#include "dataplane/agent/show/trace.h"

#include "core/wire/ethernet.h"
#include "dataplane/agent/show/names.h"

namespace ringfence::agent {

namespace {

// ", to router org/acme/vapp/shop/network/front"; outer headers carry no router's MAC.
std::string routers_of(const TraceRecord& record, const Segment& segment, const Fabric& fabric) {
    auto head = record.head;
    const auto* ethernet = Cursor(head.data(), record.captured).peek<EthernetHeader>();
    if (!ethernet)
        return {};
    std::string text;
    auto add = [&](const char* which, const MacAddr& mac) {
        if (const RouterPlace* place = segment.router(mac.to_u64()))
            text += fmt::format(", {} router {}", which, name_of(place->router, fabric));
    };
    add("from", ethernet->source);
    add("to", ethernet->destination);
    return text;
}

} // namespace

std::string show(const TraceRecord& record, const Fabric& fabric) {
    std::string text = to_string(record);
    const LocalPort* port = fabric.port(PortId(record.port));
    const Segment* segment = record.segment ? fabric.segment(*record.segment) : nullptr;
    if (port)
        text += ", " + port->name;
    bool is_nic = port && !port->intent.empty();
    if (is_nic)
        text += ", " + port->intent;
    if (segment && !(is_nic && port->segment == segment->id()))
        text += ", in " + name_of(segment->id(), fabric);
    if (record.rule)
        if (const Rule* rule = find_rule(*record.rule, fabric))
            text += fmt::format(", by {}", rule->intent);
    return segment ? text + routers_of(record, *segment, fabric) : text;
}

} // namespace ringfence::agent
