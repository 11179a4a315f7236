// Edge routers as the rows have them: who has one, by which MACs and addresses it is known where,
// and which addressing holds on a network. For the checks, the clients and the compiler, so that
// all three think alike.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "controller/model/model.h"
#include "controller/model/subnets.h"

namespace ringfence::model {

// --- Networks -----------------------------------------------------------------------------------
// nat-routed or fenced: exactly one Edge_Router row belongs to it.
bool has_edge(const northbound::VappNetwork& network);
// Addresses inside are replaced by others on the parent network: fenced, or nat-routed one-to-one.
bool translates(const northbound::VappNetwork& network);
// Whether the same addresses are on both of its sides.
inline bool is_fenced(const northbound::VappNetwork& network) { return network.mode == "fenced"; }

// What holds on a network of either kind: its own subnets, gateways and ranges; a fenced or bridged
// one's are its parent's. Empty where they aren't sound: the network says so itself.
Addressing addressing_of(const Rows& rows, const Uuid& network);
inline Addressing addressing_of(const northbound::Tables& rows, const Uuid& network) {
    return addressing_of(Rows(rows), network);
}
inline Addressing addressing_of(const Model& model, const Uuid& network) {
    return addressing_of(model.rows(), network);
}

// --- Edge routers -------------------------------------------------------------------------------
// The networks that it stands on. A vApp network's edge: that one, then its parent, which is
// outside. An organization's edge: all that are attached to it, none of them outside.
struct Standing {
    Uuid network;
    bool outside = false;
};
std::vector<Standing> standings(const Rows& rows, const northbound::EdgeRouter& edge);

// Its MAC on a network. Inside a vApp network the same in every clone, so that a cloned VM's ARP
// cache stays right; elsewhere made from its UUID.
MacAddr router_mac(const northbound::EdgeRouter& edge, const Uuid& network);
// Its own addresses there; none inside a fence. What is no address is left out.
std::vector<IpAddr> router_addresses(const northbound::EdgeRouter& edge, const Uuid& network);

// The column `addresses`: by the network's UUID, as text, a list with commas.
std::string address_list(const std::vector<IpAddr>& addresses);

} // namespace ringfence::model
