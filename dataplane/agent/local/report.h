// What the daemon writes into the host's Open_vSwitch database, and when: a Report is all of it at
// one moment, and the difference of two is the transaction to send. Pure.
#pragma once

#include <map>
#include <string>

#include "core/types/addresses.h"
#include "ovsdb/transaction.h"
#include "ovsdb/vswitch.h"

namespace ringfence::agent {

// Name of the lock on the local database; whoever holds it is the host's switch. Every write
// asserts it.
inline constexpr const char* switch_lock = "ovs_vswitchd";

// Rows with the columns that the daemon writes; the others hold their default.
struct Report {
    vswitch::OpenvSwitch root; // nil uuid: there is no root row to write to
    std::map<ovsdb::Uuid, vswitch::Bridge> bridges;
    std::map<ovsdb::Uuid, vswitch::Interface> interfaces;
    std::map<ovsdb::Uuid, vswitch::Controller> controllers;
    std::map<ovsdb::Uuid, vswitch::Mirror> mirrors;
};

// What the root row says of this switch and of DPDK. version: "DPDK 22.11.11".
vswitch::OpenvSwitch root_row(const ovsdb::Uuid& uuid, int64_t cur_cfg,
                              const std::string& dpdk_version);
// The row of an interface that could not be built.
vswitch::Interface failed_row(const ovsdb::Uuid& uuid, const std::string& error);
// 16 hexadecimal digits.
std::string datapath_id_from(MacAddr mac);

// Updates of the columns in which `now` differs from what the database holds already (`written`;
// an empty Report: nothing is known of it, all is written). An empty transaction: no difference.
// New results and cur_cfg stand in one transaction, because clients look at ofport and error as
// soon as cur_cfg has moved.
ovsdb::Transaction difference(const Report& written, const Report& now);

} // namespace ringfence::agent
