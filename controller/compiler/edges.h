// An edge router with all that its rows are made of: the networks that it stands on, and its own
// addresses there. It is gathered once, and routers.h, routes.h, nat.h and policies.h make rows
// from it without looking any further.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controller/model/model.h"
#include "controller/model/subnets.h"
#include "core/types/addresses.h"
#include "ovsdb/northbound.h"

namespace ringfence::compiler {

// Where an edge router meets a network.
struct Link {
    ovsdb::Uuid network; // its segment is the network's, with the same UUID
    std::string domain;
    std::string intent; // the network's path
    bool outside = false;
    MacAddr mac;
    std::vector<IpAddr> addresses; // the router's own there
    model::Addressing addressing;  // of the network; a fence has its parent's on both sides
    bool allows_inbound = false;   // of an inside network: connections from elsewhere may begin
    bool logs_inbound = false;     // what that default decides is logged
    std::string log_server{};      // the organization's, too; "" = it has none

    const IpPrefix* subnet_of(const IpAddr& address) const; // null: not on this link
};

struct Edge {
    ovsdb::Uuid uuid;
    std::string intent; // of the network that it fences or routes; an organization's edge: its own
    bool fence = false;
    std::string translation;
    std::vector<Link> links; // of one domain on the inside, in the order of their networks

    const Link* outside() const; // null: there is none
    const Link* link_to(const ovsdb::Uuid& network) const;
    const Link& inside() const; // the first of them; there is at least one
    const std::string& domain() const { return inside().domain; }
};

// The router as far as it works: none, where it has no network inside. `edge` is sound;
// `has_segment` says which of its networks have one, and so can be linked.
std::optional<Edge> find_edge(const model::Model& model, const northbound::EdgeRouter& edge,
                              const std::function<bool(const ovsdb::Uuid&)>& has_segment);

// Names and row UUIDs, the same on every controller and after every restart.
std::string router_name(const ovsdb::Uuid& edge);
std::string policy_name(const ovsdb::Uuid& network);
ovsdb::Uuid interface_uuid(const ovsdb::Uuid& edge, const ovsdb::Uuid& network);

} // namespace ringfence::compiler
