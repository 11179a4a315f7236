#include "controller/compiler/compile.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "controller/compiler/difference.h"
#include "controller/compiler/roles.h"
#include "controller/compiler/units.h"

namespace ringfence::compiler {

Compiler::Compiler(const northbound::Tables& intent, const southbound::Tables& fabric)
    : sources_(intent, fabric, engine_), planner_(sources_.found, engine_.products(), fabric),
      reporter_(engine_.products(), intent, fabric) {
    engine_.products().commit({}, {}, compile_roles());
    add_units(engine_, sources_, intent, fabric);
}

News Compiler::follow(const northbound::Changes& changes) {
    News news = News::none;
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table) {
            using Row = std::remove_cvref_t<decltype(change.row())>;
            reporter_.follow(change);
            if (!change.modified.intersects(intent_columns<Row>()))
                continue;
            engine_.row_changed(change.row());
            news = News::placement;
        }
    });
    return news;
}

News Compiler::follow(const southbound::Changes& changes) {
    News news = News::none;
    changes.each([&](const auto& of_table) {
        for (const auto& change : of_table) {
            using Row = std::remove_cvref_t<decltype(change.row())>;
            reporter_.follow(change);
            planner_.look_at(key_of(change.row()));
            if (change.modified.intersects(reported_columns<Row>()))
                engine_.row_changed(change.row());
        }
    });
    for (const auto& change : changes.host_status)
        news = std::max(news, news_of(change));
    return engine_.idle() && planner_.settled() ? news : News::placement;
}

Effort Compiler::compile() {
    const Effort effort = engine_.run();
    planner_.look_at(std::exchange(engine_.products().changed_rows(), {}));
    reporter_.look_at(std::exchange(engine_.products().changed_notes(), {}));
    return effort;
}

Compiled compile(const northbound::Tables& intent, const southbound::Tables& current) {
    Compiler compiler(intent, current);
    compiler.compile();
    Plan plan = compiler.plan();
    Compiled compiled{current, compiler.notes(), plan.touched, plan.empty()};
    apply(plan.changes(), compiled.wanted);
    return compiled;
}

} // namespace ringfence::compiler
