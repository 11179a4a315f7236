// Servers that are none: whatever they say, the client says why it leaves, and finds the real one.
#include <cstring>
#include <mutex>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ovsdb/southbound.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::ovsdb::test {
namespace {

using namespace std::string_literals;
using Southbound = Database<southbound::Schema>;

// Accepts one connection after another. To each: says `words` in answer to the client's first, then
// is silent.
class Impostor {
public:
    Impostor(const std::string& path, std::string words) : words_(std::move(words)) {
        listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            listen(listener_, 8) != 0)
            throw std::runtime_error("cannot listen at " + path);
        thread_ = std::thread([this] { serve(); });
    }
    ~Impostor() {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        close(listener_);
    }
    std::string heard() const {
        const std::lock_guard lock(mutex_);
        return heard_;
    }

private:
    void serve() {
        for (int fd; (fd = accept(listener_, nullptr, nullptr)) >= 0; close(fd)) {
            char buffer[4096];
            bool spoken = false;
            for (ssize_t got; (got = read(fd, buffer, sizeof buffer)) > 0;) {
                {
                    const std::lock_guard lock(mutex_);
                    heard_.append(buffer, size_t(got));
                }
                if (!std::exchange(spoken, true) &&
                    send(fd, words_.data(), words_.size(), MSG_NOSIGNAL) < 0)
                    break;
            }
        }
    }

    std::string words_, heard_;
    mutable std::mutex mutex_;
    int listener_;
    std::thread thread_;
};

using Case = std::pair<std::string, std::string>;

struct MalformedTest : testing::TestWithParam<Case> {};

TEST_P(MalformedTest, IsLeftForTheNextServer) {
    const std::string words = GetParam().first, reason = GetParam().second;
    Server server({schema_file("southbound")});
    const std::string path = server.folder() + "/impostor";
    const Impostor impostor(path, words);
    Reactor reactor;
    Southbound database(reactor, {.remotes = "unix:" + path + "," + server.remote()});
    std::string reasons;
    database.on_state(
        [&](ConnectionState, std::string_view text) { reasons += std::string(text) + "\n"; });
    UNTIL(reactor, database.state() == ConnectionState::ready);
    EXPECT_NE(reasons.find("impostor: " + reason), std::string::npos) << reasons;
}

// The client numbers its calls: 1 set_db_change_aware, 2 monitor_cond of _Server, 3 get_schema, 4
// monitor_cond_since.
std::string reply(int id, const std::string& result) {
    return R"({"id":)" + std::to_string(id) + R"(,"error":null,"result":)" + result + "}";
}
const std::string server_row =
    R"({"Database":{"u":{"initial":{"name":"Ringfence_Southbound","model":"standalone","connected":true}}}})";

INSTANTIATE_TEST_SUITE_P(
    Words, MalformedTest,
    testing::Values(
        Case{"HTTP/1.1 400 Bad Request\r\n\r\n",
             "the peer does not speak JSON-RPC: a message begins with byte 0x48"},
        Case{"{\"a\":}", "a message is not valid JSON"},
        Case{"{\"a\":\"\xff\"}", "a message is not valid JSON"},
        Case{"{\"a\":" + std::string(2000, '['), "a message nests deeper than 1000 levels"},
        Case{"{}", "the peer does not speak JSON-RPC: neither request nor reply"},
        Case{R"({"id":null,"method":"update","params":7})",
             "the peer does not speak JSON-RPC: a request without parameters"},
        Case{reply(2, "7"), "the server has no database Ringfence_Southbound (it has: none)"},
        Case{reply(2, R"({"Database":{"u":{"initial":{"name":7,"connected":[]}}}})"),
             "the server has no database Ringfence_Southbound (it has: none)"},
        Case{reply(2, R"({"Database":{"u":7,"v":[null]}})"), "the server has no database"},
        Case{reply(2, server_row) + reply(3, "{}"),
             "Ringfence_Southbound: what the server sent is not a schema"},
        Case{reply(2, server_row) + reply(3, R"({"tables":{"Host":{"columns":7}}})"),
             "the server's schema Ringfence_Southbound without version lacks Lease.epoch"},
        Case{
            reply(
                2,
                R"({"Database":{"u":{"initial":{"name":"Ringfence_Southbound","model":"clustered","connected":false}}}})"),
            "the server has lost its cluster"},
        Case{R"({"id":2,"error":"no","result":null})"
             R"({"id":3,"error":{"error":"nope","details":"d"},"result":null})",
             "nope: d"}));

// A well-formed beginning, then one bad message.
struct MalformedUpdate : testing::TestWithParam<Case> {};

std::string schema_of_southbound() {
    std::string text = "{\"name\":\"Ringfence_Southbound\",\"tables\":{";
    for (const TableInfo* table : southbound::Schema::info().tables) {
        text += (table->index ? ",\"" : "\"") + std::string(table->name) + "\":{\"columns\":{";
        for (const auto& column : table->columns)
            text += (&column == &table->columns[0] ? "\"" : ",\"") + std::string(column.name) +
                    "\":{\"type\":\"string\"}";
        text += "}}";
    }
    return text + "}}";
}

