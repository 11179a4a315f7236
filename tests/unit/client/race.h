// Several clients that start at the same time.
#pragma once

#include <functional>
#include <latch>
#include <optional>
#include <thread>

#include "tests/unit/client/fixture.h"

namespace ringfence::client {

inline constexpr size_t racers = 8;
inline constexpr int rounds =
    10; // where the racers must really overlap for the test to see anything

class RaceTest : public CloudTest {
protected:
    // Each racer has a connection of its own and starts when all are ready.
    template <class Object>
    std::vector<Result<Made<Object>>>
    race(const std::function<Result<Made<Object>>(Cloud&, size_t)>& run) {
        std::vector<std::optional<Result<Made<Object>>>> results(racers);
        std::latch ready(racers);
        std::vector<std::jthread> threads;
        for (size_t i = 0; i < racers; ++i)
            threads.emplace_back([&, i] {
                auto cloud = Cloud::open(
                    {.remotes = server_.remote(), .connect_timeout = std::chrono::seconds(20)});
                ready.arrive_and_wait();
                results[i] =
                    cloud ? run(*cloud, i) : Result<Made<Object>>(tl::unexpected(cloud.error()));
            });
        threads.clear();
        std::vector<Result<Made<Object>>> all;
        for (auto& result : results)
            all.push_back(std::move(*result));
        return all;
    }

    // Exactly one won; the rest were told `text`.
    template <class Object>
    static void expect_one_winner(const std::vector<Result<Made<Object>>>& results,
                                  const std::string& text) {
        size_t winners = 0;
        for (const auto& result : results) {
            winners += result.has_value();
            if (!result) {
                EXPECT_EQ(result.error().kind, ErrorKind::conflict);
                EXPECT_NE(result.error().text.find(text), std::string::npos) << result.error().text;
            }
        }
        EXPECT_EQ(winners, 1u);
    }
};

} // namespace ringfence::client
