// What the system lets a process have.
#pragma once

#include "core/types/result.h"

namespace ringfence::process {

// Lets the process open as many files as it may ever (the hard limit). Fewer than `needed` are an
// error that says how to raise them; the process has what there is all the same.
[[nodiscard]] Result<> open_many_files(unsigned long needed);

} // namespace ringfence::process
