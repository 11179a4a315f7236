#include "ovsdb/session.h"

#include <algorithm>
#include <random>

#include <nlohmann/json.hpp>

namespace ringfence::ovsdb {

using Json = nlohmann::json;
using namespace std::chrono_literals;

static constexpr auto connect_limit = 5s;
static constexpr auto first_delay = 100ms;
static constexpr auto longest_delay = 8s;

// Doubles with each round through the remotes. A quarter of jitter either way keeps a pod's hosts
// from coming back in step.
static std::chrono::milliseconds delay(size_t round) {
    static std::minstd_rand generator{std::random_device{}()};
    const auto full = std::min<std::chrono::milliseconds>(
        first_delay * (1 << std::min<size_t>(round, 10)), longest_delay);
    std::uniform_real_distribution<double> jitter(0.75, 1.25);
    return std::chrono::milliseconds(
        static_cast<int64_t>(static_cast<double>(full.count()) * jitter(generator)));
}

Session::Session(Reactor& reactor, std::vector<Remote> remotes, std::chrono::milliseconds probe,
                 Callbacks callbacks)
    : reactor_(reactor), remotes_(std::move(remotes)), probe_(probe),
      callbacks_(std::move(callbacks)) {}

void Session::start() { connect(); }

void Session::connect() {
    auto socket = begin_connect(remotes_[current_]);
    if (!socket) {
        fail_attempt(socket.error().text);
        return;
    }
    connecting_ = std::move(*socket);
    connect_watch_ = reactor_.watch_writable(connecting_.get(), [this] { finish_connect(); });
    connect_timeout_ = reactor_.after(connect_limit, [this] {
        connect_watch_.cancel();
        connecting_ = Socket();
        fail_attempt(remote() + ": no answer to the connection attempt");
    });
}

void Session::finish_connect() {
    connect_watch_.cancel();
    connect_timeout_.cancel();
    Socket socket = std::move(connecting_);
    connecting_ = Socket();
    if (auto outcome = connect_outcome(socket); !outcome)
        fail_attempt(remote() + ": " + outcome.error().text);
    else
        open(socket.release());
}

void Session::open(int fd) {
    stream_ = std::make_unique<JsonStream>(
        reactor_, fd,
        JsonStream::Callbacks{[this](Json&& message) { receive(message); },
                              [this](const Error& why) { drop(why.text); }});
    heard_ = std::chrono::steady_clock::now();
    probing_ = false;
    if (probe_ > 0ms && !remotes_[current_].is_local())
        probe_timer_ = reactor_.every(probe_ / 4, [this] { check_alive(); });
    callbacks_.connected();
}

void Session::fail_attempt(const std::string& why) {
    callbacks_.disconnected(why);
    schedule();
}

void Session::drop(std::string_view why) {
    if (!stream_)
        return;
    const std::string text = remote() + ": " + std::string(why);
    stream_.reset();
    probe_timer_.cancel();
    calls_.clear();
    callbacks_.disconnected(text);
    schedule();
}

void Session::confirm() { confirmed_ = std::chrono::steady_clock::now(); }

void Session::schedule() {
    if (confirmed_ && std::chrono::steady_clock::now() - *confirmed_ > 1s)
        attempts_ = 0;
    confirmed_.reset();
    current_ = (current_ + 1) % remotes_.size();
    // All remotes are tried without delay the first time round, but never inside the callback that
    // brought us here.
    const size_t round = attempts_++ / remotes_.size();
    retry_ = reactor_.after(round == 0 ? 0ms : delay(round - 1), [this] { connect(); });
}

uint64_t Session::call(std::string_view method, std::string_view parameters, Reply reply) {
    const uint64_t id = next_id_++;
    if (!stream_)
        return id;
    calls_.emplace(id, std::move(reply));
    stream_->send_text(
        fmt::format(R"({{"method":"{}","params":{},"id":{}}})", method, parameters, id));
    return id;
}

void Session::notify(std::string_view method, std::string_view parameters) {
    if (stream_)
        stream_->send_text(
            fmt::format(R"({{"method":"{}","params":{},"id":null}})", method, parameters));
}

void Session::receive(const Json& message) {
    heard_ = std::chrono::steady_clock::now();
    probing_ = false;
    const auto method = message.find("method");
    if (method != message.end() && method->is_string()) {
        request(method->get_ref<const std::string&>(), message);
        return;
    }
    const auto id = message.find("id");
    const auto result = message.find("result");
    const auto error = message.find("error");
    if (id == message.end() || (result == message.end() && error == message.end())) {
        drop("the peer does not speak JSON-RPC: neither request nor reply");
        return;
    }
    if (!id->is_number_unsigned())
        return; // the reply to our probe
    const auto call = calls_.find(id->get<uint64_t>());
    if (call == calls_.end())
        return; // given up meanwhile
    static const Json null;
    const Reply reply = std::move(call->second);
    calls_.erase(call);
    reply(result == message.end() ? null : *result, error == message.end() ? null : *error);
}

void Session::request(const std::string& method, const Json& message) {
    const auto id = message.find("id");
    const auto parameters = message.find("params");
    if (parameters == message.end() || !parameters->is_array()) {
        drop("the peer does not speak JSON-RPC: a request without parameters");
        return;
    }
    if (id == message.end() || id->is_null())
        callbacks_.notification(method, *parameters);
    else if (method == "echo") // RFC 7047, clause 4.1.11
        stream_->send(Json{{"id", *id}, {"result", *parameters}, {"error", nullptr}});
    else
        stream_->send(Json{{"id", *id}, {"result", nullptr}, {"error", "unknown method"}});
}

void Session::check_alive() {
    const auto silence = std::chrono::steady_clock::now() - heard_;
    if (silence >= 2 * probe_) {
        drop("no answer to probes");
    } else if (silence >= probe_ && !probing_) {
        probing_ = true;
        stream_->send_text(std::string(R"({"method":"echo","params":[],"id":"echo"})"));
    }
}

} // namespace ringfence::ovsdb
