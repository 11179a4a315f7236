// What the controller says about northbound objects.
#pragma once

#include <set>
#include <string>

namespace ringfence::compiler {

// What is to be said about one object, in its `status` column. Where `event` is set, the change of
// the status is an Event of that kind, too.
struct Note {
    std::string text{};
    std::string event{}; // "" = none
    std::set<std::string> objects{};
    std::set<std::string> hosts{};

    // One more thing about the same object. Of two events the first is told.
    void add(Note other) {
        text += "; " + other.text;
        if (event.empty()) {
            event = std::move(other.event);
            objects = std::move(other.objects);
            hosts = std::move(other.hosts);
        }
    }
    bool operator==(const Note&) const = default;
};

namespace event {
inline constexpr char object_refused[] = "object-refused";
inline constexpr char mtu_reduced[] = "mtu-reduced";
inline constexpr char vtep_taken[] = "vtep-taken";
inline constexpr char second_claim[] = "second-claim";
inline constexpr char foreign_claim[] = "claim-outside-data-center";
inline constexpr char host_dialed_in[] = "host-dialed-in";
} // namespace event

} // namespace ringfence::compiler
