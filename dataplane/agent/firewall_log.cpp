#include "dataplane/agent/firewall_log.h"

#include <chrono>
#include <ctime>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/types/log.h"
#include "core/wire/ip.h"
#include "dataplane/agent/show/names.h"

namespace ringfence::agent {

namespace {

log::Module module("firewall");

// In quotes, with what would end them or the line escaped (RFC 5424, 6.3.3).
std::string quoted(const std::string& text) {
    std::string safe = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\')
            safe += '\\';
        safe += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    }
    return safe + '"';
}

// Of "org/acme/vapp/...".
std::string organization_of(const std::string& intent) {
    constexpr std::string_view kind = "org/";
    if (!intent.starts_with(kind))
        return {};
    return intent.substr(kind.size(), intent.find('/', kind.size()) - kind.size());
}

std::string end_of(const IpAddr& address, uint16_t port, uint8_t protocol) {
    if (!has_ports(protocol))
        return to_string(address);
    std::string text = to_string(address);
    return fmt::format("{}:{}", address.is_v4() ? text : "[" + text + "]", port);
}

std::string utc_now() {
    auto now = std::chrono::system_clock::now();
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                       utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, ms % 1000);
}

} // namespace

std::string firewall_line(const FirewallEvent& event, const Rule& rule, const LocalPort* port) {
    const std::string intent = port ? port->intent : "";
    std::string line = fmt::format(
        "action={} direction={} org={} port={} rule={} protocol={} source={} destination={}",
        to_string(rule.action), to_string(rule.direction),
        quoted(organization_of(intent.empty() ? rule.intent : intent)), quoted(intent),
        quoted(rule.intent), protocol_name(event.protocol),
        end_of(event.source, event.source_port, event.protocol),
        end_of(event.destination, event.destination_port, event.protocol));
    if (is_icmp(event.protocol))
        line += fmt::format(" type={} code={}", event.destination_port >> 8,
                            event.destination_port & 0xff);
    return event.suppressed ? line + fmt::format(" suppressed={}", event.suppressed) : line;
}

std::string syslog_message(const std::string& line, const Rule& rule, const std::string& time,
                           const std::string& host) {
    constexpr int local0 = 16, warning = 4, informational = 6;
    int priority = local0 * 8 + (rule.action == Action::allow ? informational : warning);
    return fmt::format("<{}>1 {} {} ringfence-vswitchd {} firewall - {}", priority, time,
                       host.empty() ? "-" : host, getpid(), line);
}

FirewallLog::~FirewallLog() {
    for (int socket : sockets_)
        if (socket >= 0)
            close(socket);
}

void FirewallLog::write(std::span<const FirewallEvent> events, const Fabric& fabric,
                        const std::string& host) {
    std::unordered_set<RuleId> named;
    for (const FirewallEvent& event : events)
        named.insert(event.rule);
    const auto rules = find_rules(named, fabric);
    for (const FirewallEvent& event : events)
        if (auto rule = rules.find(event.rule); rule != rules.end())
            write(event, *rule->second, fabric.port(event.port), host);
    file_.flush();
}

void FirewallLog::write(const FirewallEvent& event, const Rule& rule, const LocalPort* port,
                        const std::string& host) {
    std::string time = utc_now(), line = firewall_line(event, rule, port);
    write_to_file(time, line);
    if (rule.log_server)
        send(*rule.log_server, syslog_message(line, rule, time, host));
}

void FirewallLog::reopen() {
    file_.close();
    is_file_bad_ = false;
}

// A file that can't be written is said once.
void FirewallLog::write_to_file(const std::string& time, const std::string& line) {
    if (is_file_bad_)
        return;
    if (!file_.is_open())
        file_.open(path_, std::ios::app);
    file_ << time << ' ' << line << '\n';
    is_file_bad_ = !file_;
    if (is_file_bad_)
        log::warning(module,
                     "{} can't be written: firewalls are not logged there until the "
                     "daemon gets a SIGHUP",
                     path_.string());
    if (is_file_bad_)
        file_.close();
}

// What the server or the way to it does not take is lost: that is UDP.
void FirewallLog::send(const LogServer& server, const std::string& message) {
    bool v4 = server.address.is_v4();
    int& socket = sockets_[v4 ? 0 : 1];
    if (socket < 0)
        socket = ::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (v4) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(server.port);
        to.sin_addr.s_addr = htonl(server.address.v4()->value);
        sendto(socket, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to);
    } else {
        sockaddr_in6 to{};
        to.sin6_family = AF_INET6;
        to.sin6_port = htons(server.port);
        std::copy(server.address.v6()->bytes.begin(), server.address.v6()->bytes.end(),
                  to.sin6_addr.s6_addr);
        sendto(socket, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&to),
               sizeof to);
    }
}

} // namespace ringfence::agent
