// network-ctl as a program, on a database of its own.
#pragma once

#include <fstream>
#include <sstream>

#include <sys/wait.h>

#include "tests/unit/client/fixture.h"

namespace ringfence::client {

struct Outcome {
    int status = 0; // 128 + N when it was ended by signal N
    std::string out;
    std::string err;
};

inline std::string contents(const std::string& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

class ProgramTest : public CloudTest {
protected:
    using CloudTest::CloudTest;

    // A shell's command line; `network-ctl` and $RINGFENCE_DB are ours.
    Outcome shell(const std::string& command) {
        const std::string base = server_.folder() + "/run";
        const std::string line = "PATH=" RINGFENCE_BIN ":$PATH RINGFENCE_DB=" + server_.remote() +
                                 "; export PATH RINGFENCE_DB; { " + command + "; } >" + base +
                                 ".out 2>" + base + ".err";
        ovsdb::test::Process process({"bash", "-c", line});
        const int status = process.wait();
        return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
                contents(base + ".out"), contents(base + ".err")};
    }
    Outcome run(const std::string& arguments) { return shell("network-ctl " + arguments); }

    void expect(const std::string& arguments, int status, const std::string& out,
                const std::string& err) {
        const Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, status) << arguments;
        EXPECT_EQ(outcome.out, out) << arguments;
        EXPECT_EQ(outcome.err, err) << arguments;
    }
    // Done without a word on stderr.
    void expect_done(const std::string& arguments, const std::string& out = "") {
        expect("--wait none " + arguments, 0, out, "");
    }
};

} // namespace ringfence::client
