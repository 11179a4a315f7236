// What may be typed, and what becomes of it.
#include <gtest/gtest.h>

#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {
namespace {

using Words = std::vector<std::string>;

std::string trouble(const Words& words) {
    const auto invocation = parse(words);
    return invocation ? "" : invocation.error().text;
}

Arguments arguments_of(const Words& words) {
    const auto invocation = parse(words);
    EXPECT_TRUE(invocation) << invocation.error().text;
    return invocation ? invocation->arguments : Arguments{};
}

TEST(Grammar, FindsNounAndVerb) {
    const auto invocation = parse({"network", "create", "acme/front"});
    ASSERT_TRUE(invocation);
    EXPECT_STREQ(invocation->noun->name, "network");
    EXPECT_STREQ(invocation->verb->name, "create");
    EXPECT_EQ(invocation->arguments.operands, Words{"acme/front"});
}

TEST(Grammar, TakesGlobalOptionsBeforeAndAfterTheVerb) {
    EXPECT_EQ(arguments_of({"--db", "unix:/x", "--format=json", "org", "list"}).text("db"),
              "unix:/x");
    EXPECT_EQ(arguments_of({"org", "list", "--db", "unix:/x"}).text("db"), "unix:/x");
    EXPECT_TRUE(arguments_of({"-q", "org", "list"}).has("quiet"));
    EXPECT_TRUE(arguments_of({"org", "list", "-q"}).has("quiet"));
}

TEST(Grammar, KeepsTheValuesOfARepeatedOptionInOrder) {
    EXPECT_EQ(
        arguments_of({"nic", "create", "acme/w", "--ip", "10.0.0.5", "--ip=fd00::5"}).all("ip"),
        (Words{"10.0.0.5", "fd00::5"}));
}

TEST(Grammar, TakesANounWithoutVerbs) {
    const auto invocation = parse({"sync", "--wait", "hosts"});
    ASSERT_TRUE(invocation) << invocation.error().text;
    EXPECT_STREQ(invocation->noun->name, "sync");
    EXPECT_EQ(invocation->arguments.text("wait"), "hosts");
}

TEST(Grammar, EndsOptionsAtTwoDashes) {
    EXPECT_EQ(arguments_of({"org", "create", "--", "-x"}).operands, Words{"-x"});
}

TEST(Grammar, TakesAnEmptyValueThatStandsApart) {
    EXPECT_EQ(arguments_of({"org", "set", "acme", "--description", ""}).maybe("description"), "");
}

TEST(Grammar, AsksForHelpAtEachLevel) {
    for (const Words& words : {Words{"--help"}, Words{"nic", "--help"}, Words{"nic", "-h"},
                               Words{"nic", "create", "--help"}, Words{"--help", "nic"}}) {
        const auto invocation = parse(words);
        ASSERT_TRUE(invocation) << invocation.error().text;
        EXPECT_EQ(invocation->action, Invocation::Action::help);
    }
    EXPECT_TRUE(parse({"nic", "create", "--help"})->verb);
    EXPECT_FALSE(parse({"nic", "--help"})->verb);
}

TEST(Grammar, NamesWhatIsWrongAndWhereHelpIs) {
    const struct {
        Words words;
        const char* text;
    } cases[] = {
        {{}, "what shall be done; see 'network-ctl --help'"},
        {{"netwrok", "list"},
         "'netwrok' is nothing that network-ctl knows: did you mean 'network'?; see 'network-ctl "
         "--help'"},
        {{"nic"},
         "nic what: it has create, list, show, set, bind, unbind, delete; see 'network-ctl nic "
         "--help'"},
        {{"nic", "crate"},
         "nic has no 'crate': did you mean 'create'?; see 'network-ctl nic --help'"},
        {{"nic", "bind", "a"}, "HOST is missing; see 'network-ctl nic bind --help'"},
        {{"nic", "bind"}, "NIC is missing; see 'network-ctl nic bind --help'"},
        {{"org", "list", "acme"},
         "'acme' is one operand too many; see 'network-ctl org list --help'"},
        {{"org", "create", "acme", "--mtu", "1"},
         "unrecognised option '--mtu'; see 'network-ctl org create --help'"},
        {{"org", "list", "--form", "json"},
         "unrecognised option '--form'; see 'network-ctl org list --help'"},
        {{"org", "list", "--format", "yaml"},
         "--format yaml: it is one of table|json|csv; see 'network-ctl org list --help'"},
        {{"--wait", "host", "org", "list"},
         "--wait host: it is one of none|controller|hosts; see 'network-ctl org list --help'"},
        {{"org", "list", "--format"},
         "the required argument for option '--format' is missing; see 'network-ctl org list "
         "--help'"},
        {{"org", "list", "--db", "a", "--db", "b"},
         "--db is given 2 times, and can be given once; see 'network-ctl org list --help'"},
        {{"org", "create", "a", "--may-exist=1"},
         "option '--may-exist' does not take any arguments; see 'network-ctl org create --help'"},
    };
    for (const auto& [words, text] : cases)
        EXPECT_EQ(trouble(words), text);
}

TEST(Grammar, RefusesWhatIsNotBuiltByItsName) {
    for (const char* noun : {"nat", "external-network", "gateway", "user", "quota"}) {
        const auto invocation = parse({noun, "list"});
        ASSERT_FALSE(invocation);
        EXPECT_EQ(invocation.error(),
                  (Error{ErrorKind::unsupported, std::string(noun) + ": not built yet"}));
    }
}

TEST(Grammar, KnowsWordsThatStandForThemselves) {
    EXPECT_TRUE(parse({"route", "add", "main", "default", "via", "10.0.0.1"}));
    EXPECT_EQ(trouble({"route", "add", "main", "default", "10.0.0.1", "via"}),
              "'10.0.0.1' stands where 'via' is expected; see 'network-ctl route add --help'");
    EXPECT_EQ(trouble({"route", "add", "main", "default"}),
              "via is missing; see 'network-ctl route add --help'");
}

TEST(Arguments, ReadNumbersWithinTheirRange) {
    const auto number = [](const char* text) {
        return Arguments{{}, {{"mtu", {text}}}}.number("mtu", 68, 9000);
    };
    EXPECT_EQ(number("68").value(), 68);
    EXPECT_EQ(Arguments{}.number("mtu", 68, 9000).value(), std::nullopt);
    for (const char* text : {"67", "9001", "", "x", "1500x", " 1500", "99999999999999999999"})
        EXPECT_EQ(number(text).error().text,
                  std::string("--mtu ") + text + ": it is a number from 68 to 9000");
}

// --- Names --------------------------------------------------------------------------------------
std::string resolved(const char* text, Scopes scopes,
                     std::map<std::string, std::vector<std::string>, std::less<>> options = {}) {
    const auto path = path_of(Arguments{{}, std::move(options)}, text, scopes);
    return path ? path->text() : path.error().text;
}

TEST(Names, AreCompletedByTheScope) {
    EXPECT_EQ(resolved("acme/front", in_organization), "acme/front");
    EXPECT_EQ(resolved("front", in_organization, {{"org", {"acme"}}}), "acme/front");
    EXPECT_EQ(resolved("acme/front", in_organization, {{"org", {"acme"}}}), "acme/front");
    EXPECT_EQ(resolved("acme/shop/web", in_vapp), "acme/shop/web");
    EXPECT_EQ(resolved("web", in_vapp, {{"org", {"acme"}}, {"vapp", {"shop"}}}), "acme/shop/web");
    EXPECT_EQ(resolved("shop/web", in_vapp, {{"org", {"acme"}}}), "acme/shop/web");
    EXPECT_EQ(resolved("0", in_vm, {{"org", {"acme"}}, {"vapp", {"shop"}}, {"vm", {"web"}}}),
              "acme/shop/web/0");
}

TEST(Names, LieInTheVappDefaultWhenNoneIsSaid) {
    EXPECT_EQ(resolved("acme/web", in_vapp), "acme/default/web");
    EXPECT_EQ(resolved("acme/web", in_vapp, {{"vapp", {"shop"}}}), "acme/shop/web");
    EXPECT_EQ(resolved("web", in_vapp, {{"org", {"acme"}}}), "acme/default/web");
}

TEST(Names, ThatCannotBeCompletedSayWhatIsMissing) {
    EXPECT_EQ(resolved("front", in_organization),
              "front: in which org is it; say --org or put it in front, with a slash");
    EXPECT_EQ(resolved("0", in_vm, {{"org", {"acme"}}}),
              "0: in which vm is it; say --vm or put it in front, with a slash");
    EXPECT_EQ(resolved("b/front", in_organization, {{"org", {"acme"}}}),
              "b/front: it does not lie in --org acme");
    EXPECT_EQ(resolved("a/b/c", in_organization), "'a/b/c' is no name here");
    EXPECT_EQ(resolved("", in_organization), "'' is no name here");
    EXPECT_EQ(scope_of(Arguments{{}, {{"vapp", {"shop"}}}}).error().text,
              "--vapp shop: say --org, too");
}

} // namespace
} // namespace ringfence::ctl
