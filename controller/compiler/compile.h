// Intent in, flow tables out: the whole of what the controller knows how to do, without a
// connection and without a clock.
//
//     northbound changes ---+                +-> plan(): southbound transaction
//                           +--> compile() --+
//     what hosts say     ---+                +-> report(): northbound status, another transaction
//
// Each row is made by a small function of one object and of what it reads (units.h); an engine
// (engine.h) asks the functions again that a change concerns. A bad object gets its note and no
// row, an object whose parent is bad waits for it, and nobody else notices.
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "controller/compiler/engine.h"
#include "controller/compiler/news.h"
#include "controller/compiler/notes.h"
#include "controller/compiler/plan.h"
#include "controller/compiler/report.h"
#include "controller/compiler/unit.h"
#include "ovsdb/northbound.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

class Compiler {
public:
    // From scratch. The tables outlive it, and may change between its calls; each change of theirs
    // is told by follow(), after it has happened.
    Compiler(const northbound::Tables& intent, const southbound::Tables& fabric);

    News follow(const northbound::Changes& changes);
    News follow(const southbound::Changes& changes);

    // Brings the results up to date.
    Effort compile();
    // What leads from the southbound database as it is to what was compiled. What isn't done, or
    // is undone by others, is in the next plan.
    Plan plan() const { return planner_.plan(); }
    // Likewise for the northbound one; after the plan was carried out.
    Report report(const Progress& progress) { return reporter_.report(progress); }

    // The controller's rows as they should be; Host_Config without numbers.
    const southbound::Tables& wanted() const { return engine_.products().wanted(); }
    std::unordered_map<ovsdb::Uuid, Note> notes() const { return engine_.products().notes(); }

private:
    Engine engine_;
    Sources sources_;
    Planner planner_;
    Reporter reporter_;
};

// Everything at once: what a Compiler that starts now leads to.
struct Compiled {
    southbound::Tables wanted;                   // the whole database, after the plan
    std::unordered_map<ovsdb::Uuid, Note> notes; // by northbound object
    std::set<std::string> touched;               // hosts
    bool empty = true;                           // the plan
};
Compiled compile(const northbound::Tables& intent, const southbound::Tables& current);

} // namespace ringfence::compiler
