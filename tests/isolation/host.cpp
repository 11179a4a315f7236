#include "tests/isolation/host.h"

#include <fmt/core.h>

namespace ringfence::test {

namespace {

constexpr unsigned buffers = 2047;
constexpr unsigned vteps = 8; // that the underlay knows ways to: 192.0.2.1 and so on

agent::PortFacts uplink_facts(const std::string& vtep) {
    agent::PortFacts facts(Host::uplink);
    facts.kind = PortKind::uplink;
    facts.vtep_addresses = {*IpAddr::from(vtep)};
    return facts;
}

std::string interface_of(PortId port) { return fmt::format("tap{}", port.value()); }

} // namespace

Host::Host(std::string name, const std::string& vtep, const ConnectionSettings& connections)
    : name_(std::move(name)), connections_(connections) {
    facts_.host = name_;
    set_vtep(vtep);
    start();
}

void Host::start() {
    builder_ = std::make_unique<agent::FabricBuilder>(ids_);
    lab_.reset();
    lab_ = std::make_unique<Lab>(buffers, connections_);
    lab_->open(uplink);
    for (const auto& [port, iface_id] : plugged_)
        lab_->open(port);
}

void Host::restart() {
    start();
    builder_->reload(tables_);
    connected_ = true;
    publish();
}

void Host::reconnect() {
    connected_ = true;
    builder_->reload(tables_);
}

void Host::plug(PortId port, const std::string& iface_id) {
    if (iface_id.empty()) {
        plugged_.erase(port);
        facts_.ports.erase(interface_of(port));
        return;
    }
    agent::PortFacts facts(port);
    facts.kind = PortKind::nic;
    facts.iface_id = iface_id;
    facts_.ports.insert_or_assign(interface_of(port), facts);
    plugged_[port] = iface_id;
    if (!lab_->worker().is_open(port))
        lab_->open(port);
}

void Host::set_vtep(const std::string& vtep) {
    vtep_ = vtep;
    facts_.ports.insert_or_assign("uplink", uplink_facts(vtep));
    facts_.paths.clear();
    for (unsigned i = 1; i <= vteps; ++i)
        facts_.paths[*IpAddr::from(fmt::format("192.0.2.{}", i))] = {
            {uplink, *MacAddr::from("52:54:00:00:00:01"), *MacAddr::from("52:54:00:00:00:02"),
             *IpAddr::from(vtep), 1500}};
}

void Host::publish() {
    builder_->set_facts(facts_);
    lab_->use(builder_->finish());
    // The grace of a move is two seconds; here a move is over with the next publication.
    for (const agent::Move& move : builder_->take_moves())
        builder_->forget(move);
}

} // namespace ringfence::test
