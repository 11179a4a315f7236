// Intent in, flow tables out: the whole of what the controller knows how to do, as pure functions.
//
//     northbound rows ---+                +-> southbound rows --> plan() --> one transaction
//                        +--> compile() --+
//     what hosts say  ---+                +-> notes --> report() --> northbound status, another
//
// Each row is made by one function of one object and of the facts that it reads (hosts.h,
// segments.h, ports.h): compile() only walks the objects, top down. A bad object gets its note and
// no row, an object whose parent is bad waits for it, and nobody else notices.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "ovsdb/northbound.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// What is to be said about one northbound object, in its `status` column. Where `event` is set,
// the change of the status is an Event of that kind, too.
struct Note {
    std::string text{};
    std::string event{}; // "" = none
    std::set<std::string> objects{};
    std::set<std::string> hosts{};
    bool operator==(const Note&) const = default;
};

namespace event {
inline constexpr char object_refused[] = "object-refused";
inline constexpr char mtu_reduced[] = "mtu-reduced";
inline constexpr char vtep_taken[] = "vtep-taken";
inline constexpr char second_claim[] = "second-claim";
inline constexpr char foreign_claim[] = "claim-outside-data-center";
inline constexpr char host_dialed_in[] = "host-dialed-in";
} // namespace event

struct Compiled {
    // The whole southbound database as it should be. The tables that hosts write are as they are
    // now, less what belonged to hosts and segments that are gone; Lease and Block_Log as they are.
    southbound::Tables wanted;
    std::unordered_map<ovsdb::Uuid, Note> notes; // by northbound object; none = nothing to say
};

// `current`: Host_Status and Port_Claim say what hosts report; Host, Logical_Port and Host_Config
// say who came first (a VTEP address, a port) and which hosts were known.
Compiled compile(const northbound::Tables& intent, const southbound::Tables& current);

} // namespace ringfence::compiler
