#include "dataplane/agent/local/report.h"

#include "ovsdb/codec.h"

namespace ringfence::agent {

namespace {

using vswitch::Bridge;
using vswitch::Controller;
using vswitch::Interface;
using vswitch::Mirror;
using vswitch::OpenvSwitch;

// The columns that the daemon writes. All else in these tables is for others to write.
constexpr OpenvSwitch::Columns of_root =
    OpenvSwitch::Column::cur_cfg | OpenvSwitch::Column::iface_types |
    OpenvSwitch::Column::datapath_types | OpenvSwitch::Column::dpdk_initialized |
    OpenvSwitch::Column::dpdk_version | OpenvSwitch::Column::statistics;
constexpr Bridge::Columns of_bridge =
    Bridge::Column::datapath_id | Bridge::Column::datapath_version;
constexpr Interface::Columns of_interface =
    Interface::Column::ofport | Interface::Column::error | Interface::Column::mac_in_use |
    Interface::Column::mtu | Interface::Column::admin_state | Interface::Column::link_state |
    Interface::Column::link_resets | Interface::Column::link_speed | Interface::Column::duplex |
    Interface::Column::ifindex | Interface::Column::statistics | Interface::Column::status;
constexpr Controller::Columns of_controller = Controller::Column::is_connected;
constexpr Mirror::Columns of_mirror = Mirror::Column::statistics;

template <class Row>
typename Row::Columns differing(const Row& before, const Row& after, typename Row::Columns among) {
    typename Row::Columns found;
    const auto& columns = Row::table_info().columns;
    for (size_t i = 0; i < columns.size(); ++i) {
        auto column = static_cast<typename Row::Column>(i);
        if (among.contains(column) &&
            !columns[i].ops->equal(columns[i].in(&before), columns[i].in(&after)))
            found |= column;
    }
    return found;
}

template <class Row>
void add_difference(ovsdb::Transaction& transaction, const Row* written, const Row& now,
                    typename Row::Columns among) {
    auto columns = written ? differing(*written, now, among) : among;
    if (!columns.empty())
        transaction.update(now, columns);
}

template <class Row>
void add_differences(ovsdb::Transaction& transaction, const std::map<ovsdb::Uuid, Row>& written,
                     const std::map<ovsdb::Uuid, Row>& now, typename Row::Columns among) {
    for (const auto& [uuid, row] : now) {
        auto before = written.find(uuid);
        add_difference(transaction, before == written.end() ? nullptr : &before->second, row,
                       among);
    }
}

} // namespace

OpenvSwitch root_row(const ovsdb::Uuid& uuid, int64_t cur_cfg, const std::string& dpdk_version) {
    OpenvSwitch row;
    row.uuid = uuid;
    row.cur_cfg = cur_cfg;
    // What a driver looks for, built here or not: an interface of a type that is not built says so
    // in its error.
    row.iface_types = {"dpdk",     "dpdkvhostuser", "dpdkvhostuserclient",
                       "internal", "patch",         "system",
                       "tap",      "vxlan"};
    row.datapath_types = {"netdev", "system"};
    row.dpdk_initialized = true;
    row.dpdk_version = dpdk_version;
    return row;
}

Interface failed_row(const ovsdb::Uuid& uuid, const std::string& error) {
    Interface row;
    row.uuid = uuid;
    row.ofport = -1;
    row.error = error;
    return row;
}

std::string datapath_id_from(MacAddr mac) { return fmt::format("{:016x}", mac.to_u64()); }

ovsdb::Transaction difference(const Report& written, const Report& now) {
    ovsdb::Transaction transaction;
    add_differences(transaction, written.interfaces, now.interfaces, of_interface);
    add_differences(transaction, written.bridges, now.bridges, of_bridge);
    add_differences(transaction, written.controllers, now.controllers, of_controller);
    add_differences(transaction, written.mirrors, now.mirrors, of_mirror);
    if (!now.root.uuid.is_nil())
        add_difference(transaction, written.root.uuid == now.root.uuid ? &written.root : nullptr,
                       now.root, of_root);
    if (!transaction.empty())
        transaction.assert_lock(switch_lock);
    return transaction;
}

} // namespace ringfence::agent
