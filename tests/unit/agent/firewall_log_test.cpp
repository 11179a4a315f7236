// The firewalls' log, in a real file and to a real socket.
#include "dataplane/agent/firewall_log.h"

#include <fstream>
#include <regex>
#include <sstream>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/temporary_folder.h"

namespace ringfence::agent {
namespace {

namespace fs = std::filesystem;

// A syslog server on this machine.
class Server {
public:
    Server() : socket_(socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof own;
        bind(socket_, reinterpret_cast<sockaddr*>(&own), size);
        getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
        port_ = ntohs(own.sin_port);
    }
    ~Server() { close(socket_); }
    LogServer address() const { return {Ipv4Addr{INADDR_LOOPBACK}, port_}; }
    std::string take() {
        char text[2048];
        ssize_t size = recv(socket_, text, sizeof text, MSG_DONTWAIT);
        return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
    }

private:
    int socket_;
    uint16_t port_;
};

class FirewallLogTest : public testing::Test {
protected:
    std::shared_ptr<const Fabric> fabric() {
        FabricEdit edit;
        LocalPort web(PortId(3), PortKind::nic);
        web.intent = "org/acme/vapp/shop/vm/web/nic/0";
        edit.set_port(web);
        Rule sent, kept;
        sent.id = RuleId(1);
        sent.action = Action::reject;
        sent.intent = "org/acme/security-group/\"web\"/rule/1\n";
        sent.log_server = server_.address();
        kept.id = RuleId(2);
        kept.action = Action::allow;
        kept.direction = Direction::out;
        kept.intent = "org/acme/rule/2";
        edit.set_policy(Policy(PolicyId(0), {sent, kept}));
        return edit.finish();
    }
    static FirewallEvent event(uint32_t rule) {
        FirewallEvent event;
        event.rule = RuleId(rule);
        event.port = PortId(3);
        event.source = *IpAddr::from("10.0.0.5");
        event.destination = *IpAddr::from("10.0.0.9");
        event.source_port = 4000;
        event.destination_port = 22;
        event.protocol = 6;
        return event;
    }
    void write(FirewallLog& log, const std::vector<FirewallEvent>& events,
               const std::string& host = "a") {
        log.write(events, *fabric(), host);
    }
    std::string text() const {
        std::stringstream all;
        all << std::ifstream(path()).rdbuf();
        return all.str();
    }
    fs::path path() const { return folder_ / "firewall.log"; }

    Server server_;
    test::TemporaryFolder folder_{"ringfence-log"};
};

} // namespace

TEST_F(FirewallLogTest, ALineADecision) {
    FirewallLog log(path());
    EXPECT_FALSE(fs::exists(path())) << "nothing to log yet";
    auto ping = event(2);
    ping.protocol = 1;
    ping.destination_port = 8 << 8;
    ping.suppressed = 17;
    write(log, {event(2), event(99), ping}); // 99: a rule that is gone
    const std::string time = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z ";
    EXPECT_TRUE(std::regex_match(
        text(),
        std::regex(time +
                   "action=allow direction=out org=\"acme\" port=\"org/acme/vapp/shop/vm/web/"
                   "nic/0\" rule=\"org/acme/rule/2\" protocol=tcp source=10.0.0.5:4000 "
                   "destination=10.0.0.9:22\n" +
                   time +
                   ".* protocol=icmp source=10.0.0.5 destination=10.0.0.9 type=8 code=0 "
                   "suppressed=17\n")))
        << text();
    EXPECT_EQ(server_.take(), "") << "no rule says that it is sent";
}

TEST_F(FirewallLogTest, ToTheOrganizationsServerAsSyslog) {
    FirewallLog log(path());
    write(log, {event(1)}, "host-a");
    std::string message = server_.take();
    EXPECT_TRUE(std::regex_match(
        message, std::regex("<132>1 [0-9T:.-]+Z host-a ringfence-vswitchd [0-9]+ firewall - "
                            "action=reject direction=in org=\"acme\" port=.* "
                            "rule=\"org/acme/security-group/\\\\\"web\\\\\"/rule/1\\?\" .*:22")))
        << message;
}

TEST_F(FirewallLogTest, AFileThatWasRotatedIsMadeAgain) {
    FirewallLog log(path());
    write(log, {event(2)});
    fs::rename(path(), folder_ / "old");
    log.reopen();
    write(log, {event(2)});
    EXPECT_TRUE(fs::exists(path()));
}

} // namespace ringfence::agent
