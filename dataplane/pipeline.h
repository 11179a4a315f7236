// A packet's way through the host: pipeline.cpp is the screen, dataplane/README.md the story.
#pragma once

#include <cstdint>

#include "core/types/ids.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

struct rte_mbuf;

namespace ringfence {

// some_large: some may be marked as that, by a port that says so of what it received.
enum class Frames : uint8_t { ordinary, some_large };

// Takes n frames that were received on the port `from`, which is open in the worker. All are the
// pipeline's from here on: each ends in an outbox of the worker, or is counted and freed. No
// pointer into the fabric outlives the call. Any n; best in bursts of 32.
void process(const Fabric& fabric, Worker& worker, PortId from, rte_mbuf** frames, uint16_t n,
             Frames kind = Frames::ordinary);

// What has come for the worker's ports by its queue (Worker::queue), and what that brings.
void process_arrivals(const Fabric& fabric, Worker& worker);

} // namespace ringfence
