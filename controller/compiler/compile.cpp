#include "controller/compiler/compile.h"

#include <initializer_list>
#include <optional>

#include <fmt/format.h>

#include "controller/compiler/hosts.h"
#include "controller/compiler/placement.h"
#include "controller/compiler/ports.h"
#include "controller/compiler/roles.h"
#include "controller/compiler/segments.h"
#include "controller/model/check.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::compiler {
namespace {

using ovsdb::Uuid;

// One walk over all objects, parents first.
class Walk {
public:
    Walk(const northbound::Tables& intent, const southbound::Tables& current)
        : intent_(intent), current_(current), model_(intent, facts_of(current)), claims_(current) {}

    Compiled run() {
        compile_roles(wanted());
        hosts();
        organizations();
        networks();
        virtual_machines();
        for (const auto& nic : intent_.nic)
            compile_nic(nic);
        unbuilt();
        keep_what_others_write();
        return std::move(out_);
    }

private:
    void hosts();
    Note vtep_note(const northbound::Host& host, const Error& error) const;
    void organizations();
    void networks();
    void virtual_machines();
    void compile_nic(const northbound::Nic& nic);
    void unbuilt();
    void keep_what_others_write();

    template <class Network> void compile_network(const Network& network);
    template <class Row> void refuse_all(const ovsdb::Table<Row>& table);

    // Is the object fit to be compiled? If not its note says why, and its children will wait.
    template <class Row>
    bool accept(const Row& row, std::initializer_list<Uuid> parents, const Result<>& checked);
    template <class Row> bool accept(const Row& row, std::initializer_list<Uuid> parents = {}) {
        return accept(row, parents, model::check(model_, row));
    }

    southbound::Tables& wanted() { return out_.wanted; }

    const northbound::Tables& intent_;
    const southbound::Tables& current_;
    const model::Model model_;
    const Claims claims_;
    HostsInService in_service_;
    std::unordered_map<Uuid, std::string> refused_; // and what waits for those: the culprit's path
    Compiled out_;
};

void Walk::hosts() {
    for (const auto& host : intent_.host) {
        if (host.kind == "ringfence")
            wanted().host_config.insert(compile_host_config(host, current_));
        auto checked = model::check(model_, host);
        if (!accept(host, {}, checked)) {
            if (checked.error().kind == ErrorKind::conflict)
                out_.notes[host.uuid] = vtep_note(host, checked.error());
            continue;
        }
        if (!model_.is_admitted(host))
            out_.notes[host.uuid] = {fmt::format("{0}: is not admitted; network-ctl host admit {1}",
                                                 model::path(intent_, host), host.name)};
        if (auto row = compile_host(model_, host)) {
            in_service_[row->name] = &host;
            wanted().host.insert(std::move(*row));
        }
    }
}

// Names every host that has one of this one's VTEP addresses.
Note Walk::vtep_note(const northbound::Host& host, const Error& error) const {
    Note note{error.text, event::vtep_taken, {model::path(intent_, host)}, {host.name}};
    const auto* facts = model_.facts(host.name);
    for (const auto& address : host.kind == "foreign" ? host.vtep_addresses : facts->vtep_addresses)
        if (const auto* holder = model_.vtep_holder(model::canonical_address(address)))
            note.hosts.insert(holder->name);
    return note;
}

void Walk::organizations() {
    for (const auto& organization : intent_.organization)
        accept(organization);
    for (const auto& pool : intent_.network_pool) // a range that is read: nobody waits for it
        accept(pool);
    for (const auto& vdc : intent_.virtual_data_center)
        accept(vdc, {vdc.organization});
    for (const auto& vapp : intent_.vapp)
        accept(vapp, {vapp.organization, vapp.data_center});
}

void Walk::networks() {
    for (const auto& network : intent_.organization_network)
        if (accept(network, {network.organization, network.data_center},
                   model::check_shape(model_, network)))
            compile_network(network);
    for (const auto& network : intent_.vapp_network) {
        bool bridged = network.mode == "bridged";
        Uuid parent = bridged && network.parent ? *network.parent : network.vapp;
        if (!accept(network, {network.vapp, parent}, model::check_shape(model_, network)))
            continue;
        if (!bridged && intent_.vapp.find(network.vapp)->deployed)
            compile_network(network);
    }
}

template <class Network> void Walk::compile_network(const Network& network) {
    wanted().segment.insert(compile_segment(model_, network));
    if (auto note = mtu_note(model_, network))
        out_.notes[network.uuid] = std::move(*note);
}

void Walk::virtual_machines() {
    for (const auto& vm : intent_.virtual_machine)
        accept(vm, {vm.vapp});
}

void Walk::compile_nic(const northbound::Nic& nic) {
    const Uuid& network = nic.vapp_network ? *nic.vapp_network
                                           : nic.organization_network.value_or(nic.virtual_machine);
    if (!accept(nic, {nic.virtual_machine, network}))
        return;
    const auto& vapp = *intent_.vapp.find(intent_.virtual_machine.find(nic.virtual_machine)->vapp);
    if (!vapp.deployed)
        return;
    const auto* now = current_.logical_port.find(nic.uuid);
    auto placement =
        place(model_, in_service_, claims_, nic,
              *intent_.virtual_data_center.find(vapp.data_center), now ? now->host : std::nullopt);
    if (placement.note)
        out_.notes[nic.uuid] = std::move(*placement.note);
    wanted().logical_port.insert(
        compile_port(model_, nic, *model_.segment_of(nic), std::move(placement.host)));
}

void Walk::unbuilt() {
    refuse_all(intent_.user);
    refuse_all(intent_.external_network);
    refuse_all(intent_.edge_router);
    refuse_all(intent_.nat_rule);
    refuse_all(intent_.firewall_rule);
    refuse_all(intent_.security_group);
    refuse_all(intent_.static_route);
    refuse_all(intent_.dhcp_options);
}

template <class Row> void Walk::refuse_all(const ovsdb::Table<Row>& table) {
    for (const auto& row : table)
        accept(row);
}

void Walk::keep_what_others_write() {
    auto gone = deleted_hosts(intent_, current_);
    auto keep = [&](const auto& from, auto& to) {
        to = from;
        for (const auto& row : from)
            if (gone.contains(row.host))
                to.erase(row.uuid);
    };
    keep(current_.host_status, wanted().host_status);
    keep(current_.port_claim, wanted().port_claim);
    keep(current_.learned_mac, wanted().learned_mac);
    for (const auto& learned : current_.learned_mac)
        if (!wanted().segment.find(learned.segment))
            wanted().learned_mac.erase(learned.uuid);
    wanted().lease = current_.lease;
    wanted().block_log = current_.block_log;
}

template <class Row>
bool Walk::accept(const Row& row, std::initializer_list<Uuid> parents, const Result<>& checked) {
    const std::string object = model::path(intent_, row);
    for (const Uuid& parent : parents)
        if (auto culprit = refused_.find(parent); culprit != refused_.end()) {
            out_.notes[row.uuid] = {
                fmt::format("{}: waits for {}: see its status", object, culprit->second)};
            refused_[row.uuid] = std::string(culprit->second);
            return false;
        }
    if (checked)
        return true;
    refused_[row.uuid] = object;
    out_.notes[row.uuid] = {checked.error().text, event::object_refused, {object}, {}};
    return false;
}

} // namespace

Compiled compile(const northbound::Tables& intent, const southbound::Tables& current) {
    return Walk(intent, current).run();
}

} // namespace ringfence::compiler
