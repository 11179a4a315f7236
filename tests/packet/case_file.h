// Packet test cases as text, so that a reviewer reads what a packet does to the host:
//
//     let A = 02:00:00:00:00:01            # $A in all that follows
//     fabric segment 1 vni 5001            # for every case of the file; lab.h has the objects
//     fabric nic 1 segment 1 mac $A ip 10.0.0.1
//
//     case A broadcast reaches every port once
//     with nic 3 segment 1 mac $C          # for this case alone
//     in 1: eth $A > ff:ff:ff:ff:ff:ff     # frame.h has the layers
//     in 1 x3: eth $A > ff:ff:ff:ff:ff:ff  # three of them; lines of one port are one burst
//     in 1 bad-l4: ...                     # marked by a network card: wrong UDP or TCP checksum
//     in 1 large 1000: ...                 # TCP that its sender leaves to us to cut up, 1000 bytes
//     in 1 large-udp 1000: ...             # of payload a segment; the same of UDP
//     then policy 1 in deny                # for what comes in after it; it replaces, or `erase
//     ...` out 2: eth $A > ff:ff:ff:ff:ff:ff | pad 60 count 1: rx 1, tx 1                  # ALL
//     counters that are not 0, of every port
//
//     out 2 large 1000: ...                # in one piece, on a port that `takes-large`
//
// What is not listed must not happen: any other frame out, on any port, and any other counter is a
// failure.
#pragma once

#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/packet/frame.h"
#include "tests/packet/lab.h"

namespace ringfence::test {

struct Output {
    Frame frame;
    uint16_t segment; // of a large one; 0: it is not
};

struct Input {
    unsigned port;
    Frame frame;
    bool bad_l4;
    std::optional<Large> large;
    std::vector<std::string> changes; // lines for Lab::configure, before it comes in
};

struct Case {
    std::string file, name;
    std::vector<std::string> fabric; // lines for Lab::configure
    std::vector<Input> in;
    std::map<unsigned, std::vector<Output>> out; // by port, in order
    std::map<unsigned, std::string> counters;    // by port
};

void PrintTo(const Case& test, std::ostream* stream);

// All cases of a file. Throws std::runtime_error that names the line.
std::vector<Case> read_cases(const std::string& path);

} // namespace ringfence::test
