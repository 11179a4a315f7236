#include "dataplane/agent/watch/watch.h"

#include <sys/stat.h>

#include "core/types/log.h"

namespace ringfence::agent {

namespace {

log::Module module("watch");

constexpr const char* query_setting = "ringfence-query";

} // namespace

bool Watch::apply(const WatchSettings& settings) {
    const std::string stamp = settings.query.empty() ? "" : stamp_of(settings.files);
    const bool changed = settings != settings_ || stamp != stamp_;
    if (!changed && failed_.empty())
        return false;
    const auto before = std::pair(status_, failed_);
    settings_ = settings;
    stamp_ = stamp;
    status_.clear();
    failed_.clear();
    if (auto opened = open_query(settings); !opened) {
        query_.reset();
        failed_[query_setting] = status_[query_setting] = opened.error().text;
    }
    return before != std::pair(status_, failed_);
}

Result<> Watch::open_query(const WatchSettings& settings) {
    if (settings.query.empty()) {
        query_.reset();
        return {};
    }
    const auto endpoint = net::Endpoint::from(settings.query);
    if (!endpoint)
        return tl::unexpected(endpoint.error());
    if (endpoint->kind != net::Endpoint::Kind::tls)
        return fail("{}: it is pssl:PORT[:ADDRESS]: who shows no certificate is not answered",
                    settings.query);
    if (settings.files == net::TlsFiles{})
        return fail("{}: which certificate is this host's: ovs-vsctl set-ssl names the files",
                    settings.query);
    auto context = net::TlsContext::load(settings.files, net::TlsContext::Side::server);
    if (!context)
        return tl::unexpected(context.error());
    if (query_ && query_->endpoint() == *endpoint) {
        query_->set_context(std::move(*context));
    } else {
        query_.reset();
        auto opened = net::Listener::open(
            reactor_, *endpoint, std::move(*context), {},
            commands_.remote([this](const std::string& peer, const std::string& command) {
                return authorize(peer, command);
            }));
        if (!opened)
            return tl::unexpected(opened.error());
        query_ = std::move(*opened);
        log::info(module, "hosts and tools with a certificate may ask at {}", settings.query);
    }
    status_[query_setting] = "listens at " + settings.query;
    return {};
}

// Everybody with a certificate of the fabric may read numbers. Frames are the tenants'.
Result<> Watch::authorize(const std::string& peer, const std::string& command) const {
    if (command != "ringfence/capture" || settings_.capturers.contains(peer))
        return {};
    return fail("\"{}\" may not capture here: external_ids:ringfence-query-capture of this host "
                "names who may",
                peer);
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