TEST_P(MalformedUpdate, LeavesTheReplicaAsItWas) {
    const std::string words = GetParam().first, reason = GetParam().second;
    TemporaryFolder folder;
    const std::string path = folder.path() + "/impostor";
    const std::string host =
        R"({"Host":{"00000000-0000-0000-0000-000000000001":{"initial":{"name":"a"}}}})";
    const Impostor impostor(
        path, reply(2, server_row) + reply(3, schema_of_southbound()) +
                  reply(4, R"([false,"00000000-0000-0000-0000-000000000000",)" + host + "]") +
                  words);
    Reactor reactor;
    Southbound database(reactor, {.remotes = "unix:" + path});
    std::string reasons;
    database.on_state(
        [&](ConnectionState, std::string_view text) { reasons += std::string(text) + "\n"; });
    UNTIL(reactor, reasons.find("impostor: " + reason) != std::string::npos);
    EXPECT_EQ(database.tables().host.size(), 1u);
}

std::string update3(const std::string& updates) {
    return R"({"id":null,"method":"update3","params":["ringfence","00000000-0000-0000-0000-000000000000",)" +
           updates + "]}";
}

INSTANTIATE_TEST_SUITE_P(
    Words, MalformedUpdate,
    testing::Values(
        Case{update3("7"), "the server's update is not an object"},
        Case{update3(R"({"Host":[]})"), "the server's update of table Host is not an object"},
        Case{update3(R"({"Host":{"x":{}}})"),
             "the server's update of table Host holds no row \"x\""},
        Case{update3(R"({"Host":{"00000000-0000-0000-0000-000000000001":{"modify":5}}})"),
             "the server's update of Host 00000000-0000-0000-0000-000000000001 is of no kind that "
             "we know"},
        Case{
            update3(R"({"Host":{"00000000-0000-0000-0000-000000000002":{"modify":{"name":"b"}}}})"),
            "the server's update of Host 00000000-0000-0000-0000-000000000002 modifies a row that "
            "we do not have"},
        Case{R"({"id":null,"method":"update3","params":["ringfence"]})"s,
             "update3: the parameters are malformed"},
        Case{R"({"id":null,"method":"monitor_canceled","params":["ringfence"]})"s,
             "the database was converted or removed"}));

// What came in front of the contradiction has been applied: its owner must know, or the load that
// follows is told as a difference to rows that the owner never saw.
TEST(Contradiction, HidesNoChangeThatWasApplied) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/impostor";
    const std::string row = R"("00000000-0000-0000-0000-00000000000)";
    const std::string load = R"([false,"00000000-0000-0000-0000-000000000000",{"Host":{)" + row +
                             R"(1":{"initial":{"name":"a"}}}}])";
    const Impostor impostor( // the numbers of the first connection's calls, then the second one's
        path, reply(2, server_row) + reply(3, schema_of_southbound()) + reply(4, load) +
                  update3(R"({"Host":{)" + row + R"(1":{"modify":{"name":"b"}},)" + row +
                          R"(2":{"modify":{"name":"c"}}}})") +
                  reply(6, server_row) + reply(7, schema_of_southbound()) + reply(8, load));
    Reactor reactor;
    Southbound database(reactor, {.remotes = "unix:" + path});
    std::string known;
    int loads = 0;
    database.on_change([&](const southbound::Changes& changes) {
        for (const auto& change : changes.host) {
            EXPECT_EQ(change.before ? change.before->name : "", known);
            known = change.after->name;
        }
        loads += known == "a";
    });
    UNTIL(reactor, loads == 2);
}

// What RFC 7047 alone has: no _Server, no conditions, whole rows.
TEST(Fallback, FollowsAServerThatKnowsMonitorOnly) {
    const auto unknown = [](int id) {
        return R"({"id":)" + std::to_string(id) +
               R"(,"result":null,"error":{"error":"unknown method","details":"x"}})";
    };
    const auto update = [](const std::string& rows) {
        return R"({"id":null,"method":"update","params":["ringfence",{"Host":)" + rows + "}]}";
    };
    const std::string row = R"("00000000-0000-0000-0000-00000000000)";
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/impostor";
    Impostor impostor(
        path, unknown(1) + unknown(2) + reply(3, schema_of_southbound()) + unknown(4) + unknown(5) +
                  reply(6, R"({"Host":{)" + row + R"(1":{"new":{"name":"a","intent":""}}}})") +
                  update("{" + row + R"(2":{"new":{"name":"b"}},)" + row +
                         R"(1":{"old":{"intent":""},"new":{"name":"a","intent":"x"}}})") +
                  update("{" + row + R"(2":{"old":{"name":"b"}}})"));
    Reactor reactor;
    Southbound database(reactor, {.remotes = "unix:" + path});
    std::vector<std::string> seen;
    database.on_change([&](const southbound::Changes& changes) {
        for (const auto& change : changes.host)
            seen.push_back((change.inserted()  ? "+"
                            : change.deleted() ? "-"
                                               : "~") +
                           change.row().name);
    });
    UNTIL(reactor, seen.size() == 4);
    EXPECT_EQ(seen.front(), "+a");
    EXPECT_EQ(seen.back(), "-b");
    ASSERT_EQ(database.tables().host.size(), 1u);
    EXPECT_EQ(database.tables().host.begin()->intent, "x");
}

TEST(Echo, IsAnswered) {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/impostor";
    Impostor impostor(
        path,
        R"({"id":"e7","method":"echo","params":["x",1]}{"id":9,"method":"dance","params":[]})");
    Reactor reactor;
    Southbound database(reactor, {.remotes = "unix:" + path});
    UNTIL(reactor,
          impostor.heard().find(R"({"error":null,"id":"e7","result":["x",1]})") !=
                  std::string::npos &&
              impostor.heard().find(R"({"error":"unknown method","id":9,"result":null})") !=
                  std::string::npos);
}

} // namespace
} // namespace ringfence::ovsdb::test
