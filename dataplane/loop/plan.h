// What the workers go by, made by the Forwarder's control side: immutable once published. For the
// loop's own files.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/types/ids.h"
#include "dataplane/fabric/fabric.h"
#include "dataplane/ports/port.h"
#include "dataplane/worker/capture.h"

namespace ringfence::loop {

// A port and the worker that polls it and sends on it.
struct Berth {
    PortId id{0};
    std::shared_ptr<ports::Port> port; // null: no port has this id
    unsigned owner = 0;
    std::shared_ptr<Capture> capture = nullptr; // who watches the port; null: nobody
};

// Which ports there are. Shared by all plans until a port comes, goes or moves.
struct Layout {
    uint64_t serial = 0;
    std::vector<Berth> berths;                     // indexed by PortId
    std::vector<std::vector<const Berth*>> polled; // by worker; into berths

    const Berth* find(PortId id) const {
        const Berth* berth = id.value() < berths.size() ? &berths[id.value()] : nullptr;
        return berth && berth->port ? berth : nullptr;
    }
};

struct Plan {
    std::shared_ptr<const Fabric> fabric;
    std::shared_ptr<const Layout> layout;
};

} // namespace ringfence::loop
