#include "dataplane/agent/state/state_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/types/log.h"
#include "dataplane/agent/state/ports_json.h"
#include "ovsdb/json.h"

namespace ringfence::agent {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;
using namespace std::chrono_literals;

log::Module module("state");

constexpr int format = 1;
constexpr auto after_a_failure = 2s; // the disk may have room again

json to_json(const Ids& ids) {
    json all = json::object();
    ids.each([&](const char* key, const auto& pool) {
        json& object = all[key] = json::object();
        for (const auto& [name, id] : pool.all())
            object[name] = id.value();
    });
    return all;
}

// Of two things with one number the first by name keeps it.
template <class Id> Result<> adopt(const json& ids, const char* key, IdPool<Id>& pool) {
    if (!ids.contains(key))
        return {};
    if (!ids[key].is_object())
        return fail("ids.{} is not an object", key);
    for (const auto& [name, number] : ids[key].items()) {
        const json& value = number;
        if (!value.is_number_unsigned() || value.get<uint64_t>() > UINT32_MAX)
            return fail("ids.{}.{} is not a number", key, name);
        pool.adopt(name, Id(value.get<uint32_t>()));
    }
    return {};
}

Result<> read_ids(const json& root, State& state) {
    const json ids = root.value("ids", json::object());
    Result<> read;
    state.ids.each([&](const char* key, auto& pool) {
        if (read)
            read = adopt(ids, key, pool);
    });
    return read;
}

Result<> read_addresses(const json& root, State& state) {
    for (const json& text : root.value("vtep_addresses", json::array())) {
        auto address = IpAddr::from(text.get<std::string>());
        if (!address)
            return tl::unexpected(address.error().in("vtep_addresses"));
        state.vtep_addresses.push_back(*address);
    }
    return {};
}

Result<> read_link_local(const json& root, State& state) {
    const json claims = root.value("link_local", json::object());
    for (const auto& [nic, addresses] : claims.items())
        for (const json& text : addresses) {
            auto address = Ipv6Addr::from(text.get<std::string>());
            if (!address)
                return tl::unexpected(address.error().in("link_local"));
            state.link_local[nic].push_back(*address);
        }
    return {};
}

// The JSON library reports a value of the wrong type by an exception; state_from() catches it.
Result<State> read_root(const json& root) {
    if (root.value("format", 0) != format)
        return fail("its format is not {}", format);
    State state;
    state.host = root.value("host", "");
    state.applied = root.value("applied", int64_t{0});
    if (auto read = read_ids(root, state); !read)
        return tl::unexpected(read.error());
    if (auto read = read_addresses(root, state); !read)
        return tl::unexpected(read.error());
    if (auto read = read_link_local(root, state); !read)
        return tl::unexpected(read.error());
    auto tables = ovsdb::from_json<southbound::Tables>(root.value("southbound", json::object()));
    if (!tables)
        return tl::unexpected(tables.error().in("southbound"));
    state.southbound = std::move(*tables);
    if (root.contains("ports")) {
        auto ports = ports_from_json(root["ports"]);
        if (!ports)
            return tl::unexpected(ports.error().in("ports"));
        state.wanted_ports = std::move(*ports);
    }
    return state;
}

Result<> failed(const fs::path& path, const char* what) {
    return fail(ErrorKind::unavailable, "{}: {}: {}", path.string(), what, strerror(errno));
}

} // namespace

std::string to_text(const State& state) {
    json addresses = json::array();
    for (const IpAddr& address : state.vtep_addresses)
        addresses.push_back(ringfence::to_string(address));
    json link_local = json::object();
    for (const auto& [nic, claimed] : state.link_local)
        for (const Ipv6Addr& address : claimed)
            link_local[nic].push_back(ringfence::to_string(address));
    json root = {{"format", format},
                 {"host", state.host},
                 {"applied", state.applied},
                 {"vtep_addresses", addresses},
                 {"ids", to_json(state.ids)},
                 {"link_local", link_local},
                 {"southbound", ovsdb::to_json(state.southbound)}};
    if (state.wanted_ports)
        root["ports"] = ports_to_json(*state.wanted_ports);
    return root.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<State> state_from(const std::string& text) {
    try {
        return read_root(json::parse(text));
    } catch (const json::exception& problem) {
        return fail("{}", problem.what());
    }
}

Result<State> read_state(const fs::path& path) {
    std::ifstream file(path);
    if (!file) {
        ErrorKind kind = errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable;
        return fail(kind, "state file {}: {}", path.string(), strerror(errno));
    }
    std::stringstream text;
    text << file.rdbuf();
    auto state = state_from(text.str());
    if (!state)
        return tl::unexpected(state.error().in("state file " + path.string()));
    return state;
}

Result<> write_state(const fs::path& path, const std::string& text) {
    fs::path aside = path.string() + ".new";
    int fd = open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(aside, "cannot be written");
    size_t written = 0;
    while (written < text.size()) {
        ssize_t took = write(fd, text.data() + written, text.size() - written);
        if (took < 0 && errno == EINTR)
            continue;
        if (took < 0)
            break;
        written += static_cast<size_t>(took);
    }
    Result<> done;
    if (written < text.size() || fsync(fd) != 0)
        done = failed(aside, "cannot be written");
    close(fd);
    if (done && rename(aside.c_str(), path.c_str()) != 0)
        done = failed(path, "cannot be replaced");
    if (!done)
        unlink(aside.c_str());
    return done;
}

StateKeeper::~StateKeeper() {
    if (writer_.joinable())
        writer_.join();
    if (due_ || again_)
        if (auto done = write_state(path_, to_text(state_())); !done)
            log::warning(module, "{}", done.error().text);
}

void StateKeeper::changed() {
    if (writing_)
        again_ = true;
    if (writing_ || due_)
        return;
    auto wait = std::max<std::chrono::nanoseconds>(next_ - std::chrono::steady_clock::now(), 50ms);
    due_ = reactor_.after(wait, [this] { write(); });
}

void StateKeeper::write() {
    due_ = {};
    writing_ = true;
    next_ = std::chrono::steady_clock::now() + 1s;
    if (writer_.joinable())
        writer_.join(); // it has ended: written() was called
    std::weak_ptr<bool> alive = alive_;
    writer_ = std::thread([this, alive, path = path_, state = state_()] {
        Result<> done;
        try {
            done = write_state(path, to_text(state));
        } catch (const std::exception& problem) {
            done = fail(ErrorKind::unavailable, "{}: {}", path.string(), problem.what());
        }
        // The keeper waits for this thread before it dies; what is posted may outlive it.
        reactor_.post([this, alive, done] {
            if (alive.lock())
                written(done);
        });
    });
}

void StateKeeper::written(const Result<>& done) {
    writing_ = false;
    std::string failure = done ? std::string() : done.error().text;
    if (failure != failure_ && !failure.empty())
        log::warning(module, "{}; a restart without databases would use an older state", failure);
    failure_ = failure;
    if (!done)
        next_ = std::chrono::steady_clock::now() + after_a_failure;
    if (std::exchange(again_, false) || !done)
        changed();
}

} // namespace ringfence::agent
