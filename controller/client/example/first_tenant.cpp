// Makes a tenant with two virtual machines on one network, and prints what to plug their ports
// with:
//
//     first-tenant unix:/run/ringfence/nb.sock acme
#include <cstdlib>
#include <iostream>
#include <string>

#include <controller/client/cloud.h>

using namespace ringfence;
using client::Cloud;

namespace {

Result<client::Nic> attach(Cloud& cloud, const std::string& tenant, const std::string& vm,
                           const std::string& address) {
    return cloud
        .create(client::NewNic{.vm = {tenant, "shop", vm},
                               .number = 0,
                               .network = {.network = "front"},
                               .addresses = {address},
                               .may_exist = true})
        .map([](const client::Made<client::Nic>& made) { return made.object; });
}

Result<> make_tenant(Cloud& cloud, const std::string& name) {
    const auto organization =
        cloud.create(client::NewOrganization{.name = name, .may_exist = true});
    if (!organization)
        return tl::unexpected(organization.error());
    const auto network = cloud.create(client::NewNetwork{
        .path = {name, "front"}, .segment = {.subnets = {"10.0.0.0/24"}}, .may_exist = true});
    if (!network)
        return tl::unexpected(network.error());
    std::cout << name << "/front is VNI " << network->object.vni << "\n";
    for (const auto& [vm, address] : {std::pair{"web-0", "10.0.0.5"}, {"web-1", "10.0.0.6"}}) {
        const auto nic = attach(cloud, name, vm, address);
        if (!nic)
            return tl::unexpected(nic.error());
        std::cout << vm << ": iface-id " << nic->port_name << ", MAC " << nic->mac << "\n";
    }
    return {};
}

} // namespace

int main(int count, char** words) {
    if (count != 3) {
        std::cerr << "usage: first-tenant DATABASE NAME\n";
        return EXIT_FAILURE;
    }
    const auto done = Cloud::open({.remotes = words[1]}).and_then([&](Cloud&& cloud) {
        return make_tenant(cloud, words[2]);
    });
    if (!done)
        std::cerr << "first-tenant: " << done.error().text << "\n";
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
