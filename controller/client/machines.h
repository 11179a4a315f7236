// vApps and virtual machines that come into being on demand. Private to the client.
#pragma once

#include "controller/client/draft.h"
#include "controller/client/objects.h"
#include "controller/client/rows.h"

namespace ringfence::client {

[[nodiscard]] Result<Uuid> insert_vapp(Draft& draft, const NewVapp& wanted);
// The row that is there, or a new one where it is merely missing.
[[nodiscard]] Result<Uuid> vapp_for(Draft& draft, const Path& path);
[[nodiscard]] Result<Uuid> vm_for(Draft& draft, const Path& path);

// What is made or changed of a NIC rests on the mode of its network, on its addressing, and on
// whether the vApp is deployed.
void rely_on_place(Draft& draft, const nb::Nic& nic);

} // namespace ringfence::client
