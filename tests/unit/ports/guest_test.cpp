// The door between a vhost-user port's worker and its guest.
#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "dataplane/ports/guest.h"

namespace ringfence {
namespace {

using ports::Guest;
using ports::GuestDoor;

TEST(GuestDoor, WaitsForAWorkerThatIsInsideWithAnEarlierGuest) {
    Guest first(0, "/nowhere", true, {}), second(1, "/nowhere", true, {});
    GuestDoor door;
    door.open(first);
    ASSERT_EQ(door.enter(), &first);
    door.open(second);
    std::atomic<bool> has_closed{false};
    std::jthread closer([&] {
        door.close(first);
        has_closed = true;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_FALSE(has_closed);
    door.leave();
    closer.join();
    EXPECT_TRUE(door.is_open()) << "to the second";
}

TEST(GuestDoor, WaitsForNobodyWhoCameLater) {
    Guest first(0, "/nowhere", true, {}), second(1, "/nowhere", true, {});
    GuestDoor door;
    door.open(first);
    door.close(first);
    EXPECT_EQ(door.enter(), nullptr);
    door.open(second);
    EXPECT_EQ(door.enter(), &second);
    door.leave();
    door.close(second);
    EXPECT_FALSE(door.is_open());
}

} // namespace
} // namespace ringfence
