#include <algorithm>
#include <optional>
#include <random>

#include "ovsdb/database.h"

namespace ringfence::ovsdb {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

// One optimistic transaction and its attempts; kept alive by the callback that it waits for.
struct Attempts : std::enable_shared_from_this<Attempts> {
    Attempts(Client& client_, std::function<Result<Transaction>()> make_,
             Clock::time_point deadline_, std::function<void(Result<Committed>)> done_)
        : client(client_), make(std::move(make_)), deadline(deadline_), done(std::move(done_)) {}

    void begin() {
        client.when_ready(deadline, [self = shared_from_this()](Result<> ready) {
            if (!ready)
                self->done(tl::unexpected(ready.error()));
            else
                self->attempt();
        });
    }

    void attempt() {
        auto transaction = make();
        if (!transaction) {
            done(tl::unexpected(transaction.error()));
            return;
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        transaction->set_timeout(
            std::clamp<std::chrono::milliseconds>(left, 0ms, transaction->timeout()));
        client.commit(*transaction, [self = shared_from_this()](Result<Committed> result) {
            if (result || !is_try_again(result.error()) || Clock::now() >= self->deadline)
                self->done(std::move(result));
            else
                self->pause();
        });
    }

    // The update that we lost against has been applied already (it precedes the reply), so the
    // first time no pause is needed; among many contenders a growing random one lets somebody win.
    void pause() {
        static std::minstd_rand generator{std::random_device{}()};
        const int most = std::min(1 << std::min(++lost, 7), 100) - 2; // 0, 2, 6, 14 ... 98 ms
        const std::chrono::milliseconds delay(
            std::uniform_int_distribution<int>(0, most)(generator));
        client.delay(delay, [self = shared_from_this()] { self->begin(); });
    }

    Client& client;
    std::function<Result<Transaction>()> make;
    Clock::time_point deadline;
    std::function<void(Result<Committed>)> done;
    int lost = 0;
};

} // namespace

void retry(Client& client, std::function<Result<Transaction>()> make, Clock::time_point deadline,
           std::function<void(Result<Committed>)> done) {
    std::make_shared<Attempts>(client, std::move(make), deadline, std::move(done))->begin();
}

Result<Committed> retry_now(Client& client, std::function<Result<Transaction>()> make,
                            Clock::time_point deadline) {
    auto answer = std::make_shared<std::optional<Result<Committed>>>();
    retry(client, std::move(make), deadline,
          [answer](Result<Committed> result) { *answer = std::move(result); });
    client.reactor().run_until([&] { return answer->has_value(); }, deadline + 100ms);
    return answer->value_or(fail(ErrorKind::unavailable, "the reactor was stopped"));
}

} // namespace ringfence::ovsdb
