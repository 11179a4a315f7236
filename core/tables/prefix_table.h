// Longest prefix match, IPv4 and IPv6, in bytes a route: for routers with three routes and for
// those with a hundred thousand, not for a line card. Immutable; copies share everything.
//
// Prefixes lie sorted by address, then by length, and each knows the one that encloses it most
// closely. Of the prefixes that contain an address, each begins at or before it; take the last that
// does so. Either that one contains the address, and is the longest, or one that encloses it is:
//
//     0.0.0.0/0         -                      10.1.2.3:    last before it is 10.1.0.0/16: found
//     10.0.0.0/8        in 0.0.0.0/0           10.9.0.1:    10.1.0.0/16 doesn't, 10.0.0.0/8 does
//     10.1.0.0/16       in 10.0.0.0/8          192.0.2.1:   10.1.0.0/16, 10.0.0.0/8 don't, /0 does
//
// So a look-up is a binary search and as many steps outwards as prefixes are nested there.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/tables/hash.h"
#include "core/types/addresses.h"

namespace ringfence {

// Value is small and copied. The work of making one is that of sorting its routes.
template <class Value> class PrefixTable {
public:
    using Route = std::pair<IpPrefix, Value>;

    PrefixTable() = default; // empty
    // Of two routes with the same prefix the first counts.
    explicit PrefixTable(const std::vector<Route>& routes) : v4_(routes), v6_(routes) {}

    // The value of the longest prefix that contains the address; nullptr where none does. Valid as
    // long as this table or a copy is.
    const Value* find(const IpAddr& address) const {
        return address.is_v4() ? find(*address.v4()) : find(*address.v6());
    }
    const Value* find(Ipv4Addr address) const { return v4_.find(number(address)); }
    const Value* find(const Ipv6Addr& address) const { return v6_.find(number(address)); }

    size_t size() const { return v4_.size() + v6_.size(); }
    // In the order of addresses, IPv4 first: visit(const IpPrefix&, const Value&).
    template <class Visit> void for_each(Visit visit) const {
        v4_.for_each(visit);
        v6_.for_each(visit);
    }
    // Heap that all copies share, in bytes.
    size_t bytes() const { return v4_.bytes() + v6_.bytes(); }

private:
    static uint32_t number(Ipv4Addr address) { return address.value; }
    static Uint128 number(const Ipv6Addr& address) {
        uint64_t high, low;
        std::memcpy(&high, address.bytes.data(), 8);
        std::memcpy(&low, address.bytes.data() + 8, 8);
        return Uint128{__builtin_bswap64(high)} << 64 | __builtin_bswap64(low);
    }

    static Ipv4Addr address(uint32_t number) { return Ipv4Addr{number}; }
    static Ipv6Addr address(Uint128 number) {
        uint64_t high = __builtin_bswap64(static_cast<uint64_t>(number >> 64));
        uint64_t low = __builtin_bswap64(static_cast<uint64_t>(number));
        Ipv6Addr address;
        std::memcpy(address.bytes.data(), &high, 8);
        std::memcpy(address.bytes.data() + 8, &low, 8);
        return address;
    }

    // The prefixes of one family; Number is as wide as its addresses.
    template <class Number> class Family {
    public:
        Family() = default;
        explicit Family(const std::vector<Route>& routes) {
            std::vector<Entry> entries;
            for (const auto& [prefix, value] : routes)
                if (prefix.address().is_v4() == is_v4)
                    entries.push_back({first_of(prefix), none, prefix.length(), value});
            sort(entries);
            link(entries);
            entries.shrink_to_fit();
            if (!entries.empty())
                entries_ = std::make_shared<const std::vector<Entry>>(std::move(entries));
        }

        const Value* find(Number address) const {
            if (!entries_)
                return nullptr;
            const std::vector<Entry>& entries = *entries_;
            auto behind = std::upper_bound(
                entries.begin(), entries.end(), address,
                [](Number wanted, const Entry& entry) { return wanted < entry.first; });
            auto place = static_cast<uint32_t>(behind - entries.begin()) - 1; // none: before all
            while (place != none && !entries[place].contains(address))
                place = entries[place].parent;
            return place == none ? nullptr : &entries[place].value;
        }
        size_t size() const { return entries_ ? entries_->size() : 0; }
        template <class Visit> void for_each(Visit visit) const {
            for (size_t i = 0; i < size(); ++i) {
                const Entry& entry = (*entries_)[i];
                visit(*IpPrefix::from(PrefixTable::address(entry.first), entry.length),
                      entry.value);
            }
        }
        size_t bytes() const { return size() * sizeof(Entry); }

    private:
        static constexpr bool is_v4 = sizeof(Number) == 4;
        static constexpr uint32_t none = 0xffffffff;
        struct Entry {
            Number first;    // the prefix's address
            uint32_t parent; // index of the prefix that encloses it most closely, or none
            unsigned length; // in bits
            Value value;

            bool contains(Number address) const {
                constexpr unsigned bits = sizeof(Number) * 8;
                return length == 0 || (address ^ first) >> (bits - length) == 0;
            }
        };

        static Number first_of(const IpPrefix& prefix) {
            if constexpr (is_v4)
                return number(*prefix.address().v4());
            else
                return number(*prefix.address().v6());
        }
        static void sort(std::vector<Entry>& entries) {
            auto place = [](const Entry& entry) { return std::pair(entry.first, entry.length); };
            std::stable_sort(entries.begin(), entries.end(),
                             [&](const auto& a, const auto& b) { return place(a) < place(b); });
            auto same = [&](const auto& a, const auto& b) { return place(a) == place(b); };
            entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
        }
        // What encloses an entry encloses the one before it too, or is that one.
        static void link(std::vector<Entry>& sorted) {
            for (uint32_t i = 1; i < sorted.size(); ++i) {
                uint32_t outer = i - 1;
                while (outer != none && !sorted[outer].contains(sorted[i].first))
                    outer = sorted[outer].parent;
                sorted[i].parent = outer;
            }
        }

        std::shared_ptr<const std::vector<Entry>> entries_; // none: empty
    };

    Family<uint32_t> v4_;
    Family<Uint128> v6_;
};

} // namespace ringfence
