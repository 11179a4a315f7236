#include "core/packet/verdicts.h"

namespace ringfence {

std::optional<Verdict> verdict_from(std::string_view name) {
    for (size_t i = 0; i < verdict_count; ++i)
        if (verdict_infos[i].name == name)
            return static_cast<Verdict>(i);
    return std::nullopt;
}

} // namespace ringfence
