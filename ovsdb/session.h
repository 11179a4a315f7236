// One JSON-RPC session after another with a list of remotes: connects, answers echo, probes, and
// when the connection goes tries the next remote with a growing delay, for ever. What is said over
// it is client.cpp's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/json_stream.h"
#include "ovsdb/reactor.h"
#include "ovsdb/remote.h"

namespace ringfence::ovsdb {

class Session {
public:
    struct Callbacks {
        std::function<void()> connected;
        std::function<void(std::string_view why)>
            disconnected; // replies to open calls will never come
        std::function<void(const std::string& method, const nlohmann::json& parameters)>
            notification;
    };
    // Exactly one of them is not null.
    using Reply = std::function<void(const nlohmann::json& result, const nlohmann::json& error)>;

    Session(Reactor& reactor, std::vector<Remote> remotes, std::chrono::milliseconds probe,
            Callbacks callbacks);

    void start();
    bool connected() const { return stream_ != nullptr; }
    const std::string& remote() const { return remotes_[current_].name; }
    // parameters: a JSON array. Returns the call's id. Without a connection nothing happens, and no
    // reply comes.
    uint64_t call(std::string_view method, std::string_view parameters, Reply reply);
    void notify(std::string_view method, std::string_view parameters);
    // This remote is of no use (now): closes, and tries the next. Safe inside every callback.
    void drop(std::string_view why);
    // The remote is useful: if it stays so for a second, the next loss is followed by an attempt at
    // once.
    void confirm();

private:
    void connect();
    void finish_connect();
    void open(int fd);
    void fail_attempt(const std::string& why);
    void schedule();
    void receive(const nlohmann::json& message);
    void request(const std::string& method, const nlohmann::json& message);
    void check_alive();

    Reactor& reactor_;
    std::vector<Remote> remotes_;
    std::chrono::milliseconds probe_;
    Callbacks callbacks_;

    size_t current_ = 0;
    size_t attempts_ = 0; // since a remote last proved useful
    std::optional<std::chrono::steady_clock::time_point> confirmed_;
    Socket connecting_;
    std::unique_ptr<JsonStream> stream_;
    std::map<uint64_t, Reply> calls_;
    uint64_t next_id_ = 1;
    std::chrono::steady_clock::time_point heard_{};
    bool probing_ = false;
    Handle retry_, connect_watch_, connect_timeout_, probe_timer_;
};

} // namespace ringfence::ovsdb
