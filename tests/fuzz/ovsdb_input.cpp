// What a database sends: a stream of JSON-RPC messages, cut into messages, parsed, and applied to a
// replica of the southbound database, whose rows the state file then holds.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "ovsdb/framing.h"
#include "ovsdb/json.h"
#include "ovsdb/replica.h"
#include "ovsdb/southbound.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/one_input.h"

namespace ringfence::fuzz {

namespace {

using Json = nlohmann::json;
using southbound::Schema;
using southbound::Tables;

struct Cut {
    std::vector<std::string> messages;
    bool broken = false;
};

// In pieces of so many bytes, as a socket may hand them up.
Cut cut(std::string_view stream, size_t piece) {
    ovsdb::Framer framer;
    Cut found;
    for (size_t at = 0; at < stream.size(); at += piece) {
        framer.feed(stream.substr(at, piece));
        while (true) {
            const auto next = framer.next();
            found.broken = !next;
            if (!next)
                return found;
            if (!*next)
                break;
            found.messages.emplace_back(**next);
        }
    }
    return found;
}

// What a message says of the database's contents; nullptr: nothing.
const Json* updates_in(const Json& message, const char* key, size_t at) {
    const auto found = message.find(key);
    if (found == message.end())
        return nullptr;
    if (found->is_object())
        return &*found;
    return found->is_array() && found->size() > at && (*found)[at].is_object() ? &(*found)[at]
                                                                               : nullptr;
}

class Reader {
public:
    // A reply is the whole database, a notification what has changed.
    void take(const Json& message) {
        const auto method = message.find("method");
        const bool old = method != message.end() && *method == "update";
        const auto format = old ? ovsdb::UpdateFormat::update : ovsdb::UpdateFormat::update2;
        ovsdb::Replica::Outcome outcome;
        if (const Json* whole = updates_in(message, "result", 2))
            lost_ = !replica_.load(*whole, format, outcome);
        if (const Json* changes = updates_in(message, "params", 1); changes && !lost_)
            lost_ = !replica_.apply(*changes, format, outcome);
        for (const ovsdb::RowChange& change : outcome.changes)
            check(change.before || change.after, "a change of no row");
        for (const auto& row : outcome.unknown)
            check(bool(replica_.replace(row, Json())), "a row that can't be given up");
    }

    // What was read can be written, and reads as what it is.
    void check_rows() const {
        const Json written = ovsdb::to_json(tables_);
        const auto read = ovsdb::from_json<Tables>(written);
        check(read.has_value(), "rows that were written are not read");
        check(ovsdb::to_json(*read) == written, "rows read otherwise than they were written");
    }

private:
    Tables tables_;
    ovsdb::Replica replica_{Schema::info(), &tables_};
    bool lost_ = false; // it contradicted itself: a client would load all anew
};

} // namespace

void ovsdb_stream(const uint8_t* data, size_t size) {
    const std::string_view stream(reinterpret_cast<const char*>(data), size);
    const Cut whole = cut(stream, std::max<size_t>(size, 1)), pieces = cut(stream, 7);
    check(whole.messages == pieces.messages && whole.broken == pieces.broken,
          "messages depend on how they arrive");
    Reader reader;
    for (const std::string& text : whole.messages) {
        const Json message = Json::parse(text, nullptr, false);
        if (!message.is_object())
            return; // the connection ends
        reader.take(message);
        reader.check_rows();
        // The state file's reader is stricter: it refuses whole what it does not know.
        if (const auto rows = ovsdb::from_json<Tables>(message))
            check(ovsdb::from_json<Tables>(ovsdb::to_json(*rows)).has_value(),
                  "a state that was read is not read again");
    }
}

} // namespace ringfence::fuzz
