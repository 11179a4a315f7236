#include "dataplane/agent/watch/watch.h"

#include <sys/stat.h>

#include "core/types/log.h"
#include "dataplane/agent/watch/metrics.h"

namespace ringfence::agent {

namespace {

log::Module module("watch");

Result<> check_query(const net::Endpoint& endpoint) {
    if (endpoint.kind != net::Endpoint::Kind::tls)
        return fail("{}: it is pssl:PORT[:ADDRESS]: who shows no certificate is not answered",
                    endpoint.name);
    return {};
}

Result<> check_metrics(const net::Endpoint& endpoint) {
    if (endpoint.kind == net::Endpoint::Kind::tcp && !endpoint.is_loopback())
        return fail("{}: without TLS only this host may ask: ptcp:PORT:127.0.0.1, punix:PATH, or "
                    "pssl:PORT[:ADDRESS]",
                    endpoint.name);
    return {};
}

} // namespace

bool Watch::apply(const WatchSettings& settings) {
    const bool listens = !settings.query.empty() || !settings.metrics.empty();
    const std::string stamp = listens ? stamp_of(settings.files) : "";
    if (settings == settings_ && stamp == stamp_ && failed_.empty())
        return false;
    const auto before = std::pair(status_, failed_);
    other_files_ = settings.files != settings_.files || stamp != stamp_;
    settings_ = settings;
    stamp_ = stamp;
    status_.clear();
    failed_.clear();
    listen("ringfence-query", settings.query, check_query,
           commands_.remote([this](const auto&... question) { return authorize(question...); }),
           query_);
    listen("ringfence-metrics", settings.metrics, check_metrics, serve_metrics(metrics_),
           metrics_listener_);
    return before != std::pair(status_, failed_);
}

void Watch::listen(const char* setting, const std::string& place, Check check,
                   const net::Serve& serve, std::unique_ptr<net::Listener>& listener) {
    if (place.empty())
        return listener.reset();
    if (auto opened = open(place, check, serve, listener); !opened) {
        listener.reset();
        failed_[setting] = status_[setting] = opened.error().text;
    } else {
        status_[setting] = "listens at " + place;
    }
}

Result<> Watch::open(const std::string& place, Check check, const net::Serve& serve,
                     std::unique_ptr<net::Listener>& listener) const {
    const auto endpoint = net::Endpoint::from(place);
    if (!endpoint)
        return tl::unexpected(endpoint.error());
    if (auto fits = check(*endpoint); !fits)
        return fits;
    const bool stays = listener && listener->endpoint() == *endpoint;
    if (stays && !other_files_)
        return {};
    std::shared_ptr<const net::TlsContext> context;
    if (endpoint->kind == net::Endpoint::Kind::tls) {
        if (settings_.files == net::TlsFiles{})
            return fail("{}: which certificate is this host's: ovs-vsctl set-ssl names the files",
                        place);
        auto loaded = net::TlsContext::load(settings_.files, net::TlsContext::Side::server);
        if (!loaded)
            return tl::unexpected(loaded.error());
        context = std::move(*loaded);
    }
    if (stays) {
        listener->set_context(std::move(context));
        return {};
    }
    listener.reset();
    auto opened = net::Listener::open(reactor_, *endpoint, std::move(context), {}, serve);
    if (!opened)
        return tl::unexpected(opened.error());
    listener = std::move(*opened);
    log::info(module, "listening at {}", place);
    return {};
}

// Everybody with a certificate of the fabric may read numbers. Frames are the tenants': who takes
// them stands in the log.
Result<> Watch::authorize(const std::string& peer, const std::string& command,
                          const unixctl::Arguments& words) const {
    if (command != "ringfence/capture" || words.empty())
        return {};
    if (!settings_.capturers.contains(peer))
        return fail("\"{}\" may not capture here: external_ids:ringfence-query-capture of this "
                    "host names who may",
                    peer);
    if (words.front() == "start")
        log::info(module, "\"{}\" asks for a capture", peer);
    return {};
}

std::vector<std::string> Watch::errors() const {
    std::vector<std::string> sentences;
    for (const auto& [setting, why] : failed_)
        sentences.push_back(fmt::format("external_ids:{}: {}", setting, why));
    return sentences;
}

std::string Watch::advertised(const std::string& own) const {
    if (!query_)
        return {};
    const net::Endpoint& endpoint = query_->endpoint();
    const bool any =
        endpoint.address.empty() || endpoint.address == "0.0.0.0" || endpoint.address == "::";
    const std::string& address = any ? own : endpoint.address;
    if (address.empty())
        return {};
    const bool six = address.find(':') != address.npos;
    return fmt::format("ssl:{}{}{}:{}", six ? "[" : "", address, six ? "]" : "", endpoint.port);
}

// Which files they are, without reading them.
std::string Watch::stamp_of(const net::TlsFiles& files) {
    std::string text;
    for (const std::string* file :
         {&files.private_key, &files.certificate, &files.ca_certificate}) {
        struct stat found {};
        if (stat(file->c_str(), &found) == 0)
            text +=
                fmt::format("{}.{}.{} ", found.st_ino, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
        else
            text += "- ";
    }
    return text;
}

} // namespace ringfence::agent
