// What the function of a unit (engine.h) has at hand: what it may read, where it puts what it
// makes, and the question that comes first, whether the object is fit to be compiled.
//
//     void compile_nic(Unit& unit, const northbound::Nic& nic) {
//         if (!unit.accept(nic, {nic.virtual_machine}))
//             return;                                    // a note says why
//         unit.put(compile_port(unit.model(), nic, ...));
//     }
//
// A function is pure: it depends on its row and on what it reads through the unit. It looks rows up
// by UUID and asks indexes; it never walks a table.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "controller/compiler/engine.h"
#include "controller/compiler/groups.h"
#include "controller/model/check.h"
#include "controller/model/model.h"
#include "controller/model/paths.h"

namespace ringfence::compiler {

// A Port_Claim as placement sees it; the first in order claimed first.
struct Claim {
    int64_t claimed = 0;
    std::string host;
    bool ready = false;
    bool active = false;   // it has been, or may be, the port's host by this claim
    bool contends = false; // its port sends although it has moved away
    auto operator<=>(const Claim&) const = default;
};

// An Address_Claim as the claimant's unit sees it.
struct AddressClaim {
    model::Uuid segment;
    std::string address;
    std::string host;
    int64_t number = 0;
    auto operator<=>(const AddressClaim&) const = default;
};

// A port that claims a virtual address and may have it; the first in order has it.
struct Holder {
    int64_t rank = 0; // less, the higher the claim's number is
    std::string host;
    std::string port;
    auto operator<=>(const Holder&) const = default;
};

// Who asks a rule that names an address group: a policy, wherever its ports are, or an edge router.
struct Asker {
    std::string policy; // "" = the edge router
    Sight sight;        // of that one
    auto operator<=>(const Asker&) const = default;
};

// The southbound rows that a unit may read, as they are now.
struct Fabric {
    model::View<southbound::LogicalPort> logical_port; // `host` only: who has the port keeps it

    Fabric(const southbound::Tables& tables, model::Observer* observer)
        : logical_port(tables.logical_port, observer) {}
};

// What units tell other units. An index is filled by kinds before those that read it.
struct Findings {
    explicit Findings(model::Observer* observer);
    ~Findings(); // not inline, as that of model::Indexes

    model::Index<std::string, Claim> claims;                // by port name
    model::Index<std::string, AddressClaim> address_claims; // by port name
    model::Index<model::AddressKey, Holder, model::AddressHash> holders;
    // Made of hosts' rows that go with a host or a segment.
    model::Index<std::string, RowKey> rows_of_host;
    model::Index<model::Uuid, RowKey> rows_of_segment;
    // The culprit's path, by what is refused, and by what waits for that.
    model::Index<model::Uuid, std::string> refused;
    model::Index<std::string, model::Uuid> in_service; // hosts that the fabric forwards to, by name
    model::Index<model::Whole, std::string> served;    // those that get numbers (Host_Config)
    // Who must know of a change in the domain: the hosts with a binding or a claim of a port that
    // needs it; and the port.
    model::Index<std::string, std::pair<std::string, model::Uuid>> hosts_by_domain;
    // Of the firewall, by the name of the policy...
    model::Index<std::string, model::Uuid> rules_of_policy;
    model::Index<std::string, Sight> sights_of_policy; // of the ports that ask it
    // ...and of the address group.
    model::Index<std::string, Asker> askers;
    model::Index<std::string, Member> members;
    // What NICs have behind a translation, by their domain.
    model::Index<std::string, std::string> prefixes_behind;
};

struct Sources {
    Sources(const northbound::Tables& intent, const southbound::Tables& current,
            model::Observer& observer)
        : model(intent, observer), fabric(current, &observer), found(&observer) {}

    model::Model model;
    Fabric fabric;
    Findings found;
};

class Unit {
public:
    Unit(Sources& sources, Made& made) : sources_(sources), made_(made) {}

    // --- What it may read -----------------------------------------------------------------------
    const model::Model& model() const { return sources_.model; }
    const model::Rows& rows() const { return sources_.model.rows(); }
    const Fabric& fabric() const { return sources_.fabric; }
    const Findings& found() const { return sources_.found; }

    // --- What it makes --------------------------------------------------------------------------
    template <class Row> void put(Row row) { made_.product.put(std::move(row)); }
    template <class Object> void note(const Object& object, Note note) {
        made_.product.note(object, std::move(note));
    }
    // An entry of an index, for the kinds that come later.
    template <class Index, class Key, class Value>
    void tell(Index Findings::*index, Key&& key, Value&& value) {
        made_.entries.emit(sources_.found.*index, std::forward<Key>(key),
                           std::forward<Value>(value));
    }
    template <class Index, class Key, class Value>
    void tell(Index model::Indexes::*index, Key&& key, Value&& value) {
        made_.entries.emit(sources_.model.indexes().*index, std::forward<Key>(key),
                           std::forward<Value>(value));
    }

    // The object is not sound, as the note says, and what stands on it will wait.
    template <class Row> void reject(const Row& row, Note note) {
        tell(&Findings::refused, row.uuid, model::path(rows(), row));
        this->note(row, std::move(note));
    }

    // Is the object sound, and all that it stands on? If not its note says why, and what stands on
    // it will wait.
    template <class Row>
    bool accept(const Row& row, std::initializer_list<model::Uuid> parents,
                const Result<>& checked) {
        return accept(row, model::path(rows(), row), parents, checked);
    }
    template <class Row>
    bool accept(const Row& row, std::initializer_list<model::Uuid> parents = {}) {
        return accept(row, parents, model::check(model(), row));
    }

private:
    template <class Row>
    bool accept(const Row& row, const std::string& object,
                std::initializer_list<model::Uuid> parents, const Result<>& checked) {
        auto refusal = refuse(row.uuid, object, parents, checked);
        if (refusal)
            note(row, std::move(*refusal));
        return !refusal;
    }
    std::optional<Note> refuse(const model::Uuid& uuid, const std::string& object,
                               std::initializer_list<model::Uuid> parents, const Result<>& checked);

    Sources& sources_;
    Made& made_;
};

} // namespace ringfence::compiler
