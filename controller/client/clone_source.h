// What a vApp's clones are made from: its rows as they were read, and free VNIs. Private to the
// client.
#pragma once

#include <optional>
#include <unordered_set>
#include <vector>

#include "controller/client/draft.h"

namespace ringfence::client {

// The vApp that is copied, row by row.
struct Source {
    nb::Vapp vapp;
    std::vector<nb::VappNetwork> networks;
    std::vector<nb::VirtualMachine> vms;
    std::vector<nb::Nic> nics;
    std::vector<nb::EdgeRouter> edges;
    std::vector<nb::StaticRoute> routes;
    std::vector<nb::DhcpOptions> dhcp;
    std::vector<nb::FirewallRule> rules; // of the edge routers
};

Source read_source(const nb::Tables& rows, const nb::Vapp& vapp);
// The networks that the clones draw addresses from must be as they were read.
void rely_on_source(Draft& draft, const Source& source);

// The VNIs that nobody has, lowest first.
class FreeVnis {
public:
    FreeVnis(const nb::Tables& rows, const nb::NetworkPool& pool);
    std::optional<int64_t> take();

private:
    int64_t next_;
    int64_t last_;
    std::unordered_set<int64_t> taken_;
};

} // namespace ringfence::client
