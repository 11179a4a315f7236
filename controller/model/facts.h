// What a result was made of. Checks and compile functions are pure: what they return depends on the
// rows and index entries that they read, and on nothing else. Somebody who keeps their results (the
// controller, compiler/engine.h) gives an Observer, is told each fact that is read, and asks again
// when one of those has changed. Everybody else gives none.
#pragma once

#include <cstdint>

namespace ringfence::model {

// One thing that can be read and can change: a row of a table, there or not; what an index has
// under one key. Ids are hashes: two facts with one id cost an evaluation too many, and no more.
using FactId = uint64_t;

class Observer {
public:
    virtual void read(FactId fact) = 0;
    virtual void changed(FactId fact) = 0;

protected:
    ~Observer() = default;
};

// `space`: the address of what the fact is of (an index, a table's description).
inline FactId fact_id(const void* space, uint64_t hash) {
    uint64_t id = hash + 0x9e3779b97f4a7c15u * reinterpret_cast<uintptr_t>(space);
    id = (id ^ id >> 30) * 0xbf58476d1ce4e5b9u; // the finalizer of splitmix64
    id = (id ^ id >> 27) * 0x94d049bb133111ebu;
    return id ^ id >> 31;
}

} // namespace ringfence::model
