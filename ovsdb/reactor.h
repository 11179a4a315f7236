// The event loop of a control thread: timers, file descriptors, signals, and functions posted from
// other threads. One thread runs it, and every callback runs there; but for stop() and post(), call
// it from that thread only (or before it runs). It hides Boost.Asio, which reactor.cpp alone
// includes.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>

namespace ringfence::ovsdb {

// Keeps a timer or a watch alive: when it dies, the callback is never called again. May outlive the
// Reactor.
class Handle {
public:
    Handle() = default;
    explicit Handle(std::shared_ptr<void> kept) : kept_(std::move(kept)) {}
    Handle(Handle&&) = default;
    Handle& operator=(Handle&&) = default;
    void cancel() { kept_.reset(); }
    explicit operator bool() const { return kept_ != nullptr; }

private:
    std::shared_ptr<void> kept_;
};

class Reactor {
public:
    Reactor();
    ~Reactor();
    Reactor(const Reactor&) = delete;

    void run();  // until stop()
    void stop(); // any thread; before run(), that run() returns at once
    // fn runs soon, in the order of posting, never inside post(). Any thread.
    void post(std::function<void()> fn);
    // Runs until done() (asked after every callback) or the deadline; says whether done(). For
    // tools that want an answer: must not be called from a callback.
    bool run_until(const std::function<bool()>& done,
                   std::chrono::steady_clock::time_point deadline);

    [[nodiscard]] Handle after(std::chrono::nanoseconds delay, std::function<void()> fn);
    [[nodiscard]] Handle every(std::chrono::nanoseconds period, std::function<void()> fn);
    // Level-triggered: called as long as fd is readable (writable), end of file and errors
    // included. The Reactor watches a duplicate, so fd may be closed at any time after the handle
    // has died.
    [[nodiscard]] Handle watch_readable(int fd, std::function<void()> fn);
    [[nodiscard]] Handle watch_writable(int fd, std::function<void()> fn);
    [[nodiscard]] Handle on_signals(std::initializer_list<int> signals,
                                    std::function<void(int)> fn);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_; // shared with the handles
};

} // namespace ringfence::ovsdb
