// DHCP of networks in a draft: the addresses that it answers from. Private to the client.
#pragma once

#include "controller/client/ledger.h"
#include "controller/client/objects.h"

namespace ringfence::client {

// The network, which is in the draft with its edge router, has what DHCP needs there: an address of
// its own (a ledger row of kind dhcp) in each IPv4 subnet where no router is that it could come
// from, and none elsewhere. One that is there stays; `like`: those to have if they are free. For a
// fence that is done on its parent, from whose address it is answered.
void settle_dhcp(Draft& draft, Ledger& ledger, const Uuid& network, const Texts& like = {});

// Those that it has.
Texts dhcp_addresses(const nb::Tables& rows, const Uuid& network);

// Null: nothing has been said about it.
const nb::DhcpOptions* dhcp_options_of(const nb::Tables& rows, const Uuid& network);

} // namespace ringfence::client
