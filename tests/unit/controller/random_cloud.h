// Changes at random, for the tests of the compiler: of every kind, sound and unsound, in both
// databases. Two ways lead to new kinds of objects being covered:
//
//   - cloud() in random_cloud.cpp starts with rows of every table. Any row is deleted, made again,
//     and gets any column's value from another row of its table: nobody has to write that down.
//   - what comes about too rarely that way (a NIC with fitting address and claim) is an entry of
//   the
//     list in random_cloud.cpp: a name and a function.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ovsdb/northbound.h"
#include "ovsdb/southbound.h"

namespace ringfence::test {

// A database of either kind, without types.
struct Store {
    const ovsdb::SchemaInfo* schema;
    void* tables;
};

class RandomCloud {
public:
    explicit RandomCloud(unsigned seed) : random_(seed) {}

    static northbound::Tables start();

    // One change of intent or of what hosts say. Returns what it was. The schemas' indexes hold
    // afterwards (a server would have refused it); references may point nowhere.
    std::string step(northbound::Tables& north, southbound::Tables& south);
    // Somebody changes what is the controller's: a row of a southbound table, or a status.
    std::string tamper(northbound::Tables& north, southbound::Tables& south);

    size_t pick(size_t count) {
        return std::uniform_int_distribution<size_t>(0, count - 1)(random_);
    }
    bool chance(size_t in) { return pick(in) == 0; }
    // A row of the table, in an order of their own: that of tables isn't reproducible.
    template <class Row> const Row* any(const ovsdb::Table<Row>& table) {
        return static_cast<const Row*>(any_row(table).second.get());
    }
    int64_t serial() { return ++serial_; }
    std::mt19937& engine() { return random_; }

private:
    using SharedRow = std::shared_ptr<const void>;
    using KeyedRow = std::pair<ovsdb::Uuid, SharedRow>;

    KeyedRow any_row(const ovsdb::RowStore& table);
    std::string change_any_row(Store store, const std::vector<size_t>& among);
    std::string change_column(const ovsdb::TableInfo& info, ovsdb::RowStore& table,
                              const KeyedRow& row);

    struct Grave {
        const ovsdb::TableInfo* table;
        KeyedRow row;
    };
    std::mt19937 random_;
    int64_t serial_ = 0;
    std::vector<Grave> graves_;
};

} // namespace ringfence::test
