#include "controller/network-ctl/help.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringfence::ctl {

namespace {

constexpr size_t page_width = 80;

constexpr const char* intro =
    "network-ctl says what a Ringfence cloud shall be: organizations, networks,\n"
    "virtual machines and their NICs, and the hosts that carry them.\n";

constexpr const char* first_tenant =
    "The first tenant:\n"
    "  network-ctl org create acme\n"
    "  network-ctl network create acme/front --subnet 10.0.0.0/24\n"
    "  network-ctl nic create acme/web-0 --network front "
    "--ip 10.0.0.5\n"
    "prints acme/default/web-0/0, the iface-id to plug the VM's "
    "port with.\n";

constexpr const char* exit_statuses =
    "Exit status:\n"
    "    0  done\n"
    "    1  refused, in use, not built yet, or the database is out of reach\n"
    "    2  an object that was named does not exist, or wrong usage\n"
    "   65  written, but the controller refuses the object; its status says why\n"
    "  124  --timeout passed; the message says what was still awaited\n";

// Breaks a sentence at spaces; lines after the first start with `indent` spaces.
std::string wrap(std::string_view text, size_t indent) {
    std::string wrapped;
    size_t column = indent;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        if (column > indent && column + 1 + word.size() > page_width) {
            wrapped.append("\n").append(indent, ' ');
            column = indent;
        } else if (column > indent) {
            wrapped.append(" ");
            ++column;
        }
        wrapped.append(word);
        column += word.size();
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return wrapped;
}

std::string usage(const Noun& noun, const Verb& verb) {
    std::string text = fmt::format("network-ctl {}", noun.name);
    for (const char* word : {verb.name, verb.operand})
        if (*word)
            text.append(" ").append(word);
    return text;
}

std::string spelling(const Option& option) {
    return *option.value ? fmt::format("--{} {}", option.name, option.value)
                         : fmt::format("--{}", option.name);
}

std::string list_options(std::span<const Option> options) {
    std::string text;
    for (const Option& option : options)
        text.append(fmt::format("  {}\n        {}\n", spelling(option), wrap(option.help, 8)));
    return text;
}

std::string list_verbs(const Noun& noun) {
    const auto spelling = [](const Verb& verb) {
        return fmt::format("{} {}", verb.name, verb.operand);
    };
    size_t widest = 18;
    for (const Verb& verb : noun.verbs)
        widest = std::max(widest, spelling(verb).size());
    std::string text;
    for (const Verb& verb : noun.verbs)
        text.append(fmt::format("  {:<{}}{}\n", spelling(verb), widest + 2, verb.summary));
    return text;
}

std::string list_nouns() {
    std::string text;
    for (const Noun& noun : nouns())
        text.append(fmt::format("  {:<16}{}\n", noun.name, noun.summary));
    return text;
}

// "NETWORK is given as ORG/NETWORK, ...", for an operand that names the noun's own object.
std::string naming(const Noun& noun, std::string_view operand) {
    const auto own = std::ranges::find_if(
        noun.verbs, [](const Verb& verb) { return verb.name == std::string_view("show"); });
    const auto first_of = [](std::string_view words) { return words.substr(0, words.find(' ')); };
    const std::string_view word = first_of(operand);
    if (!*noun.naming || own == noun.verbs.end() || word.empty() || word != first_of(own->operand))
        return "";
    return wrap(fmt::format("{} is given {}.", word, noun.naming), 0) + "\n";
}

} // namespace

std::string program_help() {
    return fmt::format("Usage: network-ctl [GLOBAL OPTIONS] NOUN VERB [NAME] [OPTIONS]\n\n{}\n"
                       "Nouns ('network-ctl NOUN --help' says more):\n{}\n"
                       "Global options (also after the verb):\n{}\n{}\n{}",
                       intro, list_nouns(), list_options(global_options()), exit_statuses,
                       first_tenant);
}

std::string noun_help(const Noun& noun) {
    if (!*noun.verbs.front().name)
        return verb_help(noun, noun.verbs.front());
    std::string text = fmt::format("Usage: network-ctl {} VERB [NAME] [OPTIONS]\n\n{}\n", noun.name,
                                   wrap(noun.summary, 0));
    for (const Verb& verb : noun.verbs)
        if (verb.name == std::string_view("show"))
            text.append(naming(noun, verb.operand));
    text.append("\nVerbs:\n").append(list_verbs(noun));
    text.append(fmt::format("\n'network-ctl {} VERB --help' says more.\n", noun.name));
    return text;
}

