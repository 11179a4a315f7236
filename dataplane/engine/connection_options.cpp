#include "dataplane/engine/connection_options.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

namespace ringfence {

namespace {

using OtherConfig = std::map<std::string, std::string>;

constexpr uint32_t longest_timeout = 2'147'483; // s; what 2^31 ms hold

std::optional<std::string> value_of(const OtherConfig& config, const std::string& key) {
    auto found = config.find(key);
    return found == config.end() ? std::nullopt : std::optional(found->second);
}

Result<> read_number(const OtherConfig& config, const std::string& key, uint32_t min, uint32_t max,
                     uint32_t& number) {
    auto text = value_of(config, key);
    if (!text)
        return {};
    uint32_t read = 0;
    auto [end, bad] = std::from_chars(text->data(), text->data() + text->size(), read);
    if (bad != std::errc() || end != text->data() + text->size() || read < min || read > max)
        return fail("other_config:{}: \"{}\" is not a number from {} to {}", key, *text, min, max);
    number = read;
    return {};
}

Result<> read_flag(const OtherConfig& config, const std::string& key, bool& flag) {
    auto text = value_of(config, key);
    if (text && *text != "true" && *text != "false")
        return fail("other_config:{}: \"{}\" is neither true nor false", key, *text);
    if (text)
        flag = *text == "true";
    return {};
}

// --- Sizes.

struct Size {
    const char* key;
    uint32_t min, max;
    uint32_t ConnectionSettings::*number;
};

// The order counts: what follows from a number that was set is the next one's default.
constexpr Size sizes[] = {
    {"ringfence-connections", 1024, 1u << 25, &ConnectionSettings::capacity4},
    {"ringfence-connections-ipv6", 256, 1u << 24, &ConnectionSettings::capacity6},
    {"ringfence-connections-per-port", 16, 1u << 25, &ConnectionSettings::quota},
    {"ringfence-half-open-per-port", 4, 1u << 25, &ConnectionSettings::half_open_quota},
};

void follow_from(const Size& size, ConnectionSettings& settings) {
    if (size.number == &ConnectionSettings::capacity4) {
        settings.capacity6 = settings.capacity4 / 4;
        settings.ways = settings.capacity4 / 2;
        settings.way_quota = settings.ways / 8;
    } else if (size.number == &ConnectionSettings::quota) {
        settings.half_open_quota = settings.quota / 4;
    }
}

Result<> read_sizes(const OtherConfig& config, ConnectionSettings& settings) {
    for (const Size& size : sizes) {
        if (!config.contains(size.key))
            continue;
        if (auto read = read_number(config, size.key, size.min, size.max, settings.*size.number);
            !read)
            return read;
        follow_from(size, settings);
    }
    return {};
}

// --- Flags.

struct Flag {
    const char* key;
    bool& (*in)(ConnectionSettings&);
};

constexpr Flag flags[] = {
    {"ringfence-tcp-loose", [](ConnectionSettings& all) -> bool& { return all.tcp.loose; }},
    {"ringfence-tcp-liberal", [](ConnectionSettings& all) -> bool& { return all.tcp.liberal; }},
    {"ringfence-nat-inbound-refresh",
     [](ConnectionSettings& all) -> bool& { return all.timeouts.inbound_refresh; }},
};

// --- Time-outs: the same phases for connections that are only filtered and for translated ones.

struct Family {
    const char* prefix;
    Timeouts& (*in)(ConnectionSettings&);
};

constexpr Family families[] = {
    {"ringfence-timeout-",
     [](ConnectionSettings& all) -> Timeouts& { return all.timeouts.filtered; }},
    {"ringfence-nat-timeout-",
     [](ConnectionSettings& all) -> Timeouts& { return all.timeouts.translated; }},
};

struct Phase {
    std::string name;
    uint32_t& (*in)(Timeouts&);
};

template <TcpState state> Phase tcp(const char* name) {
    return {name, [](Timeouts& all) -> uint32_t& { return all.tcp[static_cast<size_t>(state)]; }};
}

const std::vector<Phase>& phases() {
    static const std::vector<Phase> known = {
        tcp<TcpState::syn_sent>("tcp-syn-sent"),
        tcp<TcpState::syn_received>("tcp-syn-received"),
        tcp<TcpState::established>("tcp-established"),
        tcp<TcpState::fin_wait>("tcp-fin-wait"),
        tcp<TcpState::close_wait>("tcp-close-wait"),
        tcp<TcpState::last_ack>("tcp-last-ack"),
        tcp<TcpState::time_wait>("tcp-time-wait"),
        tcp<TcpState::closed>("tcp-close"),
        {"tcp-unacknowledged", [](Timeouts& all) -> uint32_t& { return all.tcp_unacknowledged; }},
        {"udp", [](Timeouts& all) -> uint32_t& { return all.udp; }},
        {"udp-answered", [](Timeouts& all) -> uint32_t& { return all.udp_answered; }},
        {"icmp", [](Timeouts& all) -> uint32_t& { return all.icmp; }},
        {"other", [](Timeouts& all) -> uint32_t& { return all.other; }},
    };
    return known;
}

Result<> read_timeout(const OtherConfig& config, const std::string& key, const Family& family,
                      ConnectionSettings& settings) {
    std::string name = key.substr(std::string_view(family.prefix).size());
    auto phase = std::ranges::find(phases(), name, &Phase::name);
    if (phase == phases().end()) {
        std::string known;
        for (const Phase& each : phases())
            known += (known.empty() ? "" : ", ") + each.name;
        return fail("other_config:{}: \"{}\" is none of {}", key, name, known);
    }
    uint32_t seconds = 0;
    if (auto read = read_number(config, key, 1, longest_timeout, seconds); !read)
        return read;
    phase->in(family.in(settings)) = seconds * 1000;
    return {};
}

Result<> read_timeouts(const OtherConfig& config, ConnectionSettings& settings) {
    for (const auto& [key, value] : config)
        for (const Family& family : families)
            if (key.starts_with(family.prefix))
                if (auto read = read_timeout(config, key, family, settings); !read)
                    return read;
    return {};
}

} // namespace

Result<ConnectionSettings> connection_settings_from(const OtherConfig& other_config) {
    ConnectionSettings settings;
    if (auto read = read_sizes(other_config, settings); !read)
        return tl::unexpected(read.error());
    for (const Flag& flag : flags)
        if (auto read = read_flag(other_config, flag.key, flag.in(settings)); !read)
            return tl::unexpected(read.error());
    if (auto read = read_timeouts(other_config, settings); !read)
        return tl::unexpected(read.error());
    return settings;
}

std::vector<ConnectionOption> connection_options() {
    ConnectionSettings settings;
    std::vector<ConnectionOption> all;
    for (const Size& size : sizes)
        all.push_back({size.key, std::to_string(settings.*size.number)});
    for (const Flag& flag : flags)
        all.push_back({flag.key, flag.in(settings) ? "true" : "false"});
    for (const Family& family : families)
        for (const Phase& phase : phases())
            all.push_back(
                {family.prefix + phase.name, std::to_string(phase.in(family.in(settings)) / 1000)});
    return all;
}

} // namespace ringfence
