// The command line that EAL gets, and what a start that cannot work says.
#include "dataplane/ports/eal.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringfence::ports {
namespace {

constexpr HostMemory no_hugepages{0, 2048};
constexpr HostMemory many_hugepages{1024, 2048};

std::string line(const EalSettings& settings, const HostMemory& host) {
    auto words = eal_arguments(settings, host);
    return words ? fmt::format("{} ", fmt::join(*words, " ")) : words.error().text;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

TEST(EalArguments, UseHugepagesWhenEnoughAreFree) {
    std::string got = line({}, many_hugepages);
    EXPECT_TRUE(has(got, " --in-memory ")) << got;
    EXPECT_FALSE(has(got, "--no-huge")) << got;
}

TEST(EalArguments, UseOrdinaryMemoryWhenTooFewAreFree) {
    std::string got = line({.megabytes = 300}, HostMemory{100, 2048});
    EXPECT_TRUE(has(got, " --no-huge -m 300 ")) << got;
    EXPECT_FALSE(has(got, "--in-memory")) << got;
}

TEST(EalArguments, NameTheHugepagesThatAreMissingWhenTheyAreRequired) {
    auto got =
        eal_arguments({.memory = Memory::hugepages, .megabytes = 301}, HostMemory{100, 2048});
    ASSERT_FALSE(got);
    EXPECT_TRUE(has(got.error().text, "take 151 hugepages of 2048 kB, and 100 are free"))
        << got.error().text;
    EXPECT_TRUE(has(got.error().text, "vm.nr_hugepages=151")) << got.error().text;
}

TEST(EalArguments, RefuseNoHugeTogetherWithInMemory) {
    for (const char* extra : {"--no-huge --in-memory", "--in-memory --no-huge"}) {
        auto got = eal_arguments({.extra = extra}, many_hugepages);
        ASSERT_FALSE(got);
        EXPECT_TRUE(has(got.error().text, "--no-huge and --in-memory")) << got.error().text;
    }
}

TEST(EalArguments, NeverCombineNoHugeAndInMemoryByThemselves) {
    for (const HostMemory& host : {no_hugepages, many_hugepages})
        for (const char* extra : {"", "--no-huge", "--in-memory -m 64"})
            for (Memory memory : {Memory::automatic, Memory::no_huge}) {
                std::string got = line({.memory = memory, .extra = extra}, host);
                bool asked = has(extra, "--in-memory") && memory == Memory::no_huge;
                EXPECT_TRUE(asked || !(has(got, "--no-huge") && has(got, "--in-memory"))) << got;
            }
}

TEST(EalArguments, LetExtraTakeThePlaceOfOurs) {
    std::string got = line(
        {.extra = "--no-huge -m 99 -l 1 --file-prefix mine --no-pci --telemetry"}, many_hugepages);
    EXPECT_EQ(
        got, "ringfence --no-shconf --no-huge -m 99 -l 1 --file-prefix mine --no-pci --telemetry ");
}

TEST(EalArguments, GiveEachProcessItsOwnFilePrefix) {
    EXPECT_TRUE(has(line({}, no_hugepages), fmt::format("--file-prefix ringfence-{} ", getpid())));
    EXPECT_TRUE(has(line({.file_prefix = "a"}, no_hugepages), "--file-prefix a "));
}

TEST(EalArguments, TakeNoPciDeviceUnasked) {
    EXPECT_TRUE(has(line({}, no_hugepages), " -a 0000:00:00.0 "));
}

TEST(EalArguments, PassSocketMemoryOnAndSumItForOrdinaryMemory) {
    EXPECT_TRUE(
        has(line({.socket_megabytes = "512,256"}, many_hugepages), "--socket-mem 512,256 "));
    EXPECT_TRUE(has(line({.socket_megabytes = "512,256"}, no_hugepages), "-m 768 "));
    EXPECT_FALSE(eal_arguments({.socket_megabytes = "much"}, many_hugepages));
}

// Runs in a child, because EAL starts once a process: exit status 0 = as expected.
int in_child(const std::function<bool()>& body) {
    pid_t child = fork();
    if (child == 0)
        _exit(body() ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

bool drop_capabilities() {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {};
    return syscall(SYS_capset, &header, none) == 0;
}

TEST(EalStart, WithoutPrivilegesSaysToRunAsRoot) {
    EXPECT_EQ(0, in_child([] {
                  if (!drop_capabilities())
                      return false;
                  auto eal = Eal::start({.memory = Memory::no_huge});
                  return !eal && has(eal.error().text, "CAP_NET_ADMIN") &&
                         has(eal.error().text, "run it as root");
              }));
}

TEST(EalStart, QuotesTheOptionThatDpdkDislikes) {
    EXPECT_EQ(0, in_child([] {
                  auto eal = Eal::start({.memory = Memory::no_huge,
                                         .extra = "--no-such-option",
                                         .require_privileges = false});
                  return !eal && has(eal.error().text, "DPDK does not start") &&
                         has(eal.error().text, "(unrecognized option '--no-such-option')");
              }));
}

TEST(EalStart, StartsOnceKeepsTheAffinityAndLeavesNothingBehind) {
    EXPECT_EQ(0, in_child([] {
                  cpu_set_t before, after;
                  sched_getaffinity(0, sizeof before, &before);
                  std::string prefix = fmt::format("eal-test-{}", getpid());
                  {
                      auto eal = Eal::start({.file_prefix = prefix,
                                             .memory = Memory::no_huge,
                                             .megabytes = 64,
                                             .require_privileges = false});
                      if (!eal || (*eal)->hugepages())
                          return false;
                      sched_getaffinity(0, sizeof after, &after);
                      if (!CPU_EQUAL(&before, &after))
                          return false;
                      auto second = Eal::start({.require_privileges = false});
                      if (second || second.error().kind != ErrorKind::conflict)
                          return false;
                  }
                  return access(("/run/dpdk/" + prefix).c_str(), F_OK) != 0;
              }));
}

} // namespace
} // namespace ringfence::ports
