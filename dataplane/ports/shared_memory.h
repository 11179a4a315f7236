// Memory that a guest shares with us may be cut short by it (ftruncate) at any time; touching it is
// a SIGBUS then, which would end the daemon. For the vhost-user port.
//
// A thread says whose memory it is about to touch. Where that memory is gone, zeros take its place,
// the thread goes on, and is_gone() says so: the guest harms itself. A SIGBUS of any other cause
// ends the process as ever.
#pragma once

namespace ringfence::ports::shared_memory {

constexpr int most_guests = 1024; // DPDK's vhost device ids are below

// Once a process, before the first guest.
void guard();
// From now on this thread touches that guest's memory; -1: nobody's.
void touch(int guest);
bool is_gone(int guest); // any thread
// The id is another guest's from now on.
void forget(int guest);

} // namespace ringfence::ports::shared_memory
