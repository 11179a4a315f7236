#include "controller/compiler/ports.h"

#include "controller/compiler/domains.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {

southbound::LogicalPort compile_port(const model::Model& model, const northbound::Nic& nic,
                                     const ovsdb::Uuid& segment, std::optional<std::string> host) {
    southbound::LogicalPort port;
    port.uuid = nic.uuid;
    port.name = nic.port_name;
    port.domain = domain_of(model, segment);
    port.domains = domains_for(model, segment);
    port.kind = "nic";
    port.segment = segment;
    port.mac = model::canonical_mac(nic.mac);
    for (const auto& address : nic.addresses)
        port.addresses.insert(model::canonical_address(address));
    port.host = std::move(host);
    port.port_security = nic.port_security;
    port.intent = model::path(model.rows(), nic);
    return port;
}

} // namespace ringfence::compiler
