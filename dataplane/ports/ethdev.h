// A DPDK device as a port: physical, or any vdev. Attached when the port opens,
// detached and gone when it closes.
#pragma once

#include <memory>

#include "dataplane/ports/port.h"

namespace ringfence::ports {

[[nodiscard]] Result<std::shared_ptr<Port>> open_ethdev(const PortSettings& settings,
                                                        const MbufPool& pool);

} // namespace ringfence::ports
