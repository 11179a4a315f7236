// What was denied within the last second, so that a flood of it costs one look-up a packet and not
// one decision. Bounded: a new denial may push out another, whose packets are decided again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/packet/verdicts.h"
#include "dataplane/connection/key.h"
#include "dataplane/connection/moment.h"

namespace ringfence {

// Why: next is no denial.
struct DenialReason {
    DenialReason(Verdict verdict = Verdict::next, std::optional<RuleId> by = {})
        : why(verdict), rule(by) {}

    Verdict why;
    std::optional<RuleId> rule; // of a firewall
};

template <class Address> class Denials {
public:
    static constexpr uint32_t lifetime = 1'000; // ms

    // The packet that was denied: another one with the same tuple and other MACs is not.
    struct Packet {
        ConnectionKey<Address> key;
        uint64_t destination_mac, source_mac; // as numbers
    };
    // What the denial stands on: it is void once the port's count of voidings has changed.
    struct Basis {
        PortId port;
        uint32_t voided;
    };

    explicit Denials(uint32_t capacity, const HashSeed& seed);

    void add(const Packet& packet, Basis basis, DenialReason reason, Moment now);
    // Why it was denied; Verdict::next where it was not. voided_of(PortId) is the port's count now.
    template <class VoidedOf>
    DenialReason find(const Packet& packet, Moment now, VoidedOf voided_of) const {
        if (now.since(newest_) >= lifetime) // of a new connection, as a rule
            return {};
        for (const Denial& denial : sets_[place_of(packet)].ways)
            if (denial.reason.why != Verdict::next && denial.key == packet.key &&
                denial.macs_match(packet) && now.since(denial.since) < lifetime &&
                voided_of(PortId(denial.port)) == denial.voided)
                return denial.reason;
        return {};
    }

private:
    struct Denial {
        ConnectionKey<Address> key;
        uint64_t destination_mac = 0, source_mac = 0;
        Moment since;
        uint32_t voided = 0;
        uint16_t port = 0;
        DenialReason reason; // next: empty

        bool macs_match(const Packet& packet) const {
            return destination_mac == packet.destination_mac && source_mac == packet.source_mac;
        }
    };
    struct Set {
        static constexpr unsigned size = 4;
        Denial ways[size];
    };
    size_t place_of(const Packet& packet) const {
        return packet.key.hash(seed_) & (sets_.size() - 1);
    }

    HashSeed seed_;
    std::vector<Set> sets_;     // a power of two
    Moment newest_{0x80000000}; // none yet, or long ago
};

} // namespace ringfence
