// A netdev of the host's that somebody else made, such as libvirt's tap of a VM, as a port: read
// and written through a packet socket of our own, because DPDK's af_packet hands no virtio headers
// on (checksums that are only begun, frames of 64 KiB). The host's kernel hears nothing of it
// (host_guard.h). A system call a frame: vhost-user is the fast way.
#pragma once

#include <memory>

#include "dataplane/ports/port.h"

namespace ringfence::ports {

// The host's kernel stays out of it when the port closes, and where this fails after that was
// reached, until give_back_to_host().
[[nodiscard]] Result<std::shared_ptr<Port>> open_system(const PortSettings& settings,
                                                        const MbufPool& pool);

} // namespace ringfence::ports
