// Edge routers for the small cloud (cloud.h), and what is compiled of them as lines to read.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/controller/fabric.h"

namespace ringfence::test {

// The cloud without the NIC on web and the vApp shop: what stays of acme is network web (VNI 5000,
// 10.0.0.0/24, gateway 10.0.0.1) and its data center, with VNIs enough for many clones.
northbound::Tables empty_cloud();

// A deployed vApp of acme with network "front" below network/PARENT (acme: web), and the network's
// edge router, with its own addresses there. Nat-routed: 192.168.5.0/24, gateway 192.168.5.1.
struct VappShape {
    std::string name;
    std::string mode = "fenced"; // or nat-routed
    std::string translation = "";
    std::string parent = "acme";
    std::set<std::string> own = {"10.0.0.201"};
};
void add_vapp(northbound::Tables& rows, const VappShape& shape);
// A VM in it with one NIC on front: MAC 02:00:00:00:00:10, and so in every vApp.
void add_vm(northbound::Tables& rows, const std::string& vapp, const std::string& name,
            std::set<std::string> inside, std::set<std::string> outside);

// A routed organization network of acme, and the edge router "main" of those that are named; each
// is reached there by its gateway.
void add_network(northbound::Tables& rows, const std::string& name, int64_t vni,
                 const std::string& subnet, const std::string& gateway);
void add_edge(northbound::Tables& rows, const std::set<std::string>& networks);
void add_static_route(northbound::Tables& rows, const std::string& edge, const std::string& prefix,
                      std::set<std::string> next_hops);

// The UUIDs of rows made by these functions: vapp/NAME, vapp-network/NAME (its front), edge/NAME
// (of its front), nic/VAPP/VM, network/NAME, edge/main, route/EDGE/PREFIX.

// Routers, interfaces, routes, translations and policies, one line each, sorted; UUIDs as the paths
// of what they stand for, without "org/acme/", "vapp/" and "network/".
std::vector<std::string> edge_lines(const southbound::Tables& rows);
// Each segment and port with the domains that it names.
std::vector<std::string> domain_lines(const southbound::Tables& rows);

} // namespace ringfence::test
