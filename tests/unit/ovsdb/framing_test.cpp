// Bytes into messages, well-formed and not; and JsonStream over a socket pair.
#include "ovsdb/framing.h"

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ovsdb/json_stream.h"

namespace ringfence::ovsdb {
namespace {

using Texts = std::vector<std::string>;

// All the messages of text, fed in pieces of the given size.
Result<Texts> cut(std::string_view text, size_t piece) {
    Framer framer;
    Texts messages;
    for (size_t at = 0; at < text.size(); at += piece) {
        framer.feed(text.substr(at, piece));
        while (true) {
            auto next = framer.next();
            if (!next)
                return tl::unexpected(next.error());
            if (!*next)
                break;
            messages.emplace_back(**next);
        }
    }
    return messages;
}

TEST(Framer, FindsTheEndsWhateverThePieces) {
    const Texts messages = {R"({})", R"({"a":[1,{"b":"}]{["}]})", R"({"q":"\"}\\"})",
                            R"({"s":"\\"})", "{\"n\":\"\xc3\xa9\n{\"}"};
    std::string stream;
    for (const auto& message : messages)
        stream += message + (stream.size() % 2 ? " \r\n\t" : "");
    for (size_t piece = 1; piece <= stream.size(); ++piece)
        EXPECT_EQ(cut(stream, piece), messages) << piece;
}

TEST(Framer, HandsOutNothingUnfinished) {
    EXPECT_EQ(cut(R"({"a":[1,2,)", 3), Texts{});
    EXPECT_EQ(cut(R"({"a":"}}}}})", 3), Texts{});
    EXPECT_EQ(cut("   ", 1), Texts{});
}

TEST(Framer, RefusesWhatIsNoObject) {
    for (const char* text :
         {"x", "[]", "}", "\"a\"", "HTTP/1.1 400\r\n", "\x16\x03\x01", "{} ]", "null"})
        EXPECT_FALSE(cut(text, 1)) << text;
}

TEST(Framer, RefusesDepthAndSizeBeyondTheLimits) {
    const std::string deep(Framer::max_depth, '['), end(Framer::max_depth - 1, ']');
    EXPECT_FALSE(cut("{" + deep, 100));
    EXPECT_TRUE(cut("{" + deep.substr(1), 100));
    EXPECT_EQ(cut("{" + deep.substr(1) + end + "}", 100)->size(), 1u);

    Framer framer(10);
    framer.feed(R"({"a":12345)");
    EXPECT_TRUE(framer.next());
    framer.feed("6");
    EXPECT_FALSE(framer.next());
}

struct StreamTest : testing::Test {
    Reactor reactor;
    int pair[2];
    std::vector<nlohmann::json> received;
    std::string closed;
    std::unique_ptr<JsonStream> stream;

    void SetUp() override {
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        stream = std::make_unique<JsonStream>(
            reactor, pair[0],
            JsonStream::Callbacks{
                [this](nlohmann::json&& message) { received.push_back(std::move(message)); },
                [this](const Error& why) { closed = why.text; }});
    }
    void TearDown() override { close(pair[1]); }
    void say(std::string_view text) {
        ASSERT_EQ(write(pair[1], text.data(), text.size()), ssize_t(text.size()));
    }
    bool until(const std::function<bool()>& done) {
        return reactor.run_until(done, std::chrono::steady_clock::now() + std::chrono::seconds(5));
    }
};

TEST_F(StreamTest, CarriesMessagesBothWays) {
    say(R"({"id":0,"method":"list-commands","params":[]}{"id":1)");
    ASSERT_TRUE(until([&] { return received.size() == 1; }));
    EXPECT_EQ(received[0]["method"], "list-commands");
    stream->send(nlohmann::json{{"id", 0}, {"result", "bad UTF-8: \xff"}});
    char buffer[200];
    const ssize_t got = read(pair[1], buffer, sizeof buffer);
    EXPECT_TRUE(nlohmann::json::accept(std::string_view(buffer, size_t(got))));
}

TEST_F(StreamTest, KeepsWhatTheSocketDoesNotTake) {
    const std::string large = "{\"x\":\"" + std::string(4000000, 'y') + "\"}";
    stream->send_text(large);
    stream->send_text(large);
    EXPECT_GT(stream->backlog(), 4000000u);
    std::string got;
    const auto watch = reactor.watch_readable(pair[1], [&] {
        char buffer[65536];
        const ssize_t n = read(pair[1], buffer, sizeof buffer);
        got.append(buffer, n > 0 ? size_t(n) : 0);
    });
    ASSERT_TRUE(until([&] { return got.size() == 2 * large.size(); }));
    EXPECT_EQ(stream->backlog(), 0u);
    EXPECT_EQ(got, large + large);
}

TEST_F(StreamTest, EndsOnceWithAReason) {
    say("{\"a\":nonsense}{}");
    ASSERT_TRUE(until([&] { return !closed.empty(); }));
    EXPECT_EQ(closed, "a message is not valid JSON");
    EXPECT_TRUE(received.empty());
    stream->send_text("{}"); // into nowhere
}

TEST_F(StreamTest, MayDieInItsOwnCallback) {
    stream = std::make_unique<JsonStream>(reactor, dup(pair[0]),
                                          JsonStream::Callbacks{[this](nlohmann::json&& message) {
                                                                    received.push_back(
                                                                        std::move(message));
                                                                    stream.reset();
                                                                },
                                                                {}});
    say("{}{}{}");
    ASSERT_TRUE(until([&] { return stream == nullptr; }));
    EXPECT_EQ(received.size(), 1u);
}

} // namespace
} // namespace ringfence::ovsdb
