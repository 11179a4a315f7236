// The Cloud itself, waiting, and what belongs to the fabric as a whole.
#include "controller/client/cloud.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "controller/client/store.h"

namespace ringfence::client {

namespace {

using Hosts = std::vector<std::string>;

// What each touched host must have applied, as it was required when the change was compiled.
using Goals = std::map<std::string, int64_t>;

Goals goals_after(const nb::Tables& rows, int64_t sequence) {
    Goals goals;
    for (const nb::Host& host : rows.host)
        if (host.required > sequence)
            goals[host.name] = host.required;
    return goals;
}

// A host that is gone holds nobody up.
Hosts still_awaited(const nb::Tables& rows, const Goals& goals) {
    Hosts awaited;
    for (const nb::Host& host : rows.host)
        if (const auto goal = goals.find(host.name);
            goal != goals.end() && host.applied < goal->second)
            awaited.push_back(host.name);
    std::ranges::sort(awaited);
    return awaited;
}

std::string lags(const nb::Tables& rows, const Goals& goals, const Hosts& awaited) {
    Hosts lines;
    for (const nb::Host& host : rows.host)
        if (std::ranges::find(awaited, host.name) != awaited.end())
            lines.push_back(fmt::format("{} (has applied {}, needs {})", host.name, host.applied,
                                        goals.at(host.name)));
    std::ranges::sort(lines);
    return fmt::format("{}", fmt::join(lines, ", "));
}

} // namespace

Cloud::Cloud(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cloud::Cloud(Cloud&&) noexcept = default;
Cloud& Cloud::operator=(Cloud&&) noexcept = default;
Cloud::~Cloud() = default;

Result<Cloud> Cloud::open(Options options) {
    auto impl = std::make_unique<Impl>(std::move(options));
    const auto end = Impl::Clock::now() + impl->options.timeout;
    const auto patience = std::min(end, Impl::Clock::now() + impl->options.connect_timeout);
    // Nobody there is known soon; a large database may take its time.
    auto connected = impl->connect(patience);
    if (!connected && !impl->was_refused())
        connected = impl->connect(end);
    if (!connected)
        return tl::unexpected(connected.error());
    return Cloud(std::move(impl));
}

Result<> Cloud::wait(const Receipt& receipt, Wait until,
                     const std::function<void(const Progress&)>& report) {
    if (until == Wait::none || receipt.change == 0)
        return {};
    Progress progress;
    const auto tell = [&](bool compiled, Hosts hosts) {
        if (report && (compiled != progress.compiled || hosts != progress.hosts))
            report({compiled, hosts});
        progress = {compiled, std::move(hosts)};
    };
    const auto end = Impl::Clock::now() + impl_->options.timeout;
    const auto seconds = static_cast<double>(impl_->options.timeout.count()) / 1000;
    if (report)
        report(progress);
    const auto compiled = [&] {
        const nb::Global* global = impl_->global();
        return global && global->compiled >= receipt.change;
    };
    if (!impl_->reactor.run_until(compiled, end))
        return fail(ErrorKind::timeout,
                    "change {} is written, but no controller has compiled it within {} s; is "
                    "ringfence-controller running",
                    receipt.change, seconds);
    if (until == Wait::controller)
        return {};

    const auto& rows = impl_->database.tables();
    const Goals goals = goals_after(rows, receipt.sequence);
    const auto applied = [&] {
        tell(true, still_awaited(rows, goals));
        return progress.hosts.empty();
    };
    if (applied() || impl_->reactor.run_until(applied, end))
        return {};
    return fail(ErrorKind::timeout, "change {} is compiled, but after {} s it still waits for {}",
                receipt.change, seconds, lags(rows, goals, progress.hosts));
}

Result<Receipt> Cloud::now() {
    return impl_->read().map([&](const nb::Tables*) {
        const nb::Global* global = impl_->global();
        return Receipt{.change = global ? global->change : 0, .sequence = -1};
    });
}

Result<Global> Cloud::global() {
    return impl_->read().map([&](const nb::Tables* rows) {
        const nb::Global* global = impl_->global();
        return global ? describe(*rows, *global) : Global{};
    });
}

Result<Made<Global>> Cloud::set(const GlobalChange& change) {
    return impl_->change(&nb::Tables::global, [&](Draft& draft) -> Result<Target> {
        const auto& table = draft.rows().global;
        if (table.empty()) {
            nb::Global first;
            first.admit_hosts = change.admit_hosts.value_or(false) ? "auto" : "manual";
            return Target{draft.insert(first)};
        }
        nb::Global global = *table.begin();
        if (change.admit_hosts)
            global.admit_hosts = *change.admit_hosts ? "auto" : "manual";
        draft.update(global, nb::Global::Column::admit_hosts);
        return Target{global.uuid};
    });
}

Result<std::vector<Event>> Cloud::events() {
    const auto deadline = Impl::Clock::now() + impl_->options.timeout;
    if (auto connected = impl_->connect(deadline); !connected)
        return tl::unexpected(connected.error());
    ovsdb::Transaction question;
    const auto selection = question.select<nb::Event>(std::vector<ovsdb::Condition<nb::Event>>{});
    return impl_->database.commit_now(question, deadline)
        .and_then([&](const ovsdb::Committed& answer) { return answer.rows(selection); })
        .map([](std::vector<nb::Event> rows) {
            std::ranges::sort(rows, {}, &nb::Event::time);
            std::vector<Event> events;
            for (const nb::Event& row : rows)
                events.push_back({row.time, row.kind, row.objects, row.hosts, row.text});
            return events;
        });
}

} // namespace ringfence::client
