// What the daemon keeps on disk, so that it forwards after a restart without any database: the last
// applied southbound rows and the ids that it gave out. STATE.md documents the format.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/types/result.h"
#include "dataplane/agent/local/wanted.h"
#include "dataplane/agent/state/ids.h"
#include "ovsdb/reactor.h"
#include "ovsdb/southbound.h"

namespace ringfence::agent {

struct State {
    std::string host;
    int64_t applied = 0; // Host_Config.number that these rows are the outcome of
    std::vector<IpAddr> vtep_addresses;
    Ids ids;
    std::map<std::string, std::vector<Ipv6Addr>> link_local; // claimed, by Logical_Port.name
    southbound::Tables southbound;
    // Written by hand, for labs: ports in place of an Open_vSwitch database.
    std::optional<std::map<std::string, WantedPort>> wanted_ports;
};

std::string to_text(const State& state);
// Whatever is wrong is an error that says where: damaged JSON, another format, a bad row.
[[nodiscard]] Result<State> state_from(const std::string& text);

// Error not_found when there is no such file.
[[nodiscard]] Result<State> read_state(const std::filesystem::path& path);
// Written aside, synced, renamed: a crash leaves the old one or the new one, whole.
[[nodiscard]] Result<> write_state(const std::filesystem::path& path, const std::string& text);

// Writes the state some time after it has changed, at most once a second. Text is made, written and
// synced on a thread of its own: a large state holds nothing up. Everything else, and every call,
// is the Reactor's thread.
class StateKeeper {
public:
    // state: asked for at the moment of writing; its rows are shared, so that a copy is cheap.
    StateKeeper(ovsdb::Reactor& reactor, std::filesystem::path path, std::function<State()> state)
        : reactor_(reactor), path_(std::move(path)), state_(std::move(state)) {}
    ~StateKeeper(); // writes what is not written yet

    void changed();

private:
    void write();
    void written(const Result<>& done);

    ovsdb::Reactor& reactor_;
    std::filesystem::path path_;
    std::function<State()> state_;
    std::chrono::steady_clock::time_point next_{};
    std::string failure_; // of the last write, logged once
    ovsdb::Handle due_;
    bool writing_ = false, again_ = false; // again: it has changed meanwhile
    std::thread writer_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace ringfence::agent
