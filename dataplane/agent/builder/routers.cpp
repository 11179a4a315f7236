#include "dataplane/agent/builder/routers.h"

namespace ringfence::agent {

void RouterPart::finish(FabricEdit& edit) {
    for (const std::string& name : std::exchange(known_.touched.routers, {}))
        if (auto made = router(name))
            edit.set_router(std::move(*made));
        else
            erase(edit, name);
}

void RouterPart::erase(FabricEdit& edit, const std::string& name) {
    if (auto id = known_.ids.routers.find(name))
        edit.erase_router(*id);
    if (!known_.is_router_named(name))
        known_.ids.routers.release(name);
}

std::optional<Router> RouterPart::router(const std::string& name) {
    if (!known_.router(name) && known_.interfaces_of(name).empty())
        return std::nullopt;
    auto id = known_.ids.routers.get(name);
    if (!id)
        return std::nullopt; // more routers than ids
    RouterSettings settings = settings_of(name);
    return Router(*id, std::move(settings), routes_of(name));
}

RouterSettings RouterPart::settings_of(const std::string& name) {
    RouterSettings settings;
    settings.translation = Translation::one_to_one;
    if (const RouterEntry* row = known_.router(name)) {
        settings.intent = row->intent;
        settings.fence = row->fence;
        settings.translation = row->translation;
        settings.outside_addresses = row->outside_addresses;
    }
    index_.clear();
    for (const Uuid& uuid : known_.interfaces_of(name)) {
        const InterfaceEntry& row = *known_.interfaces.find(uuid);
        auto segment = known_.id_of_segment(row.segment);
        if (!segment)
            continue; // of a domain that this host does not follow
        index_.emplace(uuid, static_cast<uint16_t>(settings.interfaces.size()));
        RouterInterface& interface = settings.interfaces.emplace_back(*segment, row.mac);
        interface.addresses = row.addresses;
        interface.outside = row.outside;
        interface.policies = known_.ids_of(row.policies);
        interface.domain = known_.id_of_domain(row.domain);
    }
    return settings;
}

std::vector<Route> RouterPart::routes_of(const std::string& name) const {
    std::vector<Route> routes;
    if (!known_.router(name))
        return routes;
    for (const Uuid& uuid : known_.routes_of(name)) {
        const RouteEntry& row = *known_.routes.find(uuid);
        if (auto interface = index_.find(row.interface); interface != index_.end())
            routes.push_back({row.prefix, interface->second, row.next_hop});
    }
    return routes;
}

} // namespace ringfence::agent
