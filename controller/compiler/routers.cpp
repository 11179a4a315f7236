#include "controller/compiler/routers.h"

namespace ringfence::compiler {

southbound::Router compile_router(const Edge& edge) {
    southbound::Router router;
    router.uuid = ovsdb::Uuid::named("router/" + to_string(edge.uuid));
    router.name = router_name(edge.uuid);
    router.domain = edge.domain();
    router.fence = edge.fence;
    router.translation = edge.translation;
    if (const Link* outside = edge.outside())
        for (const auto& address : outside->addresses)
            router.outside_addresses.insert(to_string(address));
    router.intent = edge.intent;
    return router;
}

southbound::RouterInterface compile_interface(const Edge& edge, const Link& link) {
    southbound::RouterInterface interface;
    interface.uuid = interface_uuid(edge.uuid, link.network);
    interface.domain = link.domain;
    interface.router = router_name(edge.uuid);
    interface.segment = link.network;
    interface.mac = to_string(link.mac);
    for (const auto& address : link.addresses)
        if (const auto* subnet = link.subnet_of(address))
            interface.addresses.insert(to_string(address) + "/" + std::to_string(subnet->length()));
    interface.side = link.outside ? "outside" : "inside";
    if (!link.outside)
        interface.policies = {policy_name(link.network)};
    interface.intent = edge.intent;
    return interface;
}

} // namespace ringfence::compiler
