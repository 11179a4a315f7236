// The server's own account of the databases that it serves: table Database of _Server
// (ovsdb-server(7)).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "core/types/result.h"

namespace ringfence::ovsdb {

class ServerDatabase {
public:
    ServerDatabase(std::string name, bool leader_only);
    ~ServerDatabase();

    static std::string monitor_request(std::string_view monitor_id); // parameters of monitor_cond
    void clear();                                                    // another server is asked
    void update(const nlohmann::json& updates);                      // <table-updates2>
    // Whether this server will do: has our database, joined its cluster, leads it where that is
    // wanted, and does not lag behind what another member has shown us.
    [[nodiscard]] Result<> suitable();

private:
    struct Rows;
    std::string name_;
    bool leader_only_;
    std::unique_ptr<Rows> rows_;
    int64_t newest_index_ = 0; // of the Raft log, over all members seen
};

} // namespace ringfence::ovsdb
