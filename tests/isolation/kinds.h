// Every kind of frame that a guest may send, or forge, each with a blank mark in it (mark.h): what
// canaries are made of. The kinds are in frames.kinds.
#pragma once

#include <string>
#include <vector>

namespace ringfence::test {

// Who sends, or to whom: a MAC, and the addresses that the frame is given with it.
struct Station {
    std::string mac, ip4, ip6;
};

struct Kind {
    std::string name, text; // text: of a frame, with words to fill in
    bool arrives;           // at a neighbour, when it is sent to its own MAC and addresses
};

// Throws std::runtime_error that quotes the line.
std::vector<Kind> read_kinds(const std::string& path);

// A frame of that kind. other: whom it speaks of besides; vni: of VXLAN that is the guest's own.
// number: the sender's, for protocols and ICMP queries.
std::vector<uint8_t> frame_of(const Kind& kind, const Station& from, const Station& to,
                              const Station& other, unsigned vni, unsigned number);

} // namespace ringfence::test
