// What the local database says of who may watch this host over the network: external_ids of the
// Open_vSwitch row, and the files that `ovs-vsctl set-ssl` names. Pure.
#pragma once

#include <set>
#include <string>

#include "ovsdb/net/tls.h"
#include "ovsdb/vswitch.h"

namespace ringfence::agent {

struct WatchSettings {
    std::string query;   // ringfence-query: "pssl:PORT[:ADDRESS]"; "" = nobody asks from elsewhere
    std::string metrics; // ringfence-metrics: "ptcp:PORT[:ADDRESS]", "punix:PATH" or "pssl:..."
    // ringfence-query-capture: the common names whose owners may see frames; none unless given
    std::set<std::string> capturers;
    net::TlsFiles files;
    bool operator==(const WatchSettings&) const = default;
};

WatchSettings watch_settings_from(const vswitch::Tables& tables, const vswitch::OpenvSwitch& root);

} // namespace ringfence::agent
