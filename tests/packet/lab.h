// A host's dataplane without ports: a Fabric described in text, one Worker, frames in, frames and
// counters out. For packet tests, unit tests and fuzz targets.
//
// The fabric, a line an object:
//
//     segment ID vni N|bridge [mtu N] [drop-unknown] [vlan-transparent] [vlan N]
//     nic PORT segment ID mac MAC [ip A,B] [security mac|trusted] [link-local A,B] [picks-up]
//                     [broadcast N] [slow-path N] [errors N] [connections N] [dhcp N]
//                     [bytes-in N] [bytes-out N] [packets-out N]
//                     [policy ID,ID] [worker N] [dead-vlan] [trusted-relay] [dhcp-server]
//                     [declined] [may-have IP,IP] [by MAC]     virtual addresses, and their MAC
//     dhcp PORT ipv4|ipv6 server IP mac MAC [address IP] [NAME=VALUE]...   a row of the table Dhcp;
//                                                 ~ in a value stands for a space
//     waiting PORT mac MAC                        a nic whose segment is not there yet
//     unbound PORT
//     bridged PORT access|trunk|native-tagged|native-untagged [tag N] [vlans N:ID,N:ID] [others ID]
//                     [dead-vlan]                 its VLANs are those segments, where it gets
//                     floods
//     mirror PORT [received A,B] [sent A,B]       of the port that the line before made
//     uplink PORT address IP [shadow PORT]
//     shadow PORT [uplink PORT]
//     vtep ID IP[,IP] [via PORT source IP mac MAC gateway MAC [mtu N]]
//     way ID via PORT source IP mac MAC gateway MAC [mtu N]   one more, to the VTEP of that id
//     remote MAC segment ID vtep ID [ip A,B]      a nic of another host; the segment floods there
//     learned MAC segment ID vtep ID|port PORT [doubtful]    seen behind a trusted port
//     absent MAC segment ID [ip A,B]              a nic of no host
//     trusted-vtep ID segment ID
//     virtual IP segment ID [nic MAC] [mac MAC]   who has it now, and the MAC that goes with it
//     shared MAC segment ID nic PORT|vtep ID      where the MAC of virtual addresses is
//     also MAC|IP segment ID vtep ID              its candidate or previous VTEP; IP: of what is
//     held tunnel [udp-port N] [pipe] [zero-checksum6]
//
// and edge routers, their parts each on a line of its own after it:
//
//     policy ID [in ACTION] [out ACTION]               its defaults; denies where nothing is said
//     rule ID policy ID in|out PRIORITY then ACTION [protocol tcp|udp|icmp|icmp6|N]
//                     [from ADDRESSES] [to ADDRESSES] [source-ports N,N-M] [ports N,N-M]
//                     [types T,T/C] [outside] [log]    ADDRESSES: PREFIX,group:ID or nobody
//     group ID members PREFIX,PREFIX | broken          ACTION: allow, drop (or deny), reject
//     router ID [fence] [translation none|one-to-one] [own A,B]   own: on the parent network
//     interface ROUTER segment ID mac MAC inside|outside [addresses A/LEN,B/LEN] [policy ID,ID]
//     route ROUTER PREFIX segment ID [next IP]                    by the interface on that segment
//     held IP segment ID router ID inside IP [nic PORT|vtep ID]   for a NIC here, there, or nowhere
//
//     takes-large PORT                             its device cuts large frames up itself
//     pass SECONDS                                 go by, for what waits and for the sweep
//     erase policy ID | rule ID | router ID | route ROUTER PREFIX | held IP segment ID |
//           nic PORT segment ID | address IP segment ID
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/packet/large.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/worker.h"

struct rte_mbuf;
struct rte_mempool;

namespace ringfence::test {

// What every buffer is filled with: what an earlier packet left behind. It must never leave the
// host (BEHAVIOUR §3.4).
inline constexpr uint8_t residue = 0xee;
bool holds_residue(const std::vector<uint8_t>& frame); // some bytes of it in a row

// Starts DPDK without hugepages, devices or shared files, once a process. Throws where it can't.
void start_dpdk();

// What its sender says of a large frame (core/packet/large.h).
struct Large {
    LargeKind kind;
    uint16_t segment;
};

class Lab {
public:
    // buffers: how many mbufs there are.
    explicit Lab(unsigned buffers = 1023);
    Lab(unsigned buffers, const ConnectionSettings& connections);
    ~Lab();
    Lab(const Lab&) = delete;

    void configure(std::string_view line); // throws std::runtime_error that quotes the line
    const Fabric& fabric();                // with all that was configured
    // This one from now on, in place of what was configured; its ports are opened by open().
    void use(std::shared_ptr<const Fabric> fabric);
    void open(PortId port);
    Worker& worker() { return *worker_; }

    // One burst from the port. bad_l4: as a network card marks a wrong UDP or TCP checksum.
    void receive(PortId from, const std::vector<std::vector<uint8_t>>& frames, bool bad_l4 = false);
    void receive_large(PortId from, const std::vector<uint8_t>& frame, Large large);
    rte_mbuf* buffer(const std::vector<uint8_t>& bytes);
    // What went out since the last call, by port and in order.
    std::map<uint32_t, std::vector<std::vector<uint8_t>>> transmitted();
    // Of what the last call gave, in its order: 0, or of a large frame how much payload a segment
    // has. Its checksum is as its receiver would finish it.
    const std::map<uint32_t, std::vector<uint16_t>>& segments() const { return segments_; }

    // "rx 2, tx 1, admit.src_mac 1": all that are not 0, in the list's order.
    std::string counters(PortId port) const;
    const std::vector<PortId>& ports() const { return ports_; }
    unsigned buffers_in_use() const;

    class Line; // of a configuration

private:
    // A router's parts, as they are collected.
    struct RouterParts {
        RouterSettings settings;
        std::vector<Route> routes;
    };
    // A policy's.
    struct PolicyParts {
        std::vector<Rule> defaults;
        std::map<uint32_t, Rule> rules;
    };
    void note_transmitted(uint32_t port, rte_mbuf& frame,
                          std::vector<std::vector<uint8_t>>& frames);
    void erase(const Line& line);
    void set_policies();
    void pass(uint32_t seconds);

    rte_mempool* pool_;
    std::unique_ptr<Worker> worker_;
    std::shared_ptr<const Fabric> fabric_;
    std::unique_ptr<FabricEdit> edit_;
    std::map<uint32_t, RouterParts> routers_;
    std::map<uint32_t, PolicyParts> policies_;
    std::map<uint32_t, AddressGroup> groups_;
    std::vector<PortId> ports_;
    std::set<PortId> takes_large_;
    std::map<uint32_t, std::vector<uint16_t>> segments_;
};

} // namespace ringfence::test
