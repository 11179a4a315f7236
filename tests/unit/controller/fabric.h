// Southbound databases for the compiler's tests: what hosts say goes in, rows as lines come out.
// And both databases with a Compiler that follows them, as in the controller.
#pragma once

#include <string>
#include <vector>

#include "controller/compiler/compile.h"
#include "controller/compiler/difference.h"
#include "tests/unit/controller/cloud.h"

namespace ringfence::test {

// A southbound database in which h1 and h2 have dialed in (192.0.2.1 and .2, underlay MTU 1500).
southbound::Tables fabric();
southbound::HostStatus make_status(const std::string& host, const std::string& vtep,
                                   int64_t underlay_mtu = 1500);
southbound::PortClaim make_claim(const std::string& host, const std::string& port,
                                 bool ready = true, int64_t claimed = 0);

// Two databases that nobody else writes, and a Compiler that follows them.
class World {
public:
    explicit World(northbound::Tables intent = cloud(), southbound::Tables current = fabric())
        : north_(std::move(intent)), south_(std::move(current)), compiler_(north_, south_) {}

    const northbound::Tables& north() const { return north_; }
    const southbound::Tables& south() const { return south_; }
    compiler::Compiler& compiler() { return compiler_; }

    // fn(northbound tables, southbound tables) changes them, in one update of each; returns what
    // the Compiler takes it for.
    template <class Fn> compiler::News change(Fn fn) {
        const auto north = north_;
        const auto south = south_;
        fn(north_, south_);
        return std::max(compiler_.follow(compiler::difference(north, north_)),
                        compiler_.follow(compiler::difference(south, south_)));
    }
    // What the controller does in a round; each returns what it wrote.
    compiler::Plan compile();
    compiler::Report report(int64_t time = 1000);
    void round(int64_t time = 1000) {
        compile();
        report(time);
    }

private:
    northbound::Tables north_;
    southbound::Tables south_;
    compiler::Compiler compiler_;
};

// Hosts, segments and ports, one line each, sorted.
std::vector<std::string> lines(const southbound::Tables& rows);
// The note of the object "path: ..." or "".
std::string note_of(const compiler::Compiled& compiled, const Uuid& object);

} // namespace ringfence::test
