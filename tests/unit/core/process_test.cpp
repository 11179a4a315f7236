// The pid file as ovs-appctl checks it, and --detach as a start script sees it.
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/process/detach.h"
#include "core/process/notify.h"
#include "core/process/pid_file.h"
#include "tests/unit/temporary_folder.h"

namespace {

using ringfence::process::Detached;
using ringfence::process::PidFile;
namespace fs = std::filesystem;

class Process : public testing::Test {
protected:
    fs::path pid_file() const { return directory_ / "daemon.pid"; }
    std::string content() const {
        std::ifstream file(pid_file());
        std::string line;
        std::getline(file, line);
        return line;
    }

    ringfence::test::TemporaryFolder directory_{"ringfence-process"};
};

// Runs `body` in a child and gives its exit status.
template <class Body> int in_child(Body body) {
    pid_t child = fork();
    if (child == 0)
        _exit(body());
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The lock's holder as another process sees it.
pid_t lock_holder(const fs::path& path) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    in_child([&] {
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        int fd = open(path.c_str(), O_RDONLY);
        if (fcntl(fd, F_GETLK, &lock) != 0 || lock.l_type == F_UNLCK)
            lock.l_pid = 0;
        return write(ends[1], &lock.l_pid, sizeof lock.l_pid) > 0 ? 0 : 1;
    });
    pid_t holder = -1;
    EXPECT_EQ(read(ends[0], &holder, sizeof holder), static_cast<ssize_t>(sizeof holder));
    close(ends[0]);
    close(ends[1]);
    return holder;
}

TEST_F(Process, PidFileHoldsThePidAndItsLockAndGoesWithItsOwner) {
    {
        auto file = PidFile::create(pid_file());
        ASSERT_TRUE(file) << file.error().text;
        EXPECT_EQ(lock_holder(pid_file()), getpid());
        EXPECT_EQ(content(), std::to_string(getpid())); // last: reading it here drops the lock
    }
    EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(Process, StalePidFileIsReplaced) {
    std::ofstream(pid_file()) << "1\n"; // pid 1 lives, but holds no lock on it
    auto file = PidFile::create(pid_file());
    ASSERT_TRUE(file) << file.error().text;
    EXPECT_EQ(content(), std::to_string(getpid()));
}

TEST_F(Process, SecondDaemonIsRefusedAndLeavesTheFirstOnesFile) {
    auto file = PidFile::create(pid_file());
    ASSERT_TRUE(file) << file.error().text;
    int status = in_child([&] {
        auto second = PidFile::create(pid_file());
        bool refused = !second && second.error().kind == ringfence::ErrorKind::conflict &&
                       second.error().text.find(std::to_string(getppid())) != std::string::npos;
        return refused ? 7 : 1;
    });
    EXPECT_EQ(status, 7);
    EXPECT_EQ(content(), std::to_string(getpid()));
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_), fs::directory_iterator()), 1);
}

TEST_F(Process, ParentWaitsUntilTheDaemonIsReady) {
    fs::path mark = directory_ / "in-service";
    int status = in_child([&] {
        auto detached = Detached::fork_away(); // the parent exits in here
        std::ofstream(mark) << getpid();
        detached->ready();
        return 3; // nobody sees this one
    });
    EXPECT_EQ(status, 0);
    EXPECT_TRUE(fs::exists(mark));
}

TEST_F(Process, ParentExitsWithTheStatusOfADaemonThatFailsToStart) {
    int status = in_child([] {
        auto detached = Detached::fork_away();
        return 42;
    });
    EXPECT_EQ(status, 42);
}

TEST_F(Process, ServiceManagerIsTold) {
    fs::path path = directory_ / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.string().copy(address.sun_path, sizeof address.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ringfence::process::notify_service_manager("READY=1");
    unsetenv("NOTIFY_SOCKET");
    char text[32] = {};
    EXPECT_EQ(recv(fd, text, sizeof text, MSG_DONTWAIT), 7);
    EXPECT_STREQ(text, "READY=1");
    close(fd);
}

} // namespace
