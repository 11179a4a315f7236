// capture: the frames of a port as pcapng, from whichever host has it.
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>

#include <unistd.h>

#include "controller/network-ctl/commands.h"
#include "controller/network-ctl/daemons.h"
#include "ovsdb/unixctl/base64.h"

namespace ringfence::ctl {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{5};
constexpr size_t busy = 1 << 18; // bytes of an answer that more will follow soon

volatile std::sig_atomic_t interrupted = 0;
void interrupt(int) { interrupted = 1; }

struct Close {
    void operator()(std::FILE* file) const {
        if (file != stdout)
            std::fclose(file);
    }
};
using File = std::unique_ptr<std::FILE, Close>;

Result<> check_output(const std::string& name) {
    if (name == "-" && isatty(STDOUT_FILENO))
        return fail("capture: a terminal can't show frames; say --write FILE, or pipe it into "
                    "'tcpdump -r -'");
    return {};
}

Result<File> open_file(const std::string& name) {
    File file(name == "-" ? stdout : std::fopen(name.c_str(), "wbe"));
    if (!file)
        return fail("--write {}: {}", name, std::strerror(errno));
    return file;
}

// Frames, as long as there are fewer than `most`; what comes behind them is cut off. The daemon
// sends whole blocks.
int64_t count_frames(std::string& blocks, int64_t most) {
    constexpr uint32_t packet_block = 6;
    int64_t frames = 0;
    for (size_t at = 0; at + 12 <= blocks.size();) {
        uint32_t head[2];
        std::memcpy(head, blocks.data() + at, sizeof head);
        if (head[0] == packet_block && frames++ == most) {
            blocks.resize(at);
            return most;
        }
        at += std::max<uint32_t>(head[1], 12);
    }
    return frames;
}

struct Bounds {
    int64_t frames;
    Clock::time_point end;
};

Result<Bounds> bounds_of(const Arguments& arguments) {
    const auto frames = arguments.number("count", 1, INT64_MAX);
    const auto seconds = arguments.number("seconds", 1, 1'000'000);
    if (!frames || !seconds)
        return tl::unexpected(frames ? seconds.error() : frames.error());
    return Bounds{frames->value_or(INT64_MAX), *seconds
                                                   ? Clock::now() + std::chrono::seconds(**seconds)
                                                   : Clock::time_point::max()};
}

// Until there are enough, time is over, or somebody interrupts. Returns how many there were.
Result<int64_t> copy_frames(unixctl::Client& client, const std::string& id, std::FILE* file,
                            const Bounds& bounds) {
    int64_t frames = 0;
    while (frames < bounds.frames && Clock::now() < bounds.end && !interrupted) {
        const auto text = client.ask("ringfence/capture", {"read", id}, patience);
        if (!text)
            return tl::unexpected(text.error());
        auto blocks = unixctl::from_base64(*text);
        if (!blocks)
            return fail(ErrorKind::unavailable, "the daemon's answer is not what we know");
        frames += count_frames(*blocks, bounds.frames - frames);
        if (std::fwrite(blocks->data(), 1, blocks->size(), file) != blocks->size() ||
            std::fflush(file) != 0)
            return fail(ErrorKind::unavailable, "what was captured can't be written: {}",
                        std::strerror(errno));
        if (blocks->size() < busy)
            std::this_thread::sleep_for(100ms);
    }
    return frames;
}

Result<> capture(Session& session, const Arguments& arguments) {
    const auto bounds = bounds_of(arguments);
    if (!bounds)
        return tl::unexpected(bounds.error());
    const std::string name = arguments.maybe("write").value_or("-");
    if (auto fits = check_output(name); !fits)
        return fits;
    const std::string& port = arguments.operands[0];
    const auto daemon = daemon_of(session, arguments, port);
    if (!daemon)
        return tl::unexpected(daemon.error());
    auto client = unixctl::Client::connect(*daemon, patience);
    if (!client)
        return tl::unexpected(client.error());
    unixctl::Arguments words{"start", port};
    if (const auto bytes = arguments.maybe("snaplen"))
        words.push_back(*bytes);
    auto id = client->ask("ringfence/capture", words, patience);
    if (!id)
        return tl::unexpected(id.error());
    id->erase(id->find_last_not_of('\n') + 1);
    // Not before: who may not capture loses no file.
    auto file = open_file(name);
    if (!file) {
        (void)client->ask("ringfence/capture", {"stop", *id}, patience);
        return tl::unexpected(file.error());
    }
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    fmt::print(stderr, "network-ctl: the frames of {} are captured\n", port);
    const auto frames = copy_frames(*client, *id, file->get(), *bounds);
    (void)client->ask("ringfence/capture", {"stop", *id}, patience); // it ends by itself, too
    return frames.map([](int64_t count) { fmt::print(stderr, "network-ctl: {} frames\n", count); });
}

} // namespace

Noun capture_noun() {
    return {
        "capture",
        "the frames of a port, as pcapng",
        "",
        {{"", "PORT", "copy the frames that a port sends and gets",
          with_daemon_options({{"write", "FILE", "where to; - (unless given) is the output"},
                               {"count", "NUMBER", "so many frames; without end unless given"},
                               {"seconds", "SECONDS", "for so long"},
                               {"snaplen", "BYTES", "of each frame; all of it unless given"}}),
          "PORT is a port of the host, or the path of a NIC. tcpdump and Wireshark read what is "
          "written; inbound is what the port has sent. Another host copies frames only for "
          "those that its external_ids:ringfence-query-capture names.",
          capture}}};
}

} // namespace ringfence::ctl
