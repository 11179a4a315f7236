// Organizations, their virtual data centers, and the pools that VNIs come from.
#include "controller/model/check.h"
#include "controller/model/firewall.h"
#include "controller/model/limits.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"
#include "core/types/ids.h"

namespace ringfence::model {
namespace {

// Those that the ledger or a network holds, from `least` on.
std::set<int64_t> used_vnis(const northbound::Tables& tables, int64_t least) {
    std::set<int64_t> used;
    auto add = [&](int64_t vni) {
        if (vni >= least)
            used.insert(vni);
    };
    for (const auto& network : tables.organization_network)
        add(network.vni);
    for (const auto& network : tables.vapp_network)
        add(network.vni.value_or(0));
    for (const auto& entry : tables.vni_allocation)
        add(entry.vni);
    return used;
}

} // namespace

Result<> check(const Model&, const northbound::Global& global) {
    return check_empty("global", "option", global.options);
}

Result<> check(const Model& model, const northbound::Organization& organization) {
    const std::string object = path(model.rows(), organization);
    if (auto named = check_name(object, organization.name); !named)
        return named;
    if (!organization.enabled)
        return not_built(object, "a disabled organization", "set enabled to true");
    if (auto sound = first_of(check_empty(object, "quota", organization.quotas),
                              check_known(object, "option", organization.options, {"log-server"}));
        !sound)
        return sound;
    const auto server = organization.options.find("log-server");
    if (server != organization.options.end() && !is_log_server(server->second))
        return fail("{}: log-server \"{}\" is not ADDRESS:PORT; give one like 192.0.2.9:514 or "
                    "[2001:db8::9]:514",
                    object, shown(server->second));
    return {};
}

Result<> check(const Model& model, const northbound::VirtualDataCenter& vdc) {
    const auto& rows = model.rows();
    const std::string object = path(rows, vdc);
    if (auto named = check_name(object, vdc.name); !named)
        return named;
    if (!rows.organization.find(vdc.organization))
        return fail(ErrorKind::not_found, "{}: its organization does not exist", object);
    if (!rows.network_pool.find(vdc.network_pool))
        return fail(ErrorKind::not_found, "{}: its network pool does not exist", object);
    for (const auto& host : vdc.hosts)
        if (!rows.host.find(host))
            return fail(ErrorKind::not_found, "{}: one of its hosts does not exist", object);
    if (vdc.all_hosts && !vdc.hosts.empty())
        return fail("{}: has all hosts and a list of hosts; give one of the two", object);
    return check_limits(object, vdc.limits);
}

Result<> check(const Model& model, const northbound::NetworkPool& pool) {
    const std::string object = path(model.rows(), pool);
    if (auto named = check_name(object, pool.name); !named)
        return named;
    for (int64_t vni : {pool.first_vni, pool.last_vni})
        if (!Vni::from(vni))
            return fail("{}: VNI {} is out of range; give 1 to {}", object, vni, Vni::max);
    if (pool.first_vni > pool.last_vni)
        return fail("{}: the first VNI {} is above the last one {}; give the lower one first",
                    object, pool.first_vni, pool.last_vni);
    for (const auto* drawn : {model.lowest_vni(pool.uuid), model.highest_vni(pool.uuid)})
        if (drawn && (drawn->first < pool.first_vni || drawn->first > pool.last_vni))
            return fail(ErrorKind::conflict,
                        "{}: VNI {} of {} lies outside {} to {}; widen the range, or delete that "
                        "network first",
                        object, drawn->first, network_path(model.rows(), drawn->second),
                        pool.first_vni, pool.last_vni);
    return {};
}

Result<int64_t> free_vni(const Model& model, const northbound::NetworkPool& pool) {
    int64_t vni = pool.first_vni;
    for (const int64_t used : used_vnis(model.tables(), vni)) {
        if (used != vni)
            break;
        ++vni;
    }
    if (vni <= pool.last_vni)
        return vni;
    return fail(ErrorKind::conflict,
                "{}: all its {} VNIs ({} to {}) are in use; delete networks, or raise last_vni "
                "(up to {})",
                path(model.rows(), pool), pool.last_vni - pool.first_vni + 1, pool.first_vni,
                pool.last_vni, Vni::max);
}

} // namespace ringfence::model
