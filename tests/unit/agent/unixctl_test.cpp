// The control socket, asked by the real ovs-appctl.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/process/pid_file.h"
#include "ovsdb/unixctl/base64.h"
#include "ovsdb/unixctl/server.h"
#include "ovsdb/unixctl/standard_commands.h"
#include "tests/unit/temporary_folder.h"

namespace {

using namespace ringfence;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

log::Module test_module("unixctl-test");

struct Outcome {
    int status = -1;
    std::string output; // stdout and stderr
};

Outcome shell(const std::string& command) {
    Outcome outcome;
    FILE* pipe = popen((command + " 2>&1").c_str(), "re");
    char buffer[4096];
    while (size_t got = fread(buffer, 1, sizeof buffer, pipe))
        outcome.output.append(buffer, got);
    int status = pclose(pipe);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return outcome;
}

class Unixctl : public testing::Test {
protected:
    Unixctl() {
        server_ = *unixctl::Server::listen(reactor_, socket());
        unixctl::add_standard_commands(*server_, "ringfence-test 1.2\n");
        server_->add(
            {"echo", "WORD...", 1, 2,
             [](const unixctl::Arguments& words) -> Result<std::string> { return words.back(); }});
    }

    std::string socket() const {
        return directory_ / ("ovs-vswitchd." + std::to_string(getpid()) + ".ctl");
    }
    // Runs the command while the server serves.
    Outcome run(const std::string& command) {
        Outcome outcome;
        std::atomic<bool> done = false;
        std::thread asker([&] {
            outcome = shell(command);
            done = true;
            reactor_.post([] {});
        });
        reactor_.run_until([&] { return done.load(); }, std::chrono::steady_clock::now() + 20s);
        asker.join();
        return outcome;
    }
    Outcome appctl(const std::string& words) {
        return run("ovs-appctl -t " + socket() + " " + words);
    }

    test::TemporaryFolder directory_{"ringfence-unixctl"};
    ovsdb::Reactor reactor_;
    std::unique_ptr<unixctl::Server> server_;
};

TEST_F(Unixctl, AnswersOvsAppctl) {
    Outcome version = appctl("version");
    EXPECT_EQ(version.status, 0);
    EXPECT_EQ(version.output, "ringfence-test 1.2\n");
    EXPECT_EQ(appctl("echo one two").output, "two\n"); // the newline is ours
}

TEST_F(Unixctl, IsFoundThroughThePidFile) {
    auto pid_file = process::PidFile::create(directory_ / "ovs-vswitchd.pid");
    ASSERT_TRUE(pid_file) << pid_file.error().text;
    Outcome version = run("OVS_RUNDIR=" + directory_.path() + " ovs-appctl version");
    EXPECT_EQ(version.output, "ringfence-test 1.2\n");
}

TEST_F(Unixctl, ListsItsCommandsWithTheirUsage) {
    std::string list = appctl("list-commands").output;
    EXPECT_EQ(list.find("The available commands are:\n"), 0u);
    EXPECT_NE(list.find("  echo                    WORD..."), list.npos) << list;
    EXPECT_NE(list.find("vlog/reopen"), list.npos);
}

TEST_F(Unixctl, SaysWhatIsWrongWithARequest) {
    Outcome unknown = appctl("no/such/thing");
    EXPECT_EQ(unknown.status, 2); // ovs-appctl's status for "server returned an error"
    EXPECT_NE(unknown.output.find("\"no/such/thing\" is not a valid command"), std::string::npos);
    EXPECT_NE(appctl("echo").output.find("requires at least 1 argument"), std::string::npos);
    EXPECT_NE(appctl("echo a b c").output.find("takes at most 2 arguments"), std::string::npos);
}

TEST_F(Unixctl, SetsAndListsLogLevels) {
    EXPECT_EQ(appctl("vlog/set unixctl-test:file:dbg").status, 0);
    EXPECT_EQ(test_module.level(), log::Level::debug);
    std::string list = appctl("vlog/list").output;
    EXPECT_NE(list.find("unixctl-test        DBG        OFF        DBG"), list.npos) << list;
    EXPECT_EQ(appctl("vlog/set unixctl-test:warn").status, 0);
    EXPECT_EQ(test_module.level(), log::Level::warning);
    EXPECT_EQ(appctl("vlog/set no-such-module:dbg").status, 2);
    EXPECT_EQ(appctl("vlog/set a:b").status, 2);
}

TEST_F(Unixctl, ReopensTheLogUnderItsName) {
    fs::path file = directory_ / "daemon.log";
    ASSERT_TRUE(log::open({.program = "test", .file = file, .console = log::Level::off}));
    ASSERT_TRUE(log::set("unixctl-test", log::Level::info));
    fs::rename(file, directory_ / "daemon.log.1");
    EXPECT_EQ(appctl("vlog/reopen").status, 0);
    log::info(test_module, "after rotation");
    std::ifstream fresh(file);
    std::string line;
    std::getline(fresh, line);
    EXPECT_NE(line.find("unixctl-test|info|after rotation"), line.npos) << line;
    ASSERT_TRUE(log::open({}));
}

TEST_F(Unixctl, StaleSocketIsReplacedAndALiveOneIsNot) {
    auto second = unixctl::Server::listen(reactor_, socket());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::conflict);

