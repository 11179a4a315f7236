#include "controller/compiler/nat.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringfence::compiler {
namespace {

constexpr int64_t every_protocol = 0;
constexpr int64_t last_port = 65535;

// What stands for the address: a NIC has one a family.
std::optional<IpAddr> counterpart(const IpAddr& inside, const northbound::Nic& nic) {
    for (const auto& text : nic.outside_addresses)
        if (auto outside = IpAddr::from(text); outside && outside->is_v4() == inside.is_v4())
            return *outside;
    return std::nullopt;
}

} // namespace

std::vector<southbound::Nat> compile_nat(const Edge& edge, const Link& outside,
                                         const northbound::Nic& nic,
                                         const southbound::LogicalPort& port) {
    std::vector<southbound::Nat> rows;
    for (const auto& text : port.addresses) {
        auto inside = IpAddr::from(text);
        auto external = inside ? counterpart(*inside, nic) : std::nullopt;
        if (!external)
            continue;
        southbound::Nat row;
        row.external_address = to_string(*external);
        row.uuid = ovsdb::Uuid::named("nat/" + to_string(nic.uuid) + "/" + row.external_address);
        row.domain = outside.domain;
        row.segment = outside.network;
        row.protocol = every_protocol;
        row.last_port = last_port;
        row.router = router_name(edge.uuid);
        row.owner = port.name;
        row.host = port.host;
        row.candidate = port.candidate;
        row.inside_address = text;
        row.intent = port.intent;
        rows.push_back(std::move(row));
    }
    return rows;
}

std::optional<Note> untranslated_note(const Link& outside, const northbound::Nic& nic,
                                      const southbound::LogicalPort& port) {
    for (const auto& text : port.addresses) {
        auto inside = IpAddr::from(text);
        if (!inside || counterpart(*inside, nic))
            continue;
        bool possible = std::ranges::any_of(outside.addressing.subnets, [&](const IpPrefix& s) {
            return s.address().is_v4() == inside->is_v4();
        });
        return Note{fmt::format("{}: nothing stands for {} on {}, so it meets nobody outside; {}",
                                port.intent, text, outside.intent,
                                possible ? "give the NIC an outside address"
                                         : "that has no subnet of this family")};
    }
    if (!port.virtual_addresses.empty())
        return Note{
            fmt::format("{}: nothing stands for its virtual address {} on {}, so that meets "
                        "nobody outside; outside addresses of virtual ones are not built yet",
                        port.intent, port.virtual_addresses.begin()->first, outside.intent)};
    return std::nullopt;
}

} // namespace ringfence::compiler
