#include "controller/network-ctl/session.h"

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

namespace ringfence::ctl {

namespace {

constexpr const char* default_database = "unix:/run/ringfence/nb.sock";

client::Wait wait_from(const std::string& text) {
    if (text == "none")
        return client::Wait::none;
    return text == "hosts" ? client::Wait::hosts : client::Wait::controller;
}

Result<std::chrono::milliseconds> seconds_from(const std::string& text) {
    char* end = nullptr;
    const double seconds = std::strtod(text.c_str(), &end);
    if (text.empty() || *end || !std::isfinite(seconds) || seconds <= 0 || seconds > 1e6)
        return fail("--timeout {}: it is a number of seconds, above 0", text);
    return std::chrono::milliseconds(static_cast<int64_t>(std::ceil(seconds * 1000)));
}

// One line that is written over and over; nothing where nobody looks.
class ProgressLine {
public:
    ~ProgressLine() { show(""); }
    void show(const std::string& text) {
        if (!terminal_ || text == shown_)
            return;
        fmt::print(stderr, "\r\033[K{}", printable(text));
        std::fflush(stderr);
        shown_ = text;
    }

private:
    bool terminal_ = isatty(STDERR_FILENO);
    std::string shown_;
};

} // namespace

Result<Session> Session::from(const Arguments& arguments) {
    Session session;
    const char* environment = std::getenv("RINGFENCE_DB");
    session.options_.remotes = arguments.maybe("db").value_or(
        environment && *environment ? environment : default_database);
    if (const auto timeout = arguments.maybe("timeout")) {
        const auto duration = seconds_from(*timeout);
        if (!duration)
            return tl::unexpected(duration.error());
        session.options_.timeout = *duration;
    }
    if (const auto format = arguments.maybe("format")) {
        const auto chosen = format_from(*format);
        if (!chosen)
            return tl::unexpected(chosen.error());
        session.format_ = *chosen;
    }
    session.options_.dry_run = arguments.has("dry-run");
    session.wait_ = wait_from(arguments.text("wait"));
    session.quiet_ = arguments.has("quiet");
    return session;
}

Result<client::Cloud*> Session::cloud() {
    if (!cloud_) {
        auto opened = client::Cloud::open(options_);
        if (!opened)
            return tl::unexpected(opened.error());
        cloud_ = std::move(*opened);
    }
    return &*cloud_;
}

Result<> Session::wait(const client::Receipt& receipt) {
    if (wait_ == client::Wait::none || !cloud_)
        return {};
    ProgressLine line;
    return cloud_->wait(receipt, wait_, [&line](const client::Progress& progress) {
        line.show(progress.compiled ? fmt::format("waiting for {}", fmt::join(progress.hosts, ", "))
                                    : "waiting for the controller");
    });
}

void Session::print(const Listing& listing) {
    print_text(quiet_ ? render_names(listing)
                      : render(listing, format_.value_or(Format::table), screen_of_stdout()));
}

void Session::print_change(Listing listing, const client::Receipt& receipt, bool name_by_default) {
    if (format_ != Format::json)
        for (const std::string& note : listing.notes)
            fmt::print(stderr, "network-ctl: {}\n", printable(note));
    if (!format_ || quiet_) {
        if (name_by_default || quiet_)
            print_text(render_names(listing));
        return;
    }
    listing.change = receipt.change;
    print(listing);
}

void Session::print_deleted(const client::Deleted& deleted) {
    Listing listing{"deleted", {{"object", {}}}, {}, false, {}};
    for (const std::string& object : deleted.objects)
        listing.records.push_back({{"object", object}});
    print_change(listing, deleted.receipt, options_.dry_run);
}

void Session::print_text(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && !std::fflush(stdout))
        return;
    if (errno != EPIPE) // a reader that has gone (| head) has seen enough
        fmt::print(stderr, "network-ctl: cannot write the answer: {}\n", std::strerror(errno));
    exit_status_ = exit_status::error;
}

void Session::note_trouble(const char* kind, const Listing& object, const std::string& status) {
    std::string name = render_names(object);
    name.pop_back();
    fmt::print(stderr, "network-ctl: {} {} is written, but the controller refuses it: {}\n", kind,
               name, printable(status));
    exit_status_ = exit_status::not_applied;
}

int exit_status_of(const Error& error) {
    switch (error.kind) {
    case ErrorKind::not_found:
        return exit_status::not_there;
    case ErrorKind::timeout:
        return exit_status::timeout;
    default:
        return exit_status::error;
    }
}

} // namespace ringfence::ctl
