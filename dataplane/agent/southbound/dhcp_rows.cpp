#include "dataplane/agent/southbound/dhcp_rows.h"

namespace ringfence::agent {

namespace {

template <class Binding> bool same(const Binding& one, const Binding& other) {
    return one && other ? *one == *other : one == other;
}

template <class Binding>
Result<> read_into(std::shared_ptr<const Binding>& to, const southbound::Dhcp& row) {
    auto binding = Binding::from({row.address, row.server_address, row.server_mac, row.options});
    if (!binding)
        return tl::unexpected(binding.error());
    to = std::make_shared<const Binding>(std::move(*binding));
    return {};
}

} // namespace

bool DhcpEntry::operator==(const DhcpEntry& other) const {
    return port == other.port && same(four, other.four) && same(six, other.six);
}

Result<DhcpEntry> read_row(const southbound::Dhcp& row) {
    DhcpEntry entry{row.port, nullptr, nullptr};
    auto read = row.family == "ipv4" ? read_into(entry.four, row) : read_into(entry.six, row);
    if (!read)
        return tl::unexpected(read.error());
    return entry;
}

std::string name_of(const southbound::Dhcp& row) {
    return fmt::format("DHCP ({}) of port {}", row.family, row.port);
}

} // namespace ringfence::agent
