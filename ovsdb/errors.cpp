#include "ovsdb/errors.h"

#include <nlohmann/json.hpp>

namespace ringfence::ovsdb::errors {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& error, const char* member) {
    const auto found = error.find(member);
    return found != error.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// RFC 7047, clauses 3.1 <error>, 4.1.3 and 5.2, and what ovsdb-server adds.
Error to_error(std::string_view what, const Json& error) {
    const std::string tag = text_of(error, "error");
    const std::string text = fmt::format("{}: {}", what, describe(error));
    if (tag == "timed out") // our waits have a time-out of zero: the rows are not what we had read
        return {ErrorKind::conflict, std::string(what) + std::string(try_again)};
    if (tag == "constraint violation" || tag == "referential integrity violation" ||
        tag == "duplicate uuid")
        return {ErrorKind::conflict, text + std::string(constraint)};
    if (tag == "I/O error" || tag == "resources exhausted") // its disk is full, or its memory
        return {ErrorKind::unavailable, text + std::string(not_written)};
    if (tag == "not owner" || tag == "not leader" || tag == "aborted" || tag == "canceled")
        return {ErrorKind::unavailable, text};
    return {ErrorKind::invalid, text};
}

} // namespace

std::string describe(const Json& error) {
    if (error.is_string())
        return error.get<std::string>();
    if (!error.is_object())
        return error.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string text = text_of(error, "error");
    for (const char* more : {"details", "io-error"})
        if (const std::string said = text_of(error, more); !said.empty())
            text += ": " + said;
    return text;
}

bool is_unknown_method(const Json& error) { return describe(error).starts_with("unknown method"); }

Result<Committed> read_reply(const Transaction& transaction, const Json& result,
                             const Json& error) {
    if (!error.is_null())
        return tl::unexpected(
            to_error("transaction", error.is_object() ? error : Json{{"error", describe(error)}}));
    if (!result.is_array())
        return fail(ErrorKind::unavailable, "transaction: the server's reply is not an array");
    for (size_t i = 0; i < result.size(); ++i) {
        if (!result[i].is_object() || !result[i].contains("error"))
            continue;
        // Constraints that are checked at the end come as one more result than there were
        // operations.
        return tl::unexpected(
            to_error(i < transaction.size() ? transaction.describe(i) : "transaction", result[i]));
    }
    return Committed(std::make_shared<Json>(result));
}

} // namespace ringfence::ovsdb::errors
