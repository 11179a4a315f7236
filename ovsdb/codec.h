// OVSDB JSON (RFC 7047, clause 5.1) of the C++ types that columns have. For the generated code and
// the client's core; others use json.h.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "ovsdb/schema.h"

namespace ringfence::ovsdb {

struct ValueOps {
    void (*encode)(const void* value, nlohmann::json& out);
    Result<> (*decode)(const nlohmann::json& in,
                       void* value); // on failure the value is unspecified
    // The difference that update2 carries: the new value of a scalar, a symmetric difference of a
    // set or map.
    Result<> (*apply)(const nlohmann::json& difference, void* value);
    // Whether a difference is the new value. The server goes by its own schema: "max": 1
    // (ovsdb-server(7), 4.1.14).
    bool difference_is_value;
    bool (*equal)(const void* left, const void* right);
    bool (*is_default)(const void* value);
};

// Instantiated in codec.cpp for every type that a column can have.
template <class T> const ValueOps* value_ops();

// A field of a row, found without knowing the row's type.
template <class Row, auto field> void* member(void* row) {
    return &(static_cast<Row*>(row)->*field);
}
template <class Row> std::shared_ptr<void> make_row(const Uuid& uuid) {
    auto row = std::make_shared<Row>();
    row->uuid = uuid;
    return row;
}
template <class Row> std::shared_ptr<void> copy_row(const void* row) {
    return std::make_shared<Row>(*static_cast<const Row*>(row));
}
template <class Row> std::string& unreadable(void* row) {
    return static_cast<Row*>(row)->unreadable;
}

} // namespace ringfence::ovsdb
