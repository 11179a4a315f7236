#include "controller/network-ctl/grammar.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <boost/program_options.hpp>

namespace ringfence::ctl {

namespace {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

constexpr int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;

void describe(po::options_description& description, std::span<const Option> options) {
    for (const Option& option : options) {
        const std::string name = option.name == std::string_view("quiet")     ? "quiet,q"
                                 : option.name == std::string_view("help")    ? "help,h"
                                 : option.name == std::string_view("version") ? "version,V"
                                                                              : option.name;
        if (*option.value)
            description.add_options()(name.c_str(), po::value<Words>()->composing());
        else
            description.add_options()(name.c_str(), po::bool_switch());
    }
}

bool takes_value(std::string_view word) {
    const auto options = global_options();
    return word.substr(0, 2) == "--" && word.find('=') == word.npos &&
           std::any_of(options.begin(), options.end(), [&](const Option& option) {
               return *option.value && word.substr(2) == option.name;
           });
}

// The options in front of the noun are the program's; this many words they are.
size_t count_global(const Words& words) {
    size_t count = 0;
    while (count < words.size() && words[count].size() > 1 && words[count][0] == '-')
        count += takes_value(words[count]) ? 2 : 1;
    return std::min(count, words.size());
}

std::string where_help_is(const Noun* noun, const Verb* verb) {
    std::string command = "network-ctl";
    if (noun)
        command.append(" ").append(noun->name);
    if (verb && *verb->name)
        command.append(" ").append(verb->name);
    return "see '" + command + " --help'";
}

// Boost's sentences, without its exceptions: options before the noun, or after the verb.
Result<> parse_options(const Words& words, std::span<const Option> own, bool with_operands,
                       Arguments& into) {
    po::options_description description;
    describe(description, own);
    if (with_operands) {
        describe(description, global_options());
        description.add_options()("operand", po::value<Words>()->composing());
    }
    po::positional_options_description operands;
    if (with_operands)
        operands.add("operand", -1);
    try {
        const auto parsed = po::command_line_parser(words)
                                .options(description)
                                .positional(operands)
                                .style(style)
                                .run();
        for (const auto& option : parsed.options) {
            if (option.string_key == "operand")
                into.operands.insert(into.operands.end(), option.value.begin(), option.value.end());
            else
                std::ranges::copy(option.value,
                                  std::back_inserter(into.options[option.string_key]));
        }
    } catch (const po::error& error) {
        return fail("{}", error.what());
    }
    return {};
}

Result<> check_options(std::span<const Option> options, const Arguments& given) {
    for (const Option& option : options) {
        const auto values = given.all(option.name);
        if (values.size() > 1 && !option.repeated)
            return fail("--{} is given {} times, and can be given once", option.name,
                        values.size());
        const std::string choices = "|" + std::string(option.choices) + "|";
        for (const auto& value : values) {
            if (*option.choices && (choices.find("|" + value + "|") == choices.npos ||
                                    value.find('|') != value.npos || value.empty()))
                return fail("--{} {}: it is one of {}", option.name, value, option.choices);
        }
    }
    return {};
}

bool is_keyword(std::string_view name) {
    return std::ranges::all_of(name, [](char c) { return c >= 'a' && c <= 'z'; });
}

Result<> check_operands(std::string_view pattern, const Words& given) {
    size_t count = 0;
    for (; !pattern.empty(); ++count) {
        const std::string_view name = pattern.substr(0, pattern.find(' '));
        if (count >= given.size() && name.front() != '[')
            return fail("{} is missing", name);
        if (is_keyword(name) && given[count] != name)
            return fail("'{}' stands where '{}' is expected", given[count], name);
        pattern.remove_prefix(std::min(name.size() + 1, pattern.size()));
    }
    if (given.size() > count)
        return fail("'{}' is one operand too many", given[count]);
    return {};
}

size_t distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = std::exchange(row[0], i);
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t best =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = std::exchange(row[j], best);
        }
    }
    return row[b.size()];
}

// ": did you mean 'network'?", or which there are.
template <class Named>
std::string suggestion(std::string_view word, const std::vector<Named>& names) {
    std::string all;
    for (const auto& candidate : names) {
        if (distance(word, candidate.name) <= 2)
            return fmt::format(": did you mean '{}'?", candidate.name);
        all.append(all.empty() ? ": it has " : ", ").append(candidate.name);
    }
    return all;
}

