#include "controller/compiler/unit.h"

#include <fmt/format.h>

namespace ringfence::compiler {

Findings::Findings(model::Observer* o)
    : claims(o), address_claims(o), holders(o), rows_of_host(o), rows_of_segment(o), refused(o),
      in_service(o), served(o), hosts_by_domain(o), rules_of_policy(o), sights_of_policy(o),
      askers(o), members(o), prefixes_behind(o) {}

Findings::~Findings() = default;

std::optional<Note> Unit::refuse(const model::Uuid& uuid, const std::string& object,
                                 std::initializer_list<model::Uuid> parents,
                                 const Result<>& checked) {
    for (const model::Uuid& parent : parents)
        if (const std::string* culprit = found().refused.first(parent)) {
            tell(&Findings::refused, uuid, *culprit);
            return Note{fmt::format("{}: waits for {}: see its status", object, *culprit)};
        }
    if (checked)
        return std::nullopt;
    tell(&Findings::refused, uuid, object);
    return Note{checked.error().text, event::object_refused, {object}, {}};
}

} // namespace ringfence::compiler
