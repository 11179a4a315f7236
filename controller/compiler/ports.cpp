#include "controller/compiler/ports.h"

#include "controller/compiler/domains.h"
#include "controller/compiler/firewall.h"
#include "controller/model/dhcp.h"
#include "controller/model/limits.h"
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
    for (const auto& [address, mac] : nic.virtual_addresses)
        port.virtual_addresses[model::canonical_address(address)] = model::canonical_mac(mac);
    port.host = std::move(host);
    port.port_security = nic.port_security;
    for (const auto& group : nic.security_groups)
        port.policies.insert(group_name(group));
    port.domains.insert(port.policies.begin(), port.policies.end());
    port.limits = model::limits_of(model.rows(), nic);
    for (const char* name : {"trusted-relay", "dhcp-server"})
        if (const auto option = nic.options.find(name); option != nic.options.end())
            port.options.insert(*option);
    const auto* dhcp = model::dhcp_options_of(model, segment);
    if (!dhcp || dhcp->enabled) // a network has one of the two
        port.options.erase("dhcp-server");
    port.intent = model::path(model.rows(), nic);
    return port;
}

} // namespace ringfence::compiler
