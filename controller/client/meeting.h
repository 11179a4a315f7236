// What a vApp network needs to meet its parent: its edge router, and its NICs' outside addresses.
// Private to the client.
#pragma once

#include "controller/client/ledger.h"

namespace ringfence::client {

const nb::EdgeRouter* edge_of(const nb::Tables& rows, const nb::VappNetwork& network);

// The edge router of a network that is in the draft already, with free addresses of its own on the
// parent: one of each family that the parent has both a subnet and a range of. `like`: the router
// that it takes the place of, whose addresses and UUID it keeps where they fit.
[[nodiscard]] Result<nb::EdgeRouter> make_edge(const nb::Tables& rows, Ledger& ledger,
                                               const nb::VappNetwork& network,
                                               const nb::EdgeRouter* like = nullptr);

// The NIC's outside addresses as its network wants them: one for each family that it has inside,
// where the parent has a range of it; none where nothing is translated. Those of a vApp that is not
// deployed are no more than what it kept.
[[nodiscard]] Result<> settle_outside(const nb::Tables& rows, Ledger& ledger, nb::Nic& nic);

// Replaces the network in the draft, and makes edge router, ledger and NICs follow.
[[nodiscard]] Result<> reshape(Draft& draft, Ledger& ledger, const nb::VappNetwork& wanted);

// The same for all that lean on an organization network: the edge router that it is attached to,
// vApp networks and NICs that have addresses on it.
[[nodiscard]] Result<> reshape(Draft& draft, Ledger& ledger, const nb::OrganizationNetwork& wanted);

} // namespace ringfence::client
