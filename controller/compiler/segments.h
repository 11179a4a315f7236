// Networks to segments.
#pragma once

#include "controller/compiler/notes.h"
#include "controller/model/model.h"
#include "ovsdb/southbound.h"

namespace ringfence::compiler {

// The network is sound, and has a segment of its own.
southbound::Segment compile_segment(const model::Model& model,
                                    const northbound::OrganizationNetwork& network);
southbound::Segment compile_segment(const model::Model& model,
                                    const northbound::VappNetwork& network);

// The network asks for a larger MTU than the underlay carries by now: its segment has less.
std::optional<Note> mtu_note(const model::Model& model,
                             const northbound::OrganizationNetwork& network);
std::optional<Note> mtu_note(const model::Model& model, const northbound::VappNetwork& network);

} // namespace ringfence::compiler
