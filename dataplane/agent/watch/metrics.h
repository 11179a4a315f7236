// The numbers as Prometheus reads them: its text format, and as much of HTTP as it takes. Pure.
#pragma once

#include <functional>
#include <string>

#include "dataplane/agent/watch/numbers.h"
#include "ovsdb/net/listener.h"

namespace ringfence::agent {

// Text format 0.0.4. Counters end in _total; what is 0 and has a verdict of its own is left out.
std::string to_prometheus(const Numbers& numbers);

// HTTP/1.1 (RFC 9112), a request a connection: GET and HEAD of /metrics.
net::Serve serve_metrics(std::function<std::string()> metrics);

} // namespace ringfence::agent
