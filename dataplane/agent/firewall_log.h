// The firewalls' log: what rules with logging decided, a line each, in a file of the host, and, as
// the provider wants it of an organization, by UDP to its syslog server (RFC 5424, RFC 5426). How
// much is logged is limited where it comes from (worker.h). For the agent's control thread.
#pragma once

#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "dataplane/fabric/fabric.h"
#include "dataplane/worker/firewall_event.h"

namespace ringfence::agent {

// One decision in words, without the time:
//     action=drop direction=in org="acme" port="org/acme/vapp/shop/vm/web/nic/0"
//     rule="org/acme/security-group/web/rule/3" protocol=tcp source=10.0.0.5:4000
//     destination=10.0.0.9:22
// suppressed=N at the end: so many of the port's before this one were not logged.
std::string firewall_line(const FirewallEvent& event, const Rule& rule, const LocalPort* port);

// The line as a syslog message, of facility local0; `time` as RFC 3339 has it.
std::string syslog_message(const std::string& line, const Rule& rule, const std::string& time,
                           const std::string& host);

class FirewallLog {
public:
    // The file is made with its first line.
    explicit FirewallLog(std::filesystem::path file) : path_(std::move(file)) {}
    ~FirewallLog();
    FirewallLog(const FirewallLog&) = delete;

    // In one search of the Fabric's rules; an event of one that it does not have any more is
    // forgotten. host: as syslog servers know this one.
    void write(std::span<const FirewallEvent> events, const Fabric& fabric,
               const std::string& host);
    void reopen(); // after the file was rotated

private:
    void write(const FirewallEvent& event, const Rule& rule, const LocalPort* port,
               const std::string& host);
    void write_to_file(const std::string& time, const std::string& line);
    void send(const LogServer& server, const std::string& message);

    std::filesystem::path path_;
    std::ofstream file_;
    bool is_file_bad_ = false;
    int sockets_[2] = {-1, -1}; // of IPv4 and IPv6, once they are needed
};

} // namespace ringfence::agent
