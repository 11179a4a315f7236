// DHCP as the rows have it: whether a network's requests are answered, from which address, and with
// which options. For the checks, the clients and the compiler, so that all three think alike.
//
// A network without a Dhcp_Options row has DHCP, with the defaults. Who answers is the host of the
// port; it does so from one address and one MAC, which are the same everywhere:
//   a network with an edge router    the router's own there
//   inside a fence                   its parent's gateway or what answers there, by the fence's
//                                    MAC, which stands in for all that lies outside
//   a network without a router       a row of its ledger, of kind dhcp: the gateway is an appliance
//                                    of somebody's, who needs the address
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "controller/model/model.h"
#include "core/types/addresses.h"

namespace ringfence::model {

// Of the answers, on a network without a router. No NIC may have it.
inline constexpr MacAddr dhcp_mac = MacAddr::from_u64(0x025246000002);

// What a tenant has said about it. Null: nothing, so the defaults hold.
const northbound::DhcpOptions* dhcp_options_of(const Model& model, const Uuid& network);

// Where the answers come from on one subnet.
struct DhcpServer {
    std::optional<IpAddr> address; // IPv4; none: nothing there can be it
    MacAddr mac;
    std::optional<IpAddr> router; // the default router that stands there; none: there is none
};
DhcpServer dhcp_server_of(const Model& model, const Uuid& network, const IpPrefix& subnet);

// One option that a tenant may set: its name, and a value that would do.
struct DhcpOption {
    const char* name;
    const char* example;
};
// But for "option-N", which stands for all that have no name.
std::span<const DhcpOption> dhcp_options();

// A setting of Dhcp_Options. `object` opens the error.
[[nodiscard]] Result<> check_dhcp_option(std::string_view object, const std::string& name,
                                         const std::string& value);

// A name as DNS has it (RFC 1123, 2.1): labels of letters, digits and '-', with dots.
bool is_domain_name(std::string_view text);

} // namespace ringfence::model
