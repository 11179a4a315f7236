// A connection that is lost when the server has done what was asked and before it could say so: the
// client finds out, and the change is waited for like any other.
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/client/fixture.h"

namespace ringfence::client {
namespace {

// Stands between a client and the server. Once told to, it lets the next transaction that writes
// through, keeps its answer for itself, runs `meanwhile`, and hangs up; after that it is honest.
class Swallower {
public:
    Swallower(const std::string& path, std::string server)
        : server_(std::move(server)), listener_(socket(AF_UNIX, SOCK_STREAM, 0)) {
        const sockaddr_un address = address_of(path);
        if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            listen(listener_, 8) != 0)
            throw std::runtime_error("cannot listen at " + path);
        thread_ = std::jthread([this] { serve(); });
    }
    ~Swallower() {
        shutdown(listener_, SHUT_RDWR);
        stopping_ = true;
        thread_.join();
        close(listener_);
    }
    void swallow(std::function<void()> meanwhile) {
        meanwhile_ = std::move(meanwhile);
        armed_ = true;
    }
    bool done() const { return !armed_; }

private:
    static sockaddr_un address_of(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        return address;
    }

    void serve() {
        for (int client; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
            const int server = socket(AF_UNIX, SOCK_STREAM, 0);
            const sockaddr_un address = address_of(server_);
            if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
                relay(client, server);
            close(server);
        }
    }

    // Until one of them has gone, or an answer was swallowed.
    void relay(int client, int server) {
        std::array<pollfd, 2> both{{{client, POLLIN, 0}, {server, POLLIN, 0}}};
        while (!stopping_) {
            if (poll(both.data(), both.size(), 50) <= 0)
                continue;
            if (both[0].revents) {
                const std::string asked = receive(client);
                if (asked.empty() || !pass(asked, server))
                    return;
                if (armed_ && asked.find(R"("mutations":[["change")") != asked.npos) {
                    while (receive(server).find(R"("count":1)") == std::string::npos)
                        ;
                    meanwhile_();
                    armed_ = false;
                    return;
                }
            }
            if (both[1].revents) {
                const std::string said = receive(server);
                if (said.empty() || !pass(said, client))
                    return;
            }
        }
    }

    static std::string receive(int fd) {
        std::string bytes(1 << 20, '\0');
        const ssize_t got = recv(fd, bytes.data(), bytes.size(), 0);
        bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
        return bytes;
    }
    static bool pass(const std::string& bytes, int fd) {
        return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(bytes.size());
    }

    std::string server_;
    int listener_;
    std::function<void()> meanwhile_;
    std::atomic<bool> armed_ = false, stopping_ = false;
    std::jthread thread_;
};

class DoubtTest : public CloudTest {
protected:
    Cloud open_through() {
        auto cloud = Cloud::open({.remotes = "unix:" + path_,
                                  .timeout = std::chrono::seconds(20),
                                  .connect_timeout = std::chrono::seconds(20)});
        if (!cloud)
            throw std::runtime_error(cloud.error().text);
        return std::move(*cloud);
    }
    // What the controller writes about the change before the client is back.
    void compile(const std::string& table) {
        transact(R"({"op":"update","table":")" + table +
                 R"(","where":[],"row":{"status":"seen"}},)"
                 R"({"op":"update","table":"Global","where":[],"row":{"sequence":9}})");
    }

    std::string path_ = server_.folder() + "/between.sock";
    Swallower between_{path_, server_.socket()};
};

TEST_F(DoubtTest, AChangeThatWasDoneUnansweredHasItsReceipt) {
    Cloud cloud = open_through();
    make_acme(cloud);
    EXPECT_OK(cloud.create(nic_of("web", {"10.0.0.5"})));
    between_.swallow([&] { compile("Nic"); });
    const auto set = cloud.set("acme/default/web/0", NicChange{.addresses = Texts{"10.0.0.6"}});
    ASSERT_TRUE(set) << why(set);
    EXPECT_TRUE(between_.done());
    EXPECT_EQ(set->receipt.change, 4) << "what is waited for";
    EXPECT_EQ(set->receipt.sequence, 0) << "as it was before the change";
    EXPECT_EQ(set->object.addresses, Texts{"10.0.0.6"});
    EXPECT_EQ(count("Address_Allocation"), 3u + 2); // front: subnet, DHCP, broadcast
}

TEST_F(DoubtTest, ADeletionThatWasDoneUnansweredIsDone) {
    Cloud cloud = open_through();
    make_acme(cloud);
    EXPECT_OK(cloud.create(NewHost{.name = "f1", .vtep_addresses = {"192.0.2.1"}}));
    EXPECT_OK(cloud.create(nic_of("web", {"10.0.0.5"})));
    EXPECT_OK(cloud.bind("acme/default/web/0", "f1"));
    between_.swallow([&] { compile("Nic"); });
    const auto deleted = cloud.delete_host("f1", {.cascade = true});
    ASSERT_TRUE(deleted) << why(deleted);
    EXPECT_TRUE(between_.done());
    EXPECT_EQ(deleted->receipt.change, 6);
    EXPECT_EQ(deleted->objects, (std::vector<std::string>{"host f1"}));
}

TEST_F(DoubtTest, ACreationThatWasDoneUnansweredIsNotDoneTwice) {
    Cloud cloud = open_through();
    make_acme(cloud);
    between_.swallow([&] { compile("Nic"); });
    const auto made = cloud.create(nic_of("web", {"10.0.0.5"}));
    ASSERT_TRUE(made) << why(made);
    EXPECT_TRUE(between_.done());
    EXPECT_EQ(made->receipt.change, 3);
    EXPECT_EQ(count("Nic"), 1u);
}

} // namespace
} // namespace ringfence::client
