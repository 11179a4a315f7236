// Where a logical port is: the one host that may send and receive for it.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controller/compiler/compile.h"
#include "controller/model/model.h"

namespace ringfence::compiler {

// Who says that a port is plugged there. A view: the tables must outlive it.
class Claims {
public:
    explicit Claims(const southbound::Tables& current);
    // Ordered: whoever claimed first, then by name.
    const std::vector<const southbound::PortClaim*>& of(const std::string& port) const;

private:
    std::unordered_map<std::string, std::vector<const southbound::PortClaim*>> by_port_;
};

// The hosts that the fabric forwards to, by name.
using HostsInService = std::unordered_map<std::string, const northbound::Host*>;

struct Placement {
    std::optional<std::string> host;
    std::optional<Note> note; // a claim that doesn't count, and why
};

// A NIC of a foreign host is where intent says. Any other is where it is claimed: by a host in
// service, of the vDC, that is ready for it. Who has the port (`incumbent`) keeps it as long as its
// claim is one of those; a second claim changes nothing, and is told.
Placement place(const model::Model& model, const HostsInService& hosts, const Claims& claims,
                const northbound::Nic& nic, const northbound::VirtualDataCenter& vdc,
                const std::optional<std::string>& incumbent);

} // namespace ringfence::compiler
