// The noun of limits: limit.
#include <charconv>

#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

constexpr std::string_view vdc_prefix = "vdc:";

constexpr Option kinds[] = {
    {"bandwidth-in", "BIT/S|none", "towards the VM; K, M and G may follow"},
    {"bandwidth-out", "BIT/S|none", "from the VM, likewise"},
    {"burst-in", "BYTES|none", "what may come at once beyond bandwidth-in"},
    {"burst-out", "BYTES|none", "what may go at once beyond bandwidth-out"},
    {"broadcast", "PACKETS/S|none", "broadcast and multicast that it may send"},
    {"slow-path", "PACKETS/S|none", "first packets of connections, and others that need thought"},
    {"connections", "NUMBER|none", "that it may have at a time"}};

// 1000, 10K, 10M, 10G: decimal, as bits are counted.
Result<int64_t> amount_from(std::string_view option, const std::string& text) {
    int64_t amount = 0;
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, amount);
    const std::string_view unit(at, static_cast<size_t>(end - at));
    int64_t factor = 0;
    for (const auto& [name, value] : {std::pair<std::string_view, int64_t>{"", 1},
                                      {"K", 1'000},
                                      {"M", 1'000'000},
                                      {"G", 1'000'000'000}})
        if (unit == name)
            factor = value;
    if (error != std::errc() || factor == 0 || amount < 0 || amount > INT64_MAX / factor)
        return fail("--{} {}: it is a number, such as 1000, 10K, 10M or 10G, or none", option,
                    text);
    return amount * factor;
}

Result<LimitChange> change_of(const Arguments& arguments) {
    LimitChange change;
    for (const Option& kind : kinds)
        if (const auto text = arguments.maybe(kind.name)) {
            if (*text == "none") {
                change[kind.name] = std::nullopt;
                continue;
            }
            const auto amount = amount_from(kind.name, *text);
            if (!amount)
                return tl::unexpected(amount.error());
            change[kind.name] = *amount;
        }
    if (change.empty())
        return fail("limit set: say which; see 'network-ctl limit set --help'");
    return change;
}

// "vdc:acme/default", or with --org acme "vdc:default"; none for a NIC.
Result<std::optional<Path>> data_center_of(const Arguments& arguments) {
    const std::string& text = arguments.operands[0];
    if (!text.starts_with(vdc_prefix))
        return std::optional<Path>();
    return path_of(arguments, text.substr(vdc_prefix.size()), in_organization)
        .map([](const Path& path) { return std::optional(path); });
}

Result<> set_limits(Session& session, const Arguments& arguments) {
    const auto change = change_of(arguments);
    if (!change)
        return tl::unexpected(change.error());
    const auto vdc = data_center_of(arguments);
    if (!vdc)
        return tl::unexpected(vdc.error());
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        if (*vdc)
            return finish(session, Change::setting,
                          cloud->set(**vdc, DataCenterChange{.limits = *change}));
        return name_of<Nic>(arguments).and_then([&](const std::string& name) {
            return finish(session, Change::setting, cloud->set(name, NicChange{.limits = *change}));
        });
    });
}

Result<> show_limits(Session& session, const Arguments& arguments) {
    const auto vdc = data_center_of(arguments);
    if (!vdc)
        return tl::unexpected(vdc.error());
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        if (*vdc)
            return cloud->data_center(**vdc).map(
                [&](const DataCenter& object) { session.print(one("limit", limits_of(object))); });
        return name_of<Nic>(arguments)
            .and_then([&](const std::string& name) { return cloud->nic(name); })
            .map([&](const Nic& nic) { session.print(one("limit", limits_of(nic))); });
    });
}

// Those that anything is said of, virtual data centers first.
Result<> list_limits(Session& session, const Arguments& arguments) {
    const auto scope = scope_of(arguments);
    if (!scope)
        return tl::unexpected(scope.error());
    return session.cloud().and_then([&](Cloud* cloud) -> Result<> {
        const auto nics = cloud->nics(*scope);
        if (!nics)
            return tl::unexpected(nics.error());
        std::vector<Limits> all;
        if (scope->depth() < 2) {
            const auto data_centers = cloud->data_centers(*scope);
            if (!data_centers)
                return tl::unexpected(data_centers.error());
            for (const DataCenter& object : *data_centers)
                if (!object.limits.empty())
                    all.push_back(limits_of(object));
        }
        for (const Nic& nic : *nics)
            if (!nic.effective_limits.empty())
                all.push_back(limits_of(nic));
        session.print(list_of("limit", all));
        return {};
    });
}

} // namespace

Noun limit_noun() {
    static constexpr const char* naming =
        "by a NIC's port name, as its ORG/VAPP/VM/NUMBER, or as vdc:ORG/VDC; with --org without "
        "ORG";
    std::vector<Option> set_options{options::org, options::vapp, options::vm};
    set_options.insert(set_options.end(), std::begin(kinds), std::end(kinds));
    return {"limit",
            "what NICs may send and receive",
            naming,
            {{"set", "TARGET", "set limits", set_options,
              "A virtual data center's are each of its NICs'; where a NIC has one, too, the "
              "smaller counts. none "
              "takes a limit back.",
              set_limits},
             {"show",
              "TARGET",
              "show the limits of one",
              {options::org, options::vapp, options::vm},
              "",
              show_limits},
             {"list",
              "",
              "list the limits that there are",
              {options::org, options::vapp, options::vm},
              "",
              list_limits}}};
}

} // namespace ringfence::ctl
