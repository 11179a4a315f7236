// The rows that a host writes into the southbound database: its Host_Status and one Port_Claim for
// each logical port that is plugged here. Pure: what we want to say, and what is there, give the
// transaction.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/types/addresses.h"
#include "dataplane/agent/southbound/rows.h"
#include "ovsdb/southbound.h"
#include "ovsdb/transaction.h"

namespace ringfence::agent {

struct HostReport {
    std::string host;
    int64_t applied = 0; // the last Host_Config.number by which every worker forwards
    std::vector<IpAddr> vtep_addresses;
    std::optional<unsigned> underlay_mtu;
    std::map<std::string, std::string> bridge_mappings;
    std::string version;
    std::string query{};                        // where it is asked: "ssl:ADDRESS:PORT"
    std::map<std::string, std::string> trouble; // object -> sentence

    struct Claim {
        std::string interface;
        std::string plug;      // UUID of the Interface's row; "" = not known yet
        bool ready = false;    // its domain is here and forwarded by: it may be bound
        bool active = false;   // this host has it, or it has moved here by its first frame
        bool contends = false; // it has moved away, and sends
    };
    std::map<std::string, Claim> claims;          // by Logical_Port.name
    std::map<SegmentAddress, OwnClaim> addresses; // virtual ones, of ports here
    std::vector<LearnedEntry> learned;            // by trusted ports of this host
};

// new_beats: how much Host_Status.alive goes up. time: wall clock, milliseconds since 1970, for
// people to read. An empty transaction: the database says all that already.
ovsdb::Transaction host_rows(const southbound::Tables& tables, const HostReport& report,
                             int64_t new_beats, int64_t time);

} // namespace ringfence::agent
