// The event loop: order, handles that die, other threads, signals.
#include "ovsdb/reactor.h"

#include <csignal>
#include <string>
#include <thread>

#include <unistd.h>

#include <gtest/gtest.h>

namespace ringfence::ovsdb {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST(Reactor, RunsWhatIsPostedInOrderAndNeverInside) {
    Reactor reactor;
    std::string order;
    reactor.post([&] {
        reactor.post([&] { order += "c"; });
        order += "a";
    });
    reactor.post([&] { order += "b"; });
    EXPECT_EQ(order, "");
    EXPECT_TRUE(reactor.run_until([&] { return order == "abc"; }, Clock::now() + 5s)) << order;
}

TEST(Reactor, TimersFireWhileTheirHandleLives) {
    Reactor reactor;
    int once = 0, often = 0, never = 0;
    const Handle after = reactor.after(1ms, [&] { ++once; });
    Handle every;
    every = reactor.every(1ms, [&] {
        if (++often == 3)
            every.cancel(); // in its own callback
    });
    Handle dead = reactor.after(2ms, [&] { ++never; });
    dead.cancel();
    EXPECT_FALSE(reactor.run_until([] { return false; }, Clock::now() + 100ms));
    EXPECT_EQ(once, 1);
    EXPECT_EQ(often, 3);
    EXPECT_EQ(never, 0);
}

TEST(Reactor, WatchesOneDescriptorForSeveral) {
    Reactor reactor;
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    int first = 0, second = 0, writable = 0;
    Handle one, two, three;
    one = reactor.watch_readable(fds[0], [&] { // leaves the byte there: it is called again
        if (++first == 3)
            one.cancel();
    });
    two = reactor.watch_readable(fds[0], [&] { ++second; });
    three = reactor.watch_writable(fds[1], [&] {
        ++writable;
        three.cancel();
        ASSERT_EQ(write(fds[1], "x", 1), 1);
    });
    EXPECT_TRUE(reactor.run_until([&] { return second >= 5; }, Clock::now() + 5s));
    EXPECT_EQ(first, 3);
    EXPECT_EQ(writable, 1);
    two.cancel();
    close(fds[0]);
    close(fds[1]);
}

TEST(Reactor, HandlesMayOutliveIt) {
    Handle timer, watch;
    int fds[2];
    ASSERT_EQ(pipe(fds), 0);
    {
        Reactor reactor;
        timer = reactor.every(1ms, [] {});
        watch = reactor.watch_readable(fds[0], [] {});
        reactor.run_until([] { return false; }, Clock::now() + 5ms);
    }
    timer.cancel();
    watch.cancel();
    close(fds[0]);
    close(fds[1]);
}

TEST(Reactor, StopsAndTakesWorkFromOtherThreads) {
    Reactor reactor;
    std::thread::id ran;
    std::thread other([&] {
        reactor.post([&] { ran = std::this_thread::get_id(); });
        reactor.post([&] { reactor.stop(); });
    });
    reactor.run();
    other.join();
    EXPECT_EQ(ran, std::this_thread::get_id());

    reactor.stop();
    reactor.run(); // returns: the stop was meant for it

    bool runs = false;
    reactor.post([&] {
        runs = true;
        reactor.stop();
    });
    reactor.run();
    EXPECT_TRUE(runs);
}

TEST(Reactor, TellsOfSignals) {
    Reactor reactor;
    int got = 0;
    const Handle handle = reactor.on_signals({SIGUSR1, SIGUSR2}, [&](int signal) { got = signal; });
    raise(SIGUSR2);
    EXPECT_TRUE(reactor.run_until([&] { return got == SIGUSR2; }, Clock::now() + 5s));
    raise(SIGUSR1);
    EXPECT_TRUE(reactor.run_until([&] { return got == SIGUSR1; }, Clock::now() + 5s));
}

} // namespace
} // namespace ringfence::ovsdb
