#include "ovsdb/reactor.h"

#include <utility> // first of all: Boost 1.74 with C++20 uses std::exchange without it

#include <atomic>

#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/types/log.h"

namespace ringfence::ovsdb {

namespace asio = boost::asio;
using boost::system::error_code;

struct Reactor::Impl {
    asio::io_context context{1};
    std::atomic<bool> stopped = false;
};

namespace {

// What a Handle keeps alive. Completion handlers hold it weakly, so a dead handle's callback is
// never called; the context is held so that a handle may die after the Reactor.
struct Timer : std::enable_shared_from_this<Timer> {
    Timer(std::shared_ptr<asio::io_context> context, std::chrono::nanoseconds period_,
          std::function<void()> fn_)
        : keep(std::move(context)), timer(*keep), period(period_), fn(std::move(fn_)) {}

    void wait(bool repeat) {
        timer.async_wait([weak = weak_from_this(), repeat](error_code error) {
            const auto self = weak.lock();
            if (error || !self)
                return;
            if (repeat) {
                // From the moment that it was due, unless we are so late that it would fire in a
                // burst.
                const auto now = asio::steady_timer::clock_type::now();
                const auto next = self->timer.expiry() + self->period;
                self->timer.expires_at(next > now ? next : now + self->period);
                self->wait(true);
            }
            self->fn();
        });
    }

    std::shared_ptr<asio::io_context> keep;
    asio::steady_timer timer;
    std::chrono::nanoseconds period;
    std::function<void()> fn;
};

struct Watch : std::enable_shared_from_this<Watch> {
    Watch(std::shared_ptr<asio::io_context> context,
          asio::posix::stream_descriptor::wait_type type_, std::function<void()> fn_)
        : keep(std::move(context)), descriptor(*keep), type(type_), fn(std::move(fn_)) {}

    void wait() {
        descriptor.async_wait(type, [weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (error || !self)
                return;
            self->fn();
            // Only if fn did not drop the handle: we hold the last reference then.
            if (self.use_count() > 1)
                self->wait();
        });
    }

    std::shared_ptr<asio::io_context> keep;
    asio::posix::stream_descriptor descriptor;
    asio::posix::stream_descriptor::wait_type type;
    std::function<void()> fn;
};

struct Signals : std::enable_shared_from_this<Signals> {
    Signals(std::shared_ptr<asio::io_context> context, std::function<void(int)> fn_)
        : keep(std::move(context)), set(*keep), fn(std::move(fn_)) {}

    void wait() {
        set.async_wait([weak = weak_from_this()](error_code error, int signal) {
            const auto self = weak.lock();
            if (error || !self)
                return;
            self->wait();
            self->fn(signal);
        });
    }

    std::shared_ptr<asio::io_context> keep;
    asio::signal_set set;
    std::function<void(int)> fn;
};

Handle watch(std::shared_ptr<asio::io_context> context, int fd,
             asio::posix::stream_descriptor::wait_type type, std::function<void()> fn) {
    // A duplicate, because epoll knows a descriptor once only and asio closes what it was given.
    auto watch = std::make_shared<Watch>(std::move(context), type, std::move(fn));
    error_code error;
    if (const int copy = dup(fd); copy < 0)
        error.assign(errno, boost::system::system_category());
    else
        watch->descriptor.assign(copy, error);
    if (error) {
        static log::Module module("reactor");
        log::error(module, "cannot watch descriptor {}: {}", fd, error.message());
        return {};
    }
    watch->wait();
    return Handle(std::move(watch));
}

} // namespace

Reactor::Reactor() : impl_(std::make_shared<Impl>()) {}
Reactor::~Reactor() = default;

void Reactor::run() {
    const auto work = asio::make_work_guard(impl_->context);
    impl_->context.restart();
    if (!impl_->stopped) // before the restart, which would have forgotten it
        impl_->context.run();
    impl_->stopped = false;
}

void Reactor::stop() {
    impl_->stopped = true;
    impl_->context.stop();
}

void Reactor::post(std::function<void()> fn) { asio::post(impl_->context, std::move(fn)); }

bool Reactor::run_until(const std::function<bool()>& done,
                        std::chrono::steady_clock::time_point deadline) {
    const auto work = asio::make_work_guard(impl_->context);
    impl_->context.restart();
    while (!done()) {
        if (impl_->stopped || impl_->context.run_one_until(deadline) == 0)
            return done();
    }
    return true;
}

Handle Reactor::after(std::chrono::nanoseconds delay, std::function<void()> fn) {
    auto timer = std::make_shared<Timer>(std::shared_ptr<asio::io_context>(impl_, &impl_->context),
                                         delay, std::move(fn));
    timer->timer.expires_after(delay);
    timer->wait(false);
    return Handle(std::move(timer));
}

Handle Reactor::every(std::chrono::nanoseconds period, std::function<void()> fn) {
    auto timer = std::make_shared<Timer>(std::shared_ptr<asio::io_context>(impl_, &impl_->context),
                                         period, std::move(fn));
    timer->timer.expires_after(period);
    timer->wait(true);
    return Handle(std::move(timer));
}

Handle Reactor::watch_readable(int fd, std::function<void()> fn) {
    return watch({impl_, &impl_->context}, fd, asio::posix::stream_descriptor::wait_read,
                 std::move(fn));
}

Handle Reactor::watch_writable(int fd, std::function<void()> fn) {
    return watch({impl_, &impl_->context}, fd, asio::posix::stream_descriptor::wait_write,
                 std::move(fn));
}

Handle Reactor::on_signals(std::initializer_list<int> signals, std::function<void(int)> fn) {
    auto set = std::make_shared<Signals>(std::shared_ptr<asio::io_context>(impl_, &impl_->context),
                                         std::move(fn));
    for (int signal : signals)
        set->set.add(signal);
    set->wait();
    return Handle(std::move(set));
}

} // namespace ringfence::ovsdb
