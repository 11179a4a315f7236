// A host of the cloud of these tests: what the agent makes of southbound rows, and a worker that
// forwards by it. Nothing in it is a stand-in but the ports' drivers and the wire.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "dataplane/agent/builder/builder.h"
#include "dataplane/agent/southbound/followed.h"
#include "tests/packet/lab.h"

namespace ringfence::test {

class Host {
public:
    static constexpr PortId uplink{1};

    Host(std::string name, const std::string& vtep, const ConnectionSettings& connections);

    // --- its southbound database: what comes in, or takes the place of the row of its UUID
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
    // Without it the host forwards as before, and hears of everything when it is back.
    void cut_off() { connected_ = false; }
    void reconnect();
    bool connected() const { return connected_; }

    // --- its operator's: what is plugged in, and its own address
    void plug(PortId port, const std::string& iface_id); // "": the port is taken away
    const std::map<PortId, std::string>& plugged() const { return plugged_; }
    void set_vtep(const std::string& vtep);
    const std::string& vtep() const { return vtep_; }
    const std::string& name() const { return name_; }

    // Forwards by all that it has heard, from now on.
    void publish();
    // As after kill -9: what the worker had in memory is gone; the agent finds its state file.
    void restart();
    Lab& lab() { return *lab_; }

private:
    template <class Row> ovsdb::Table<Row>& table() {
        ovsdb::Table<Row>* found = nullptr;
        agent::for_each_followed(
            [&]<class Each>(ovsdb::Table<Each> southbound::Tables::*each, auto) {
                if constexpr (std::is_same_v<Each, Row>)
                    found = &(tables_.*each);
            });
        return *found;
    }
    template <class Row> void apply(const Row* before, const Row* after) {
        if (!connected_)
            return;
        southbound::Changes changes;
        agent::for_each_followed(
            [&]<class Each>(ovsdb::Table<Each> southbound::Tables::*, auto list) {
                if constexpr (std::is_same_v<Each, Row>)
                    (changes.*list).push_back({before, after, {}});
            });
        builder_->apply(changes);
    }
    void start();

    const std::string name_;
    std::string vtep_;
    const ConnectionSettings connections_;
    bool connected_ = true;
    std::map<PortId, std::string> plugged_;
    southbound::Tables tables_;
    agent::LocalFacts facts_;
    agent::Ids ids_;
    std::unique_ptr<agent::FabricBuilder> builder_;
    std::unique_ptr<Lab> lab_;
};

} // namespace ringfence::test
