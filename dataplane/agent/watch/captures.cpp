#include "dataplane/agent/watch/captures.h"

#include <algorithm>
#include <charconv>
#include <random>

#include <rte_cycles.h>

#include "core/types/log.h"
#include "dataplane/agent/watch/pcapng.h"
#include "ovsdb/unixctl/base64.h"

namespace ringfence::agent {

namespace {

log::Module module("capture");

constexpr size_t most_read = 1 << 20; // bytes of frames in an answer

// Nobody reads another's by chance or by guess.
std::string new_id() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

} // namespace

Captures::~Captures() {
    while (!running_.empty())
        end(running_.begin()->first);
}

Result<std::string> Captures::run(const unixctl::Arguments& words) {
    if (words[0] == "start")
        return start(words[1], words.size() > 2 ? words[2] : "");
    const auto found = running_.find(words[1]);
    if (found == running_.end() || words.size() > 2)
        return fail(ErrorKind::not_found, "no capture {} is under way", words[1]);
    if (words[0] == "read")
        return read(found->first);
    if (words[0] != "stop")
        return fail("\"{}\": start PORT [BYTES], read ID or stop ID", words[0]);
    end(found->first);
    return std::string();
}

Result<std::string> Captures::start(const std::string& name, const std::string& bytes) {
    uint32_t snaplen = Capture::most_bytes;
    const auto [stop, bad] = std::from_chars(bytes.data(), bytes.data() + bytes.size(), snaplen);
    if (!bytes.empty() && (bad != std::errc() || stop != bytes.data() + bytes.size() ||
                           snaplen < 14 || snaplen > Capture::most_bytes))
        return fail("\"{}\" is not a number of bytes, 14 to {}", bytes, Capture::most_bytes);
    end_what_is_over();
    const auto port = std::ranges::find_if(ports_.open(), [&](const auto& entry) {
        return entry.first == name || (!name.empty() && entry.second.wanted.iface_id == name);
    });
    if (port == ports_.open().end())
        return fail(ErrorKind::not_found, "no port is named {}", name);
    if (std::ranges::any_of(running_,
                            [&](const auto& entry) { return entry.second.id == port->second.id; }))
        return fail(ErrorKind::conflict, "port {}: it is being captured already", port->first);
    if (running_.size() == most)
        return fail(ErrorKind::conflict, "{} captures are under way; more are not taken", most);

    Running running{port->first,
                    port->second.id,
                    port->second.plugging,
                    std::make_shared<Capture>(snaplen),
                    {},
                    rte_rdtsc(),
                    std::chrono::system_clock::now().time_since_epoch(),
                    std::chrono::steady_clock::now()};
    pcapng::begin(running.unread, port->first, port->second.wanted.iface_id, snaplen);
    dataplane_.capture(running.id, running.capture);
    log::info(module, "port {}: its frames are captured", port->first);
    const std::string id = new_id();
    running_.emplace(id, std::move(running));
    if (!timer_)
        timer_ = reactor_.every(std::chrono::seconds(1), [this] { end_what_is_over(); });
    return id;
}

Result<std::string> Captures::read(const std::string& id) {
    Running& running = running_.at(id);
    if (!goes_on(running)) {
        const std::string port = running.port;
        end(id);
        return fail(ErrorKind::not_found, "port {}: it has gone, or is another NIC's now", port);
    }
    running.last_read = std::chrono::steady_clock::now();
    const auto hz = static_cast<double>(rte_get_tsc_hz());
    running.capture->take(most_read, [&](const Capture::Frame& frame) {
        const auto passed =
            static_cast<double>(static_cast<int64_t>(frame.ticks - running.first_ticks));
        const std::chrono::nanoseconds since(static_cast<int64_t>(passed / hz * 1e9));
        pcapng::add(running.unread, running.first_time + since,
                    frame.direction == Capture::Direction::from_port ? pcapng::Direction::inbound
                                                                     : pcapng::Direction::outbound,
                    frame.length, frame.bytes);
    });
    return unixctl::to_base64(std::exchange(running.unread, {}));
}

// The port, its device and its NIC are those that it began with.
bool Captures::goes_on(const Running& running) const {
    const auto port = ports_.open().find(running.port);
    return port != ports_.open().end() && port->second.plugging == running.plugging;
}

void Captures::end(const std::string& id) {
    const auto found = running_.find(id);
    const Running& running = found->second;
    dataplane_.capture(running.id, nullptr);
    log::info(module, "port {}: its frames are not captured any more; {} found no room",
              running.port, running.capture->missed());
    running_.erase(found);
    if (running_.empty())
        timer_ = {};
}

void Captures::end_what_is_over() {
    const auto now = std::chrono::steady_clock::now();
    for (auto it = running_.begin(); it != running_.end();) {
        const auto here = it++;
        if (now - here->second.last_read > patience || !goes_on(here->second))
            end(std::string(here->first));
    }
}

} // namespace ringfence::agent
