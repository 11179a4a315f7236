#include "controller/compiler/hosts.h"

#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {

std::set<std::string> canonical(const std::set<std::string>& addresses) {
    std::set<std::string> all;
    for (const auto& address : addresses)
        all.insert(model::canonical_address(address));
    return all;
}

std::optional<southbound::Host> compile_host(const model::Model& model,
                                             const northbound::Host& host) {
    const auto facts = model.facts(host.name);
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

southbound::HostConfig compile_host_config(const northbound::Host& host) {
    southbound::HostConfig row;
    row.uuid = host_config_uuid(host.name);
    row.host = host.name;
    return row;
}

ovsdb::Uuid host_config_uuid(const std::string& host) {
    return ovsdb::Uuid::named("host-config/" + host);
}

Note vtep_note(const model::Model& model, const northbound::Host& host, const Error& error) {
    Note note{error.text, event::vtep_taken, {model::path(model.rows(), host)}, {host.name}};
    const auto facts = model.facts(host.name);
    for (const auto& address : host.kind == "foreign" ? host.vtep_addresses : facts->vtep_addresses)
        if (const auto* holder = model.vtep_holder(model::canonical_address(address)))
            note.hosts.insert(holder->name);
    return note;
}

} // namespace ringfence::compiler
