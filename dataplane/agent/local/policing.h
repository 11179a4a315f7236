// The limits that the host's Open_vSwitch database gives a port, by ovs-vsctl's own words:
//
//     Interface.ingress_policing_rate (kbit/s), _burst (kbit)          what the VM sends
//     Interface.ingress_policing_kpkts_rate, _kpkts_burst (thousands)  the same in packets
//     Port.qos: linux-htb      other_config:max-rate (bit/s) of the QoS and of its queue 0,
//                              burst (bit) of the queue                 what the VM gets
//               egress-policer other_config:cir (bytes/s), cbs (bytes)  the same
//               linux-noop     no limit
//
// Other queues than 0 are chosen by OpenFlow alone, which nobody speaks here. Pure.
#pragma once

#include "core/types/result.h"
#include "dataplane/agent/limits.h"
#include "ovsdb/vswitch.h"

namespace ringfence::agent {

// An error says what the database asks for that is not built, or is no number.
[[nodiscard]] Result<WantedLimits> policing_from(const vswitch::Tables& tables,
                                                 const vswitch::Port& port,
                                                 const vswitch::Interface& interface);

} // namespace ringfence::agent
