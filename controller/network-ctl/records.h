// Objects of the cloud as records: which fields they are printed with, under which names.
#pragma once

#include "controller/client/services.h"
#include "controller/network-ctl/format.h"

namespace ringfence::ctl {

// What holds for one NIC, or in one virtual data center.
struct Limits {
    std::string target{};
    client::LimitMap own{};
    client::LimitMap effective{}; // of a NIC: its data center's as well
    std::string status{};
};
Limits limits_of(const client::Nic& nic);
Limits limits_of(const client::DataCenter& data_center);

Record record(const client::Global& global);
Record record(const client::Host& host);
Record record(const client::Organization& organization);
Record record(const client::DataCenter& data_center);
Record record(const client::NetworkPool& pool);
Record record(const client::Network& network);
Record record(const client::Vapp& vapp);
Record record(const client::VappNetwork& network);
Record record(const client::Vm& vm);
Record record(const client::Nic& nic);
Record record(const client::Edge& edge);
Record record(const client::Route& route);
Record record(const client::Address& address);
Record record(const client::AddressCounts& counts);
Record record(const client::Dhcp& dhcp);
Record record(const client::SecurityGroup& group);
Record record(const client::FirewallRule& rule);
Record record(const Limits& limits);
Record record(const client::Event& event);

template <class Object> Listing list_of(const char* kind, const std::vector<Object>& objects) {
    Listing listing{kind, record(Object{}), {}, false, {}};
    for (const Object& object : objects)
        listing.records.push_back(record(object));
    return listing;
}

template <class Object> Listing one(const char* kind, const Object& object) {
    return Listing{kind, record(Object{}), {record(object)}, true, {}};
}

} // namespace ringfence::ctl
