// What the tests of the client share: a reactor that runs until something holds, and databases with
// a time limit.
#pragma once

#include <gtest/gtest.h>

#include "ovsdb/database.h"
#include "tests/unit/ovsdb/server.h"

namespace ringfence::ovsdb::test {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// When to give up; far beyond what a loaded machine needs.
inline Clock::time_point soon() { return Clock::now() + 60s; }

// Runs the reactor until done(); a test that waits in vain fails here.
#define UNTIL(reactor, ...)                                                                        \
    ASSERT_TRUE((reactor).run_until([&] { return (__VA_ARGS__); }, soon())) << #__VA_ARGS__

template <class T> std::string why(const Result<T>& result) {
    return result ? "" : result.error().text;
}

} // namespace ringfence::ovsdb::test
