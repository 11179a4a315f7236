#include "dataplane/ports/port.h"

#include "dataplane/ports/ethdev.h"
#include "dataplane/ports/system.h"
#include "dataplane/ports/tap.h"
#include "dataplane/ports/vhost.h"

namespace ringfence::ports {

Result<std::shared_ptr<Port>> Port::open(const PortSettings& settings, const MbufPool& pool) {
    switch (settings.kind) {
    case PortKind::tap:
    case PortKind::internal:
        return open_tap(settings, pool);
    case PortKind::system:
        return open_system(settings, pool);
    case PortKind::device:
        return open_ethdev(settings, pool);
    case PortKind::vhost_user:
    case PortKind::vhost_user_client:
        return open_vhost(settings, pool);
    }
    return fail("port {} is of no kind", settings.name);
}

} // namespace ringfence::ports
