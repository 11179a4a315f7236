// The client against a real ovsdb-server: connecting, following, losing the server and finding it
// again.
#include "ovsdb/southbound.h"
#include "tests/unit/ovsdb/fixture.h"

namespace ringfence::ovsdb::test {
namespace {

using Southbound = Database<southbound::Schema>;
using southbound::Host;

Host host(const std::string& name) {
    Host row;
    row.name = name;
    row.kind = "ringfence";
    row.vtep_addresses = {"192.0.2.1", "192.0.2.2"};
    return row;
}

struct ClientTest : testing::Test {
    Server server{{schema_file("southbound")}};
    Reactor reactor;

    Result<Committed> insert(Southbound& database, const Host& row) {
        Transaction transaction;
        transaction.insert(row);
        return database.commit_now(transaction, soon());
    }
};

TEST_F(ClientTest, ReplicatesWhatAnotherClientWrites) {
    Southbound writer(reactor, {.remotes = server.remote()}),
        reader(reactor, {.remotes = server.remote()});
    UNTIL(reactor, reader.state() == ConnectionState::ready);
    std::vector<std::string> inserted;
    reader.on_change([&](const southbound::Changes& changes) {
        for (const auto& change : changes.host) {
            EXPECT_TRUE(change.inserted());
            inserted.push_back(change.row().name);
        }
    });
    ASSERT_TRUE(insert(writer, host("a")));
    EXPECT_EQ(writer.tables().host.size(), 1u); // before the answer, by contract
    UNTIL(reactor, reader.tables().host.size() == 1);
    EXPECT_EQ(inserted, std::vector<std::string>{"a"});
    EXPECT_EQ(reader.tables(), writer.tables());
    EXPECT_EQ(reader.tables().host.begin()->vtep_addresses,
              (std::set<std::string>{"192.0.2.1", "192.0.2.2"}));
}

} // namespace
} // namespace ringfence::ovsdb::test
