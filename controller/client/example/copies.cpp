// Puts a virtual machine behind a fence, makes copies of its vApp, and prints which address stands
// for which inside:
//
//     copies unix:/run/ringfence/nb.sock acme 3
#include <cstdlib>
#include <iostream>
#include <string>

#include <controller/client/cloud.h>

using namespace ringfence;
using client::Cloud;

namespace {

// The organization's network, with addresses to give to copies; and the vApp that is copied.
Result<> make_original(Cloud& cloud, const std::string& tenant) {
    return cloud.create(client::NewOrganization{.name = tenant})
        .and_then([&](const auto&) {
            return cloud.create(
                client::NewNetwork{.path = {tenant, "front"},
                                   .segment = {.subnets = {"10.0.0.0/24"},
                                               .gateways = {"10.0.0.1"},
                                               .ranges = {"10.0.0.100-10.0.0.199"}}});
        })
        .and_then([&](const auto&) {
            return cloud.create(client::NewVapp{.path = {tenant, "shop"}});
        })
        .and_then([&](const auto&) {
            return cloud.create(client::NewVappNetwork{.path = {tenant, "shop", "lan"},
                                                       .mode = "fenced",
                                                       .parent = "front",
                                                       .segment = {.inbound = "allow"}});
        })
        .and_then([&](const auto&) {
            return cloud.create(client::NewNic{.vm = {tenant, "shop", "web"},
                                               .network = {.vapp_network = "lan"},
                                               .addresses = {"10.0.0.5"}});
        })
        .map([](const auto&) {});
}

Result<> copy(Cloud& cloud, const std::string& tenant, int64_t count) {
    const auto made =
        cloud.clone({.source = {tenant, "shop"}, .path = {tenant, "copy"}, .count = count});
    if (!made)
        return tl::unexpected(made.error());
    const auto nics = cloud.nics({tenant});
    if (!nics)
        return tl::unexpected(nics.error());
    for (const client::Nic& nic : *nics)
        std::cout << nic.port_name << ": " << nic.mac << " " << *nic.addresses.begin()
                  << ", outside " << *nic.outside_addresses.begin() << "\n";
    return {};
}

} // namespace

int main(int count, char** words) {
    if (count != 4) {
        std::cerr << "usage: copies DATABASE TENANT COUNT\n";
        return EXIT_FAILURE;
    }
    const auto done = Cloud::open({.remotes = words[1]}).and_then([&](Cloud&& cloud) {
        return make_original(cloud, words[2]).and_then([&] {
            return copy(cloud, words[2], std::atoll(words[3]));
        });
    });
    if (!done)
        std::cerr << "copies: " << done.error().text << "\n";
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
