// Which of a guest's queues a frame goes to: one connection stays on one queue, so in order.
#pragma once

struct rte_mbuf;

namespace ringfence::ports {

// Below `queues`, which is at least 1; by addresses and ports of TCP and UDP in an untagged frame,
// 0 for what has none. Later fragments, which have no ports, go by addresses only, and so do first
// ones.
[[nodiscard]] unsigned queue_of(const rte_mbuf& frame, unsigned queues);

} // namespace ringfence::ports
