#include "dataplane/agent/ports/port_set.h"

#include <algorithm>
#include <fstream>
#include <utility>
#include <vector>

#include <net/if.h>

#include "core/types/log.h"
#include "dataplane/ports/host_guard.h"

namespace ringfence::agent {

namespace {

log::Module module("port");

ports::PortKind kind_of(PortType type) {
    switch (type) {
    case PortType::tap:
        return ports::PortKind::tap;
    case PortType::internal:
        return ports::PortKind::internal;
    case PortType::system:
        return ports::PortKind::system;
    case PortType::dpdk:
        return ports::PortKind::device;
    case PortType::vhost_user:
        return ports::PortKind::vhost_user;
    case PortType::vhost_user_client:
        return ports::PortKind::vhost_user_client;
    }
    return ports::PortKind::tap;
}

// A request that is lost, such as one that the kernel makes before the tap's worker passes it on,
// would cost a second, in which no packet finds the way to the VTEPs behind that neighbour.
void repeat_neighbour_requests_soon(const std::string& tap) {
    std::ofstream("/proc/sys/net/ipv4/neigh/" + tap + "/retrans_time_ms") << 100;
}

// Must the device be opened anew to become this?
bool is_another_device(const WantedPort& now, const WantedPort& wanted) {
    return now.type != wanted.type || now.device != wanted.device ||
           now.uplink_shadow != wanted.uplink_shadow ||
           (now.type == PortType::system && now.is_mirror_output != wanted.is_mirror_output);
}

bool is_lost(const OpenPort& port) {
    return port.wanted.type == PortType::system && port.port->trouble();
}

bool is_device_of(const std::string& bridge, const WantedPort& port) {
    return port.bridge == bridge && port.is_bridged &&
           (port.type == PortType::system || port.type == PortType::dpdk);
}

// Not one that software has made up, as for a VM's tap.
bool is_a_makers(MacAddr mac) {
    constexpr uint8_t local = 2; // IEEE 802, 8.2.2
    return !mac.is_group() && !mac.is_zero() && !(mac.bytes[0] & local);
}

bool is_there(const std::string& netdev) { return if_nametoindex(netdev.c_str()) != 0; }

// What the port's MTU is to be; none: whatever it is.
std::optional<unsigned> wanted_mtu(const OpenPort& port) {
    bool too_large =
        port.network_mtu && port.wanted.mtu_request > port.network_mtu; // the agent says so
    if (port.wanted.mtu_request && !too_large)
        return port.wanted.mtu_request;
    bool follows = port.wanted.type == PortType::tap || port.wanted.type == PortType::internal ||
                   port.wanted.type == PortType::system;
    return follows ? port.network_mtu : std::nullopt;
}

} // namespace

ports::PortSettings PortSet::settings_of(const WantedPort& wanted) const {
    ports::PortSettings settings;
    settings.name = wanted.name;
    settings.kind = kind_of(wanted.type);
    settings.argument = wanted.type == PortType::vhost_user
                            ? (std::filesystem::absolute(run_folder_) / wanted.device).string()
                            : wanted.device;
    settings.mac = wanted.mac;
    settings.mtu = wanted.mtu_request;
    settings.stays = wanted.is_bridge;
    settings.shown_to_host = wanted.is_mirror_output;
    return settings;
}

bool PortSet::apply(const std::map<std::string, WantedPort>& wanted) {
    std::vector<std::string> gone;
    for (const auto& [name, port] : open_) {
        if (port.is_shadow)
            continue; // comes and goes with its uplink
        auto wish = wanted.find(name);
        if (wish == wanted.end() || is_another_device(port.wanted, wish->second) || is_lost(port))
            gone.push_back(name);
    }
    for (const std::string& name : gone)
        close(name);
    give_back_unplugged(wanted);

    const auto failed_before = std::exchange(failed_, {});
    absent_.clear();
    bool complete = true;
    for (const auto& [name, wish] : wanted) {
        if (auto open = open_.find(name); open != open_.end()) {
            if (open->second.wanted.iface_id != wish.iface_id)
                open->second.plugging = ++pluggings_;
            open->second.wanted = wish;
            adjust(open->second);
        } else if (closing_.contains(name) || closing_.contains(wish.uplink_shadow)) {
            complete = false;
        } else {
            open_wanted(wish);
        }
    }
    adopt_devices();
    if (!gone.empty())
        even_out();
    for (const auto& [name, why] : failed_)
        if (auto before = failed_before.find(name);
            before == failed_before.end() || before->second != why)
            log::warning(module, "{}: {}", name, why);
    return complete && closing_.empty();
}

void PortSet::give_back_unplugged(const std::map<std::string, WantedPort>& wanted) {
    std::erase_if(guarded_, [&](const std::string& netdev) {
        auto wish = wanted.find(netdev);
        if (wish != wanted.end() && wish->second.type == PortType::system)
            return false;
        ports::give_back_to_host(if_nametoindex(netdev.c_str()));
        return true;
    });
    for (const auto& [name, wish] : wanted)
        if (wish.type == PortType::system)
            guarded_.insert(name);
}

void PortSet::open_wanted(const WantedPort& wanted) {
    Result<> done = wanted.uplink_shadow.empty()
                        ? dataplane_.open(settings_of(wanted)).and_then([&](const Device& device) {
                              return add(wanted, device);
                          })
                        : open_uplink(wanted);
    if (done)
        return;
    failed_[wanted.name] = done.error().text;
    if (wanted.type == PortType::system && !is_there(wanted.name))
        absent_.insert(wanted.name);
}

bool PortSet::netdevs_came_or_went() const {
    return std::ranges::any_of(absent_, is_there) ||
           std::ranges::any_of(open_, [](const auto& port) { return is_lost(port.second); });
}

// Both or none: no worker has one before both are open. The tap looks to the kernel as the uplink's
// device would: its MAC, its MTU.
Result<> PortSet::open_uplink(const WantedPort& wanted) {
    auto uplink = dataplane_.open(settings_of(wanted));
    if (!uplink)
        return tl::unexpected(uplink.error());
    WantedPort tap;
    tap.name = wanted.uplink_shadow;
    ports::PortSettings settings;
    settings.name = tap.name;
    settings.mac = (*uplink)->mac();
    settings.mtu = (*uplink)->mtu();
    settings.offloads = false; // what it sends goes out by the uplink as it is
    auto shadow = dataplane_.open(settings);
    if (!shadow)
        return tl::unexpected(shadow.error().in("tap " + tap.name));
    if (auto added = add(wanted, *uplink); !added)
        return added;
    if (auto added = add(tap, *shadow); !added) {
        close(wanted.name);
        return added;
    }
    repeat_neighbour_requests_soon(tap.name);
    OpenPort& up = open_.at(wanted.name);
    OpenPort& down = open_.at(tap.name);
    down.is_shadow = true;
    down.peer = up.id;
    up.peer = down.id;
    return {};
}

// From now on a worker has it.
Result<> PortSet::add(const WantedPort& wanted, const Device& device) {
    auto id = ids_.ports.get(wanted.name);
    unsigned worker = least_loaded_worker();
    auto added =
        id ? dataplane_.add_port(*id, device, worker)
           : fail(ErrorKind::unavailable, "this host has {} ports already", Destination::max_ports);
    if (!added) {
        if (id)
            ids_.ports.release(wanted.name);
        if (wanted.is_bridge)
            device->let_go(); // its netdev would stay
        return added;
    }
    log::info(module, "{}: {} port, {}, MTU {}, worker {}", wanted.name, device->driver(),
              to_string(device->mac()), device->mtu(), worker);
    if (wanted.is_bridge)
        staying_.insert(wanted.name);
    open_.insert_or_assign(
        wanted.name, OpenPort{wanted, *id, worker, device, false, {}, {}, {}, 0, ++pluggings_});
    return {};
}

void PortSet::close(const std::string& name) {
    auto found = open_.find(name);
    if (found == open_.end())
        return;
    OpenPort port = std::move(found->second);
    open_.erase(found);
    closing_.insert(name);
    log::info(module, "{}: closed", name);
    if (staying_.erase(name))
        port.port->let_go();
    // The device closes with the last reference to it, which is this callback's.
    dataplane_.remove_port(port.id, [this, name, device = port.port]() mutable {
        device.reset();
        closing_.erase(name);
        ids_.ports.release(name);
        changed_();
    });
    port.port.reset();
    if (!port.is_shadow && !port.wanted.uplink_shadow.empty())
        close(port.wanted.uplink_shadow);
}

void PortSet::adjust(OpenPort& port) {
    Result<> done;
    if (port.wanted.mac && port.wanted.mac != port.port->mac())
        done = port.port->set_mac(*port.wanted.mac);
    if (auto mtu = wanted_mtu(port); done && mtu && *mtu != port.port->mtu())
        done = port.port->set_mtu(*mtu);
    if (auto shadow = open_.find(port.wanted.uplink_shadow); done && shadow != open_.end()) {
        ports::Port& tap = *shadow->second.port;
        if (tap.mac() != port.port->mac())
            done = tap.set_mac(port.port->mac());
        if (done && tap.mtu() != port.port->mtu())
            done = tap.set_mtu(port.port->mtu());
    }
    auto trouble = done ? std::nullopt : std::optional(done.error().text);
    if (trouble && trouble != port.trouble)
        log::warning(module, "{}: {}", port.wanted.name, *trouble);
    port.trouble = trouble;
}

// Of the ports that carry a bridge's frames out of this host.
void PortSet::adopt_devices() {
    for (auto& [name, own] : open_) {
        if (!own.wanted.is_bridge || !own.wanted.is_bridged)
            continue;
        std::optional<MacAddr> lowest;
        std::optional<unsigned> smallest;
        for (const auto& [other, port] : open_)
            if (is_device_of(own.wanted.bridge, port.wanted)) {
                const MacAddr mac = port.port->mac();
                if (is_a_makers(mac))
                    lowest = std::min(lowest.value_or(mac), mac);
                smallest = std::min(smallest.value_or(port.port->mtu()), port.port->mtu());
            }
        if (lowest && !own.wanted.mac && *lowest != own.port->mac())
            if (auto done = own.port->set_mac(*lowest); !done)
                log::warning(module, "{}: {}", name, done.error().text);
        set_network_mtu(name, smallest);
    }
}

void PortSet::set_network_mtu(const std::string& name, std::optional<unsigned> mtu) {
    auto found = open_.find(name);
    if (found == open_.end() || found->second.network_mtu == mtu)
        return;
    found->second.network_mtu = mtu;
    adjust(found->second);
}

// --- Who polls which port. Workers learn it by the Fabric, and take connections along.

std::vector<unsigned> PortSet::ports_by_worker() const {
    std::vector<unsigned> count(dataplane_.workers());
    for (const auto& [name, port] : open_)
        ++count[port.worker];
    return count;
}

unsigned PortSet::least_loaded_worker() const {
    const std::vector<unsigned> count = ports_by_worker();
    return static_cast<unsigned>(std::ranges::min_element(count) - count.begin());
}

void PortSet::give(OpenPort& port, const std::string& name, unsigned worker) {
    if (port.worker == worker)
        return;
    log::info(module, "{}: from worker {} to worker {}", name, port.worker, worker);
    port.worker = worker;
}

// Ports that went may have been one worker's. Those that came last go where there are fewer.
void PortSet::even_out() {
    for (;;) {
        const std::vector<unsigned> count = ports_by_worker();
        const auto [least, most] = std::ranges::minmax_element(count);
        if (*most < *least + 2)
            return;
        const auto from = static_cast<unsigned>(most - count.begin());
        auto newest = open_.end();
        for (auto it = open_.begin(); it != open_.end(); ++it)
            if (it->second.worker == from &&
                (newest == open_.end() || it->second.plugging > newest->second.plugging))
                newest = it;
        give(newest->second, newest->first, static_cast<unsigned>(least - count.begin()));
    }
}

// The busiest first, each to who has the least so far; it stays where that is as good.
void PortSet::rebalance() {
    struct Weighed {
        std::string name;
        uint64_t frames;
    };
    std::vector<Weighed> ports;
    for (auto& [name, port] : open_) {
        const uint64_t received = dataplane_.counters(port.id)[Verdict::rx];
        ports.push_back({name, received - std::exchange(port.weighed, received) + 1});
    }
    std::ranges::stable_sort(ports, std::greater(), &Weighed::frames);
    std::vector<uint64_t> load(dataplane_.workers());
    for (const Weighed& weighed : ports) {
        OpenPort& port = open_.at(weighed.name);
        auto least = std::ranges::min_element(load);
        const bool stays = load[port.worker] <= *least;
        give(port, weighed.name, stays ? port.worker : static_cast<unsigned>(least - load.begin()));
        load[port.worker] += weighed.frames;
    }
}

} // namespace ringfence::agent
