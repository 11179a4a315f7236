#include "dataplane/agent/announcements.h"

#include <algorithm>
#include <optional>

namespace ringfence::agent {

namespace {

// What a NIC knew in the segment that it was in is told no further than this: caches are small.
constexpr size_t most_known = 256;

// An address as somebody in the segment has to say it.
struct Voice {
    MacAddr mac;
    IpAddr address;
    bool router;
};

std::optional<MacAddr> mac_of(const Fabric& fabric, const Segment& segment, const IpAddr& address) {
    auto neighbour = fabric.neighbour(segment, address);
    return neighbour ? neighbour : fabric.proxy(segment, address);
}

// One segment that is not as it was.
class ChangedSegment {
public:
    ChangedSegment(const Fabric& before, const Fabric& after, const Segment& segment,
                   std::vector<Announcement>& to)
        : before_(before), after_(after), now_(segment), was_(before.segment(segment.id())),
          said_(to) {}

    void announce() {
        for (PortId id : now_.flood_ports())
            if (const LocalPort* port = after_.port(id); port && port->kind == PortKind::nic)
                (was_here(id) ? residents_ : newcomers_).push_back(id);
        if (residents_.empty() && newcomers_.empty())
            return;
        now_.routers().for_each(
            [&](const MacAddr&, const RouterPlace& place) { introduce(place); });
        if (was_ && !residents_.empty())
            say_held();
        for (PortId id : newcomers_)
            remind(id);
    }

private:
    bool was_here(PortId id) const {
        const LocalPort* port = before_.port(id);
        return was_ && port && port->segment == now_.id();
    }
    // What the residents know is still so.
    bool is_old(const Voice& voice) const {
        return was_ && mac_of(before_, *was_, voice.address) == voice.mac;
    }
    void say(PortId to, const Voice& voice) {
        said_.push_back({to, voice.mac, voice.address, voice.router});
    }
    void say(const std::vector<PortId>& all, const Voice& voice) {
        for (PortId to : all)
            say(to, voice);
    }

    void introduce(const RouterPlace& place) {
        const Router& router = *after_.router(place.router);
        const RouterInterface& interface = router.interfaces()[place.interface];
        auto speak = [&](const IpAddr& address) {
            Voice voice{interface.mac, address, true};
            if (!is_old(voice))
                say(residents_, voice);
            if (!place.outside) // the way out of this segment
                say(newcomers_, voice);
        };
        for (const InterfaceAddress& own : interface.addresses)
            speak(own.address);
        if (place.fence && !place.outside)
            speak_for_gateways(router, place, speak);
    }

    // Inside of a fence the parent network's gateways are at the fence's MAC.
    void speak_for_gateways(const Router& router, const RouterPlace& place, auto speak) {
        std::vector<IpAddr> gateways;
        router.for_each_route([&](const Route& route) {
            if (route.next_hop && route.interface != place.interface)
                gateways.push_back(*route.next_hop);
        });
        std::sort(gateways.begin(), gateways.end());
        gateways.erase(std::unique(gateways.begin(), gateways.end()), gateways.end());
        for (const IpAddr& gateway : gateways)
            if (after_.proxy(now_, gateway))
                speak(gateway);
    }

    // What a router holds is at its MAC.
    void say_held() {
        std::vector<RouterId> changed;
        now_.routers().for_each([&](const MacAddr& mac, const RouterPlace& place) {
            if (had_another_mac(place, mac))
                changed.push_back(place.router);
        });
        auto is_elsewhere = [&](const Held& held) {
            return std::ranges::count(changed, held.router) != 0;
        };
        now_.held().for_each_unshared(was_->held(), [&](const IpAddr& address, const Held& held) {
            if (!is_elsewhere(held))
                say_held(address);
        });
        if (!changed.empty())
            now_.held().for_each([&](const IpAddr& address, const Held& held) {
                if (is_elsewhere(held))
                    say_held(address);
            });
    }
    bool had_another_mac(const RouterPlace& place, const MacAddr& mac) const {
        const Router* before = before_.router(place.router);
        return before && std::ranges::any_of(before->interfaces(), [&](const auto& interface) {
                   return interface.segment == now_.id() && interface.mac != mac;
               });
    }

    void say_held(const IpAddr& address) {
        auto mac = after_.neighbour(now_, address);
        if (Voice voice{mac.value_or(MacAddr{}), address, false}; mac && !is_old(voice))
            say(residents_, voice);
    }

    // What the NIC knew in the segment where it was is elsewhere here.
    void remind(PortId id) {
        const LocalPort* port = before_.port(id);
        const Segment* left = port && port->segment ? before_.segment(*port->segment) : nullptr;
        if (!left)
            return;
        size_t told = 0;
        left->neighbours().for_each([&](const IpAddr& address, const MacAddr& before) {
            auto mac = mac_of(after_, now_, address);
            if (mac && *mac != before && *mac != port->mac && told++ < most_known)
                say(id, {*mac, address, false});
        });
    }

    const Fabric &before_, &after_;
    const Segment& now_;
    const Segment* was_;
    std::vector<PortId> residents_, newcomers_;
    std::vector<Announcement>& said_;
};

} // namespace

std::vector<Announcement> announcements(const Fabric& before, const Fabric& after) {
    std::vector<Announcement> said;
    after.for_each_segment([&](const Segment& segment) {
        if (before.segment(segment.id()) != &segment)
            ChangedSegment(before, after, segment, said).announce();
    });
    return said;
}

} // namespace ringfence::agent
