// The stages: each one decision about one packet, one file each. A stage returns `next`, or what
// becomes of the packet instead. None loops over packets, allocates, logs or does I/O. The order is
// pipeline.cpp's.
#pragma once

#include "core/packet/packet.h"
#include "core/packet/verdicts.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

namespace ringfence {

// Uplink: VXLAN for one of our VTEP addresses becomes the inner frame, with its segment and peer;
// all else is for the kernel, by the uplink's shadow.
Verdict decapsulate(const Fabric&, Worker&, Packet&);

// Of a port with a bandwidth of its own: may it send this much?
Verdict limit_sent(const Fabric&, Worker&, Packet&);

// The frame's layers: where they begin, that they are whole and mean what they say.
Verdict parse(const Fabric&, Worker&, Packet&);

// NIC: port security. May this port send this packet into its segment?
Verdict admit(const Fabric&, Worker&, Packet&);

// Tunnel: the receiver's half of port security (DESIGN §6). May this VTEP have sent it? The outer
// header's congestion mark is carried into the inner one.
Verdict check_sender(const Fabric&, Worker&, Packet&);

// NIC, where packet.asks: turns an ARP request or neighbour solicitation into its reply, where the
// segment knows it; answers DHCP and router solicitations of NICs that have a row for it.
Verdict answer(const Fabric&, Worker&, Packet&);

// Where a packet's source or destination MAC is a router's, or a local port has a firewall of its
// own: the connection that knows it says what becomes of it. Three steps, each for a whole burst:
// where to look, which entry, and the decision. Only with packet.passage, which aim gives.
Verdict aim(const Fabric&, Worker&, Packet&);
Verdict pick(const Fabric&, Worker&, Packet&);
Verdict connection(const Fabric&, Worker&, Packet&);

// What no connection knows: may this port, or the one that it is for, have it decided?
Verdict limit_slow_path(const Fabric&, Worker&, Packet&);

// A fragment that leads its datagram has been let through.
Verdict vouch(const Fabric&, Worker&, Packet&);

// From a tunnel, with several workers: it belongs to the one that has the port for which it is, by
// its destination MAC, or, where that is a router's, by who holds the destination.
Verdict find_worker(const Fabric&, Worker&, Packet&);

// Handed over: who sent it, and through which routers.
Verdict trace_back(const Fabric&, Worker&, Packet&);

// ICMP errors: of which connection, and as what do they go on?
Verdict relate(const Fabric&, Worker&, Packet&);

// Made by a router here: given a passage, and, when it is routed and bridged, sent on as it is.
Verdict enrol(const Fabric&, Worker&, Packet&);
Verdict pass_on(const Fabric&, Worker&, Packet&);

// What no connection knows: through which routers, to where?
Verdict route(const Fabric&, Worker&, Packet&);
// May it begin a connection, or does it belong to one?
Verdict judge(const Fabric&, Worker&, Packet&);
// The decision is kept, and followed.
Verdict connect(const Fabric&, Worker&, Packet&);

// Where to: a local port, a VTEP, or everybody.
Verdict bridge(const Fabric&, Worker&, Packet&);

// Puts the outer headers before a packet for a VTEP, and names the uplink.
Verdict encapsulate(const Fabric&, Worker&, Packet&);

// A port of a bridge without a fabric: which VLAN, and so which segment? Its MAC is learned.
Verdict admit_bridged(const Fabric&, Worker&, Packet&);
// There, before it is sent: the tag that the receiving port has for the segment's VLAN.
Verdict retag(const Fabric&, Worker&, Packet&);

// For mirrors: a copy of what a port has received, to each port that is to have one.
Verdict mirror(const Fabric&, Worker&, Packet&);

// A port without iface-id, on a bridge that must not forward by itself, passes nothing.
Verdict refuse_unbound(const Fabric&, Worker&, Packet&);

// Shadow: what the kernel sends goes out by its uplink as it is.
Verdict pass_to_uplink(const Fabric&, Worker&, Packet&);

// Into the outbox of the port; a runt is padded with zeros.
Verdict send(const Fabric&, Worker&, Packet&);

} // namespace ringfence
