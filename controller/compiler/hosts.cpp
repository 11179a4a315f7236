#include "controller/compiler/hosts.h"

#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {
namespace {

std::set<std::string> canonical(const std::set<std::string>& addresses) {
    std::set<std::string> all;
    for (const auto& address : addresses)
        all.insert(model::canonical_address(address));
    return all;
}

} // namespace

model::Facts facts_of(const southbound::Tables& current) {
    model::Facts facts;
    for (const auto& host : current.host)
        facts[host.name] = {host.vtep_addresses, host.vtep_addresses, std::nullopt};
    for (const auto& status : current.host_status) {
        model::HostFacts& of_host = facts[status.host];
        of_host.vtep_addresses = canonical(status.vtep_addresses);
        of_host.underlay_mtu = status.underlay_mtu;
    }
    return facts;
}

std::optional<southbound::Host> compile_host(const model::Model& model,
                                             const northbound::Host& host) {
    const model::HostFacts* facts = model.facts(host.name);
    bool foreign = host.kind == "foreign";
    if (!model.is_admitted(host) || (!foreign && !facts))
        return std::nullopt;
    southbound::Host row;
    row.uuid = host.uuid;
    row.name = host.name;
    row.kind = host.kind;
    row.vtep_addresses = foreign ? canonical(host.vtep_addresses) : facts->vtep_addresses;
    row.intent = model::path(model.rows(), host);
    if (row.vtep_addresses.empty())
        return std::nullopt;
    return row;
}

southbound::HostConfig compile_host_config(const northbound::Host& host,
                                           const southbound::Tables& current) {
    southbound::HostConfig row;
    row.uuid = ovsdb::Uuid::named("host-config/" + host.name);
    row.host = host.name;
    if (const auto* now = current.host_config.find(row.uuid))
        row.number = now->number;
    return row;
}

std::set<std::string> deleted_hosts(const northbound::Tables& intent,
                                    const southbound::Tables& current) {
    std::set<std::string> gone;
    for (const auto& config : current.host_config)
        gone.insert(config.host);
    for (const auto& host : intent.host)
        gone.erase(host.name);
    return gone;
}

} // namespace ringfence::compiler
