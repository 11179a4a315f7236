// Who may ask this host over the network, and where: opens, changes and closes what listens until
// it is what the local database says. What fails is tried again, and said until it works. Control
// thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/agent/local/watching.h"
#include "ovsdb/net/listener.h"
#include "ovsdb/unixctl/server.h"

namespace ringfence::agent {

class Watch {
public:
    // commands: what can be asked; dies after this. metrics: a page of them, for Prometheus.
    Watch(ovsdb::Reactor& reactor, const unixctl::Server& commands,
          std::function<std::string()> metrics)
        : reactor_(reactor), commands_(commands), metrics_(std::move(metrics)) {}

    // Call it again every second or so: a file may come, or be another one. True: errors() or
    // status() have changed.
    bool apply(const WatchSettings& settings);

    // A sentence each, which begins with the setting that it is about.
    std::vector<std::string> errors() const;
    // By setting: where it listens, or why not.
    const std::map<std::string, std::string>& status() const { return status_; }
    // Where others ask this host, "ssl:ADDRESS:PORT"; "" = nowhere. own: where the endpoint names
    // no address.
    std::string advertised(const std::string& own) const;

private:
    using Check = Result<> (*)(const net::Endpoint&);
    void listen(const char* setting, const std::string& place, Check check, const net::Serve& serve,
                std::unique_ptr<net::Listener>& listener);
    Result<> open(const std::string& place, Check check, const net::Serve& serve,
                  std::unique_ptr<net::Listener>& listener) const;
    Result<> authorize(const std::string& peer, const std::string& command,
                       const unixctl::Arguments& words) const;
    static std::string stamp_of(const net::TlsFiles& files);

    ovsdb::Reactor& reactor_;
    const unixctl::Server& commands_;
    const std::function<std::string()> metrics_;
    WatchSettings settings_;
    std::string stamp_;        // of the files, as they were read
    bool other_files_ = false; // than last time
    std::unique_ptr<net::Listener> query_, metrics_listener_;
    std::map<std::string, std::string> status_, failed_;
};

} // namespace ringfence::agent