    std::string stale = directory_ / "stale.ctl";
    int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    stale.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(fd); // what a killed daemon leaves
    EXPECT_TRUE(unixctl::Server::listen(reactor_, stale));
    EXPECT_FALSE(fs::exists(stale)); // the server that was made above is gone again
}

TEST_F(Unixctl, SurvivesClientsThatSendRubbish) {
    auto rubbish = [&](const std::string& bytes) {
        int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket().copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
        close(fd);
    };
    for (const char* bytes :
         {"", "}", "{", "[]", "{]}", "{\"method\":1}", "{\"method\":\"echo\",\"params\":[1]}",
          "{\"method\":\"echo\",\"params\":3}", "\xff\xfe{}{}{}"})
        rubbish(bytes);
    EXPECT_EQ(appctl("echo still-here").output, "still-here\n");
}

// --- What listens -------------------------------------------------------------------------------
TEST_F(Unixctl, OverTheNetworkOnlyWhatIsMeantForItIsAnswered) {
    server_->add({"open", "", 0, 0,
                  [](const unixctl::Arguments&) -> Result<std::string> { return "here"; }, true});
    const auto serve = server_->remote([](const std::string& peer, const auto&...) -> Result<> {
        return peer == "operator" ? Result<>() : Result<>(fail("not {}", peer));
    });
    const auto answer_to = [&](std::string request, const std::string& peer = "operator") {
        return serve(request, peer).output;
    };
    EXPECT_EQ(answer_to(R"({"id":1,"method":"open","params":[]})"),
              R"({"error":null,"id":1,"result":"here\n"})");
    EXPECT_NE(answer_to(R"({"id":1,"method":"echo","params":["x"]})").find("on the host only"),
              std::string::npos);
    EXPECT_NE(answer_to(R"({"id":1,"method":"open","params":[]})", "mallory").find("not mallory"),
              std::string::npos);
    EXPECT_EQ(answer_to(R"({"id":1,"method":"op)"), "");
    const auto nested = [](size_t levels) {
        return R"({"method":"open","id":)" + std::string(levels, '[') + std::string(levels, ']') +
               "}";
    };
    EXPECT_EQ(answer_to(nested(900)), R"({"error":null,"id":null,"result":"here\n"})");
    for (std::string rubbish : {nested(1100), nested(30'000), std::string("{]}")})
        EXPECT_TRUE(serve(rubbish, "operator").close);
}

TEST(Endpoint, SaysWhatIsWrongWithIt) {
    EXPECT_EQ(net::Endpoint::from("pssl:6650:[fd00::1]")->address, "fd00::1");
    EXPECT_TRUE(net::Endpoint::from("ptcp:9475:127.0.0.1")->is_loopback());
    EXPECT_FALSE(net::Endpoint::from("ptcp:9475")->is_loopback());
    for (const char* wrong : {"", "6650", "ssl:6650", "pssl:", "pssl:0", "pssl:65536", "pssl:1:x",
                              "pssl:1:1.2.3.4.5", "punix:", "punix:relative"})
        EXPECT_FALSE(net::Endpoint::from(wrong)) << wrong;
}

TEST(Base64, ComesBack) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(unixctl::from_base64(unixctl::to_base64(bytes) + "\n"), bytes);
        bytes += static_cast<char>(i * 7);
    }
    EXPECT_EQ(unixctl::to_base64("ringfence!"), "cmluZ2ZlbmNlIQ==");
    for (const char* wrong : {"a", "a===", "ab\ncd", "=abc"})
        EXPECT_FALSE(unixctl::from_base64(wrong)) << wrong;
}

} // namespace
