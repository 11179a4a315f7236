// A database of rows and the builder that follows it, for tests of what becomes of them.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/agent/builder/builder.h"
#include "dataplane/agent/southbound/followed.h"

namespace ringfence::test {

using namespace ringfence::agent;

inline ovsdb::Uuid id(const std::string& name) { return ovsdb::Uuid::named(name); }

inline southbound::Host host(const std::string& name, const std::string& vtep) {
    southbound::Host row;
    row.uuid = id("host " + name);
    row.name = name;
    row.kind = "ringfence";
    row.vtep_addresses = {vtep};
    return row;
}

inline southbound::Segment segment(const std::string& name, int64_t vni) {
    southbound::Segment row;
    row.uuid = id(name);
    row.vni = vni;
    row.domain = "segment/" + name;
    row.kind = "tenant";
    row.mtu = 1450;
    row.unknown_unicast = "flood";
    row.intent = "org/acme/network/" + name;
    return row;
}

inline southbound::LogicalPort nic(const std::string& name, const std::string& on,
                                   const std::string& mac, const std::string& address) {
    southbound::LogicalPort row;
    row.uuid = id("port " + name);
    row.name = name;
    row.domain = "segment/" + on;
    row.domains = {row.domain};
    row.kind = "nic";
    row.segment = id(on);
    row.mac = mac;
    row.addresses = {address};
    row.port_security = "strict";
    return row;
}

inline southbound::LearnedMac learned(const std::string& mac, const std::string& on,
                                      const std::string& host, const std::string& port) {
    southbound::LearnedMac row;
    row.uuid = id("learned " + on + mac);
    row.segment = id(on);
    row.mac = mac;
    row.host = host;
    row.port = port;
    return row;
}

inline southbound::VirtualAddress virtual_address(const std::string& address, const std::string& on,
                                                  const std::string& port, int64_t number) {
    southbound::VirtualAddress row;
    row.uuid = id("virtual " + on + address);
    row.segment = id(on);
    row.domain = "segment/" + on;
    row.address = address;
    if (!port.empty())
        row.port = port;
    row.number = number;
    return row;
}

inline southbound::Router router(const std::string& name, const std::string& inside) {
    southbound::Router row;
    row.uuid = id("router " + name);
    row.name = name;
    row.domain = "segment/" + inside;
    row.fence = true;
    row.translation = "one-to-one";
    row.intent = "org/acme/vapp/" + name;
    return row;
}

inline southbound::RouterInterface interface_of(const std::string& router, const std::string& on,
                                                const std::string& side, const std::string& mac) {
    southbound::RouterInterface row;
    row.uuid = id("interface " + router + " " + on);
    row.domain = "segment/" + on;
    row.router = router;
    row.segment = id(on);
    row.mac = mac;
    row.side = side;
    return row;
}

inline southbound::Route route(const southbound::RouterInterface& by, const std::string& prefix,
                               const std::string& next_hop = "") {
    southbound::Route row;
    row.uuid = id("route " + by.router + " " + prefix);
    row.router = by.router;
    row.prefix = prefix;
    row.interface = by.uuid;
    if (!next_hop.empty())
        row.next_hops = {next_hop};
    return row;
}

inline southbound::Nat nat(const std::string& router, const std::string& on,
                           const std::string& outside, const std::string& inside,
                           const std::string& owner) {
    southbound::Nat row;
    row.uuid = id("nat " + on + " " + outside);
    row.domain = "segment/" + on;
    row.segment = id(on);
    row.external_address = outside;
    row.last_port = 65535;
    row.router = router;
    row.owner = owner;
    row.inside_address = inside;
    return row;
}

inline southbound::Firewall rule(const std::string& policy, const std::string& direction,
                                 const std::string& action) {
    southbound::Firewall row;
    row.uuid = id("rule " + policy + " " + direction);
    row.policy = policy;
    row.direction = direction;
    row.action = action;
    row.stateful = true;
    row.intent = "org/acme/" + policy;
    return row;
}

inline southbound::AddressGroup group(const std::string& name,
                                      const std::vector<std::string>& prefixes) {
    southbound::AddressGroup row;
    row.uuid = id("group " + name);
    row.name = name;
    row.prefixes = {prefixes.begin(), prefixes.end()};
    row.intent = "org/acme/security-group/" + name;
    return row;
}

// A database of rows, the builder that follows it, and this host, "a".
class FabricBuilderTest : public testing::Test {
protected:
    FabricBuilderTest() {
        facts_.host = "a";
        put(host("a", "192.0.2.1"));
        put(host("b", "192.0.2.2"));
    }

    template <class Row> ovsdb::Table<Row>& table() {
        ovsdb::Table<Row>* found = nullptr;
        for_each_followed([&]<class Each>(ovsdb::Table<Each> southbound::Tables::*table, auto) {
            if constexpr (std::is_same_v<Each, Row>)
                found = &(tables_.*table);
        });
        return *found;
    }
    template <class Row> void apply(const Row* before, const Row* after) {
        southbound::Changes changes;
        for_each_followed([&]<class Each>(ovsdb::Table<Each> southbound::Tables::*, auto list) {
            if constexpr (std::is_same_v<Each, Row>)
                (changes.*list).push_back({before, after, {}});
        });
        builder_.apply(changes);
    }
    // The row comes in, or takes the place of the one of its UUID.
    template <class Row> void put(const Row& row) {
        auto before = table<Row>().share(row.uuid);
        table<Row>().replace(row);
        apply(before.get(), table<Row>().find(row.uuid));
    }
    template <class Row> void erase(const Row& row) {
        auto before = table<Row>().share(row.uuid);
        table<Row>().erase(row.uuid);
        apply<Row>(before.get(), nullptr);
    }

    // A tap of this host; its iface-id is the name of a logical port.
    void plug(const std::string& name, uint32_t number, const std::string& iface_id) {
        PortFacts port{PortId(number)};
        port.kind = iface_id.empty() ? PortKind::unbound : PortKind::nic;
        port.iface_id = iface_id;
        facts_.ports.insert_or_assign(name, port);
    }
    std::string fabric() {
        builder_.set_facts(facts_);
        return dump(*builder_.finish());
    }

    southbound::Tables tables_;
    LocalFacts facts_;
    Ids ids_;
    FabricBuilder builder_{ids_};
};

} // namespace ringfence::test
