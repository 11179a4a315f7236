#include "ovsdb/unixctl/server.h"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

namespace ringfence::unixctl {

namespace {

using nlohmann::json;

// Of the local socket, where only the daemon's own user comes: it may take its time.
constexpr net::Limits local_limits{.connections = 256,
                                   .per_second = 10'000,
                                   .request = 1 << 20,
                                   .patience = std::chrono::milliseconds(0),
                                   .handshake = std::chrono::milliseconds(0),
                                   .rest = 0};

// Takes the first whole JSON object off the front of what came in. Nothing is there between
// objects, so only the braces outside of strings tell where one ends.
std::optional<std::string> take_object(std::string& input) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < input.size(); ++i) {
        char c = input[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            in_string = c != '"';
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            std::string object = input.substr(0, i + 1);
            input.erase(0, i + 1);
            return object;
        }
    }
    return std::nullopt;
}

// No request is deep, and what is copies and ends with a stack as deep: null then, as for no JSON.
json shallow_json(const std::string& text) {
    constexpr int most_levels = 1000;
    bool is_deep = false;
    json value = json::parse(
        text,
        [&](int depth, json::parse_event_t, const json&) {
            is_deep |= depth > most_levels;
            return depth <= most_levels;
        },
        false);
    return is_deep ? json() : value;
}

// A request's identity comes back in the answer; it is nothing that has parts.
json id_of(const json& request) {
    const auto id = request.find("id");
    return id == request.end() || id->is_structured() ? json() : *id;
}

using Run = std::function<Result<std::string>(const std::string& name, const Arguments& arguments)>;

json answer_to(const json& request, const Run& run) {
    auto error = [&](const std::string& text) {
        return json{{"id", id_of(request)}, {"result", nullptr}, {"error", text}};
    };
    const auto method = request.find("method");
    if (method == request.end() || !method->is_string())
        return error("a request names its method");
    Arguments arguments;
    if (const auto parameters = request.find("params"); parameters != request.end())
        for (const json& parameter : *parameters) {
            if (!parameter.is_string())
                return error("arguments are strings");
            arguments.push_back(parameter.get<std::string>());
        }
    auto text = run(method->get_ref<const std::string&>(), arguments);
    if (!text)
        return error(text.error().text + "\n");
    if (!text->empty() && text->back() != '\n')
        text->push_back('\n');
    return json{{"id", id_of(request)}, {"result", *text}, {"error", nullptr}};
}

// Who sends what is no JSON is hung up on.
net::Reply serve(std::string& input, const Run& run) {
    auto object = take_object(input);
    if (!object)
        return {};
    const json request = shallow_json(*object);
    if (!request.is_object())
        return {.output = {}, .close = true};
    return {.output = answer_to(request, run).dump(-1, ' ', false, json::error_handler_t::replace)};
}

} // namespace

Result<std::unique_ptr<Server>> Server::listen(ovsdb::Reactor& reactor, const std::string& path) {
    std::unique_ptr<Server> server(new Server(path));
    auto listener = net::Listener::open(
        reactor, {.name = "control socket " + path, .path = path}, nullptr, local_limits,
        [server = server.get()](std::string& input, const std::string&) {
            return serve(input, [&](const std::string& name, const Arguments& arguments) {
                return server->run(name, arguments);
            });
        });
    if (!listener)
        return tl::unexpected(listener.error());
    server->listener_ = std::move(*listener);
    return server;
}

net::Serve Server::remote(Authorize authorize) const {
    return [this, authorize = std::move(authorize)](std::string& input, const std::string& peer) {
        return serve(input, [&](const std::string& name, const Arguments& arguments) {
            const auto found = commands_.find(name);
            if (found != commands_.end() && !found->second.remote)
                return Result<std::string>(
                    fail(ErrorKind::unsupported,
                         "\"{}\" can be asked on the host only, by its control socket", name));
            return authorize(peer, name, arguments).and_then([&] { return run(name, arguments); });
        });
    };
}

void Server::add(Command command) {
    std::string name = command.name;
    commands_[name] = std::move(command);
}

Result<std::string> Server::run(const std::string& name, const Arguments& arguments) const {
    auto found = commands_.find(name);
    if (found == commands_.end())
        return fail(ErrorKind::not_found,
                    "\"{}\" is not a valid command (use \"list-commands\" to "
                    "see a list of valid commands)",
                    name);
    const Command& command = found->second;
    if (arguments.size() < command.min_arguments)
        return fail("\"{}\" command requires at least {} arguments", name, command.min_arguments);
    if (arguments.size() > command.max_arguments)
        return fail("\"{}\" command takes at most {} arguments", name, command.max_arguments);
    return command.run(arguments);
}

} // namespace ringfence::unixctl
