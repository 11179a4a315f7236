// A kernel tap as a port: the kernel's side is a netdev named like the port, ours a descriptor.
//
// It is read and written here, not through DPDK's net_tap, which carries no MTU above 1504, waits
// 15 ms to start and to stop, and raises a signal for each frame. A tap costs a system call a frame
// either way. The kernel has finished checksums and segmentation before a frame arrives (no
// IFF_VNET_HDR).
#pragma once

#include <memory>

#include "dataplane/ports/port.h"

namespace ringfence::ports {

[[nodiscard]] Result<std::shared_ptr<Port>> open_tap(const PortSettings& settings,
                                                     const MbufPool& pool);

} // namespace ringfence::ports
