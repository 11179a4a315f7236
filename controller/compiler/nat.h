// NICs behind a translating edge router to the rows of Nat: who stands behind which address of the
// parent network. Whoever steers needs them, so they lie in the parent's domain.
#pragma once

#include <optional>
#include <vector>

#include "controller/compiler/compile.h"
#include "controller/compiler/edges.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// One row a family: the NIC's address inside, and the one that stands for it on the network beyond
// `outside`. The NIC is sound; `port` is its row.
std::vector<southbound::Nat> compile_nat(const Edge& edge, const Link& outside,
                                         const northbound::Nic& nic,
                                         const southbound::LogicalPort& port);

// An address inside that nothing stands for outside.
std::optional<Note> untranslated_note(const Link& outside, const northbound::Nic& nic,
                                      const southbound::LogicalPort& port);

} // namespace ringfence::compiler
