#include "core/packet/verdicts.h"

namespace ringfence {

const char* name_of(VerdictKind kind) {
    switch (kind) {
    case VerdictKind::next:
        return "next";
    case VerdictKind::in:
        return "in";
    case VerdictKind::out:
        return "out";
    case VerdictKind::drop:
        return "drop";
    case VerdictKind::system:
        return "system";
    case VerdictKind::note:
        return "note";
    }
    return "";
}

std::optional<Verdict> verdict_from(std::string_view name) {
    for (size_t i = 0; i < verdict_count; ++i)
        if (verdict_infos[i].name == name)
            return static_cast<Verdict>(i);
    return std::nullopt;
}

} // namespace ringfence
