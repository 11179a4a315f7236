// What listens for questions, and the peers that want to keep it busy.
#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "ovsdb/net/listener.h"
#include "tests/unit/temporary_folder.h"

namespace {

using namespace ringfence;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

class Socket {
public:
    explicit Socket(int flags = 0)
        : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)) {}
    ~Socket() { close(fd_); }
    Socket(const Socket&) = delete;

    int fd() const { return fd_; }
    bool bind(const fs::path& path) const { return with(path, ::bind) == 0; }
    bool connect(const fs::path& path) const { return with(path, ::connect) == 0; }
    void say(std::string_view text) const {
        EXPECT_EQ(send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    // What is there now; the end of it is a "."
    std::string hear() const {
        std::string all;
        std::array<char, 65536> bytes;
        ssize_t got;
        while ((got = recv(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0)
            all.append(bytes.data(), static_cast<size_t>(got));
        return got == 0 ? all + "." : all;
    }

private:
    template <class Call> int with(const fs::path& path, Call call) const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.string().copy(address.sun_path, sizeof address.sun_path - 1);
        return call(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    }

    int fd_;
};

class Listening : public testing::Test {
protected:
    Result<net::Endpoint> endpoint() const {
        return net::Endpoint::from("punix:" + path_.string());
    }
    // Answers each letter with `answer`.
    void open(const net::Limits& limits, const std::string& answer = "yes") {
        auto opened = net::Listener::open(reactor_, *endpoint(), nullptr, limits,
                                          [=, this](std::string& input, const auto&) {
                                              if (input.empty())
                                                  return net::Reply{};
                                              input.erase(0, 1);
                                              asked_.push_back(Clock::now());
                                              std::this_thread::sleep_for(work_);
                                              return net::Reply{answer};
                                          });
        ASSERT_TRUE(opened) << opened.error().text;
        listener_ = std::move(*opened);
    }
    bool soon(const std::function<bool()>& done) {
        const auto tick = reactor_.every(5ms, [] {});
        return reactor_.run_until(done, Clock::now() + 20s);
    }

    test::TemporaryFolder folder_{"ringfence-listener"};
    const fs::path path_ = folder_ / "socket";
    ovsdb::Reactor reactor_;
    std::unique_ptr<net::Listener> listener_;
    std::vector<Clock::time_point> asked_;
    Clock::duration work_{};
};

TEST_F(Listening, WhoSaysNothingIsHungUpOn) {
    open({.patience = 50ms});
    const Socket silent, slow;
    ASSERT_TRUE(silent.connect(path_) && slow.connect(path_));
    slow.say("x");
    EXPECT_TRUE(soon([&] { return silent.hear() == "."; }));
    EXPECT_EQ(slow.hear().substr(0, 3), "yes");
}

TEST_F(Listening, WhoReadsNothingIsHungUpOn) {
    const std::string large(32 << 20, 'a');
    open({.connections = 1, .patience = 50ms}, large);
    const Socket deaf;
    ASSERT_TRUE(deaf.connect(path_));
    deaf.say("xx");
    const auto tick = reactor_.every(5ms, [] {});
    reactor_.run_until([] { return false; }, Clock::now() + 500ms);
    const std::string heard = deaf.hear();
    EXPECT_EQ(heard.back(), '.');
    EXPECT_LT(heard.size(), large.size());
    EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(Listening, TheThreadRestsAfterAnAnswer) {
    work_ = 20ms;
    open({.rest = 4});
    const Socket one, other;
    ASSERT_TRUE(one.connect(path_) && other.connect(path_));
    one.say("x");
    other.say("x");
    ASSERT_TRUE(soon([&] { return asked_.size() == 2; }));
    EXPECT_GE(asked_[1] - asked_[0], 5 * work_);
}

TEST_F(Listening, WhoWasLetInByOldFilesComesAgain) {
    open({});
    const Socket peer;
    ASSERT_TRUE(peer.connect(path_));
    peer.say("x");
    ASSERT_TRUE(soon([&] { return peer.hear() == "yes"; }));
    listener_->set_context(nullptr);
    EXPECT_TRUE(soon([&] { return peer.hear() == "."; }));
}

// Descriptors run out, for longer than a second, and are there again.
// UBSan opens a pipe when it looks at an object's type, and takes the lack of descriptors for a
// wrong one: this is for the builds without it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) // which is on where UBSan is
#define RINGFENCE_NEEDS_DESCRIPTORS
#endif
#endif
#ifndef RINGFENCE_NEEDS_DESCRIPTORS
TEST_F(Listening, GoesOnWhenThereAreDescriptorsAgain) {
    open({});
    const Socket peer;
    ASSERT_TRUE(peer.connect(path_));
    peer.say("x");
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    const auto tick = reactor_.every(5ms, [] {});
    setrlimit(RLIMIT_NOFILE, &none);
    reactor_.run_until([] { return false; }, Clock::now() + 1500ms);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(peer.hear(), "");
    EXPECT_TRUE(soon([&] { return peer.hear() == "yes"; }));
}
#endif

TEST_F(Listening, AFileThatIsNoSocketStays) {
    std::ofstream(path_) << "mine";
    const auto refused = net::listen_at(*endpoint());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
    EXPECT_EQ(fs::file_size(path_), 4u);
}

TEST_F(Listening, WhoHasTooManyCallersListensToo) {
    const Socket busy, first(SOCK_NONBLOCK), second(SOCK_NONBLOCK);
    ASSERT_TRUE(busy.bind(path_));
    ASSERT_EQ(listen(busy.fd(), 0), 0);
    ASSERT_TRUE(first.connect(path_));
    ASSERT_FALSE(second.connect(path_)); // no room
    const auto refused = net::listen_at(*endpoint());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::conflict);
}

} // namespace