template <class Named> const Named* find(std::span<const Named> all, std::string_view name) {
    const auto found =
        std::ranges::find_if(all, [&](const Named& named) { return named.name == name; });
    return found == all.end() ? nullptr : &*found;
}

Result<const Noun*> find_noun(const std::string& word) {
    if (const Noun* noun = find(nouns(), word))
        return noun;
    if (is_planned(word))
        return fail(ErrorKind::unsupported, "{}: not built yet", word);
    struct Name {
        const char* name;
    };
    std::vector<Name> names;
    for (const Noun& noun : nouns())
        names.push_back({noun.name});
    std::string hint = suggestion(word, names);
    if (hint.find("did you mean") == hint.npos)
        hint.clear();
    return fail("'{}' is nothing that network-ctl knows{}", word, hint);
}

Result<const Verb*> find_verb(const Noun& noun, const Words& words, size_t at) {
    if (!*noun.verbs.front().name)
        return &noun.verbs.front();
    if (at == words.size())
        return fail("{} what{}", noun.name, suggestion("", noun.verbs));
    if (const Verb* verb = find(std::span<const Verb>(noun.verbs), words[at]))
        return verb;
    return fail("{} has no '{}'{}", noun.name, words[at], suggestion(words[at], noun.verbs));
}

bool is_help(const std::string& word) { return word == "--help" || word == "-h"; }

Result<> parse_verb(const Words& words, Invocation& into) {
    const Verb& verb = *into.verb;
    auto parsed = parse_options(words, verb.options, true, into.arguments);
    if (parsed && into.arguments.has("help"))
        into.action = Invocation::Action::help;
    if (!parsed || into.action == Invocation::Action::help)
        return parsed;
    if (parsed = check_options(verb.options, into.arguments); !parsed)
        return parsed;
    if (parsed = check_options(global_options(), into.arguments); !parsed)
        return parsed;
    return check_operands(verb.operand, into.arguments.operands);
}

Result<> parse_words(const Words& words, Invocation& into) {
    size_t at = count_global(words);
    const Words global(words.begin(), words.begin() + static_cast<ptrdiff_t>(at));
    if (auto parsed = parse_options(global, global_options(), false, into.arguments); !parsed)
        return parsed;
    if (into.arguments.has("version")) {
        into.action = Invocation::Action::version;
        return {};
    }
    if (at == words.size()) {
        into.action = Invocation::Action::help;
        if (into.arguments.has("help"))
            return {};
        return fail("what shall be done");
    }
    const auto noun = find_noun(words[at++]);
    if (!noun)
        return tl::unexpected(noun.error());
    into.noun = *noun;
    if (into.arguments.has("help") ||
        (at < words.size() && is_help(words[at]) && *into.noun->verbs.front().name)) {
        into.action = Invocation::Action::help;
        return {};
    }
    const auto verb = find_verb(*into.noun, words, at);
    if (!verb)
        return tl::unexpected(verb.error());
    into.verb = *verb;
    at += *into.verb->name ? 1 : 0;
    return parse_verb(Words(words.begin() + static_cast<ptrdiff_t>(at), words.end()), into);
}

} // namespace

Result<Invocation> parse(const Words& words) {
    Invocation invocation;
    const auto parsed = parse_words(words, invocation);
    if (parsed)
        return invocation;
    if (parsed.error().kind == ErrorKind::unsupported)
        return tl::unexpected(parsed.error());
    return fail("{}; {}", parsed.error().text, where_help_is(invocation.noun, invocation.verb));
}

std::vector<std::string> Arguments::all(std::string_view option) const {
    const auto found = options.find(option);
    return found == options.end() ? Words{} : found->second;
}

std::optional<std::string> Arguments::maybe(std::string_view option) const {
    const auto values = all(option);
    return values.empty() ? std::nullopt : std::optional(values.back());
}

std::string Arguments::text(std::string_view option) const { return maybe(option).value_or(""); }

Result<std::optional<int64_t>> Arguments::number(std::string_view option, int64_t first,
                                                 int64_t last) const {
    const auto text = maybe(option);
    if (!text)
        return std::nullopt;
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size() || value < first || value > last)
        return fail("--{} {}: it is a number from {} to {}", option, *text, first, last);
    return value;
}

} // namespace ringfence::ctl
