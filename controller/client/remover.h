// Deletes objects in a draft: refuses one that is still used, naming by whom, or takes its
// dependents along; ledger rows go with what they were for. Private to the client.
#pragma once

#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/client/cloud.h"
#include "controller/client/ledger.h"
#include "controller/client/store.h"

namespace ringfence::client {

class Remover {
public:
    Remover(Draft& draft, bool cascade);

    [[nodiscard]] Result<> remove(const nb::Host& host);
    [[nodiscard]] Result<> remove(const nb::Organization& organization);
    [[nodiscard]] Result<> remove(const nb::VirtualDataCenter& data_center);
    [[nodiscard]] Result<> remove(const nb::NetworkPool& pool);
    [[nodiscard]] Result<> remove(const nb::OrganizationNetwork& network);
    [[nodiscard]] Result<> remove(const nb::Vapp& vapp);
    [[nodiscard]] Result<> remove(const nb::VappNetwork& network);
    [[nodiscard]] Result<> remove(const nb::VirtualMachine& vm);
    [[nodiscard]] Result<> remove(const nb::Nic& nic);
    [[nodiscard]] Result<> remove(const nb::EdgeRouter& edge);
    [[nodiscard]] Result<> remove(const nb::StaticRoute& route);
    [[nodiscard]] Result<> remove(const nb::SecurityGroup& group);
    // Once all is removed: what is left gets what it needs instead.
    void settle();

    const std::vector<std::string>& removed() const { return removed_; }

private:
    // All rows of the table that depend on it.
    template <class Row>
    [[nodiscard]] Result<> remove_all(const ovsdb::Table<Row> nb::Tables::*table,
                                      const auto& depends);
    void erase_segment(const Uuid& network);
    void erase_edge(const nb::EdgeRouter& edge);
    [[nodiscard]] Result<> detach(nb::EdgeRouter edge, const nb::OrganizationNetwork& network);
    void erase_groups(const Uuid& organization);
    template <class Row>
    [[nodiscard]] Result<> finish(const char* kind, const std::string& name, const Row& row);

    // Whose dependents are many, so that they must not be searched for one by one.
    using Index = std::unordered_map<Uuid, std::vector<Uuid>>;
    template <class Row>
    std::vector<Row> indexed(const ovsdb::Table<Row>& table, const Index& index,
                             const Uuid& of) const;

    Draft& draft_;
    Ledger ledger_;
    bool cascade_;
    Index nics_of_vm_;
    Index ledger_of_nic_;
    Index ledger_of_network_;
    Index dhcp_of_network_;
    Index rules_of_owner_;
    Index edges_of_network_;
    Index routes_of_edge_;
    Index vnis_of_network_;
    Index networks_of_vapp_;
    Index vms_of_vapp_;
    std::vector<std::string> removed_;
    std::set<Uuid> unsettled_; // networks that have lost a router or a fence
};

} // namespace ringfence::client