std::string verb_help(const Noun& noun, const Verb& verb) {
    std::string text =
        fmt::format("Usage: {} [OPTIONS]\n\n{}\n", usage(noun, verb), wrap(verb.summary, 0));
    text.append(naming(noun, verb.operand));
    if (*verb.details)
        text.append("\n").append(wrap(verb.details, 0)).append("\n");
    if (!verb.options.empty())
        text.append("\nOptions:\n").append(list_options(verb.options));
    return text + "\nGlobal options: see 'network-ctl --help'.\n";
}

std::string manual_page() {
    std::string page =
        "# network-ctl\n\n"
        "What `--help` prints at each level. The page is made from the program's own\n"
        "table of commands, and a test compares them.\n\n"
        "```\n" +
        program_help() + "```\n";
    for (const Noun& noun : nouns()) {
        page.append(fmt::format("\n## {}\n\n```\n{}```\n", noun.name, noun_help(noun)));
        for (const Verb& verb : noun.verbs)
            if (*verb.name)
                page.append(fmt::format("\n### {} {}\n\n```\n{}```\n", noun.name, verb.name,
                                        verb_help(noun, verb)));
    }
    return page;
}

// --- bash ---------------------------------------------------------------------------------------
namespace {

std::string option_words(std::span<const Option> options) {
    std::string words;
    for (const Option& option : options)
        words.append(words.empty() ? "--" : " --").append(option.name);
    return words;
}

// One line of a case: what may follow an option that takes one of a few words.
void add_choices(std::string& cases, std::span<const Option> options) {
    for (const Option& option : options) {
        std::string words = option.choices;
        std::ranges::replace(words, '|', ' ');
        const auto line = fmt::format("        --{}) words=\"{}\" ;;\n", option.name, words);
        if (!words.empty() && cases.find(line) == cases.npos)
            cases.append(line);
    }
}

std::string valued_options() {
    std::string names;
    const auto add = [&](std::span<const Option> options) {
        for (const Option& option : options) {
            const auto name = fmt::format("--{}", option.name);
            if (*option.value && ("|" + names + "|").find("|" + name + "|") == names.npos)
                names.append(names.empty() ? "" : "|").append(name);
        }
    };
    add(global_options());
    for (const Noun& noun : nouns())
        for (const Verb& verb : noun.verbs)
            add(verb.options);
    return names;
}

} // namespace

std::string bash_completion() {
    std::string noun_words, verb_cases, option_cases, choice_cases;
    add_choices(choice_cases, global_options());
    for (const Noun& noun : nouns()) {
        noun_words.append(noun_words.empty() ? "" : " ").append(noun.name);
        std::string verbs;
        for (const Verb& verb : noun.verbs) {
            verbs.append(verbs.empty() ? "" : " ").append(verb.name);
            add_choices(choice_cases, verb.options);
            option_cases.append(fmt::format("        \"{} {}\") options=\"{}\" ;;\n", noun.name,
                                            verb.name, option_words(verb.options)));
        }
        verb_cases.append(fmt::format("        {}) verbs=\"{}\" ;;\n", noun.name, verbs));
    }
    return fmt::format(R"(# bash completion of network-ctl, made by 'network-ctl completion bash'
_network_ctl() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" previous="${{COMP_WORDS[COMP_CWORD-1]}}"
    local noun="" verb="" verbs="" options="" words="" i word
    for ((i = 1; i < COMP_CWORD; i++)); do
        word="${{COMP_WORDS[i]}}"
        case "$word" in
        {}) ((i++)) ;;
        -*) ;;
        *) if [ -z "$noun" ]; then noun="$word"; elif [ -z "$verb" ]; then verb="$word"; fi ;;
        esac
    done
    case "$previous" in
{}    esac
    case "$noun" in
{}    esac
    case "$noun $verb" in
{}    esac
    if [ -z "$words" ]; then
        case "$current" in
        -*) words="{} $options" ;;
        *) if [ -z "$noun" ]; then words="{}"; elif [ -z "$verb" ]; then words="$verbs"; fi ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _network_ctl network-ctl
)",
                       valued_options(), choice_cases, verb_cases, option_cases,
                       option_words(global_options()), noun_words);
}

} // namespace ringfence::ctl
