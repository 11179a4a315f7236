// The ledger of addresses (Address_Allocation) as a draft sees and changes it: which rows an object
// has there, and which addresses are free. Private to the client.
//
// One ledger a network. A row is a MAC or an IP address that is taken there; the index of (network,
// address) makes a second taker fail, however many clients race. So a pick needs no lock: it takes
// what looks free, and who loses the race makes its draft again.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "controller/client/draft.h"
#include "controller/model/subnets.h"

namespace ringfence::client {

// A row of the ledger, as an object wants it.
struct Entry {
    Uuid network;
    std::string address;
    std::string kind;
    std::optional<Uuid> nic{};
    std::string owner{}; // for messages
    bool shared = false; // with others who have it, too: the row is theirs as well
};
using Entries = std::vector<Entry>;

// What the object takes: a NIC its MAC and addresses inside, those that it shares, and its outside
// addresses on the parent; an edge router its MACs and addresses; a network the gateways of its
// subnets and the addresses that are no host's.
Entries entries_of(const nb::Tables& rows, const nb::Nic& nic);
Entries entries_of(const nb::Tables& rows, const nb::EdgeRouter& edge);
Entries entries_of(const nb::Tables& rows, const nb::OrganizationNetwork& network);
Entries entries_of(const nb::Tables& rows, const nb::VappNetwork& network);

// Those of them that the NIC may share with others: its virtual addresses, and the MACs that go
// with them and are not its own.
Entries shared_entries(const nb::Tables& rows, const nb::Nic& nic);

// The network whose ledger a NIC's MAC and addresses inside are in.
Uuid segment_of(const nb::Tables& rows, const nb::Nic& nic);

enum class Family { v4, v6 };
inline constexpr Family families[] = {Family::v4, Family::v6};
inline Family family_of(const IpAddr& address) { return address.is_v4() ? Family::v4 : Family::v6; }

class Ledger {
public:
    // Reads all of it: one a draft.
    explicit Ledger(Draft& draft);

    // Makes rows for what is only in `after`, deletes those of what is only in `before`. A row that
    // somebody else has stays, for the rules to object to; so does a shared one that a NIC has by
    // the draft's rows, which are as they will be then.
    void change(const Entries& before, const Entries& after);
    void add(const Entries& entries) { change({}, entries); }
    void remove(const Entries& entries) { change(entries, {}); }

    // An address for a NIC of the network, from its ranges: free there and, inside a fence, outside
    // of it, too. None when it has no range of that family; kind conflict when all are taken.
    using Pick = Result<std::optional<std::string>>;
    [[nodiscard]] Pick pick_inside(const Uuid& network, Family family);
    // One that stands for somebody on the parent network of a fence: free there, and not used
    // inside any fence of it.
    [[nodiscard]] Pick pick_outside(const Uuid& parent, Family family);
    // One for what the fabric itself does on an IPv4 subnet: a high one that is free, outside of
    // the ranges where it can be, and used inside no fence of the network. None: all are taken, or
    // no more than one is free, which is left to a NIC.
    [[nodiscard]] std::optional<std::string> pick_service(const Uuid& network,
                                                          const IpPrefix& subnet);
    // Unicast and locally administered (IEEE 802-2014, 8.2).
    std::string pick_mac(const Uuid& network);
    bool is_taken(const Uuid& network, const std::string& address) const;

private:
    using Addresses = std::unordered_set<IpAddr>;
    struct Key {
        Uuid network;
        std::string address;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        size_t operator()(const Key& key) const {
            return std::hash<Uuid>{}(key.network) ^ std::hash<std::string>{}(key.address) * 31;
        }
    };
    void take(const Entry& entry);
    void rename(nb::AddressAllocation row, const Entry& entry);
    bool leave_to_network(nb::AddressAllocation row);
    bool is_shared_still(const Entry& entry);
    const Addresses& inside_fences_of(const Uuid& parent);
    // Where a search stopped last time: all before it is taken.
    using Bookmark = std::tuple<Uuid, IpAddr, bool>; // network, first of the range, outside?

    [[nodiscard]] Pick pick(const Uuid& network, Family family, bool outside,
                            const Addresses& avoided);
    std::optional<IpAddr> find_free(const model::AddressRange& range, const Bookmark& bookmark,
                                    const Addresses& avoided, const Addresses& taken);

    Draft& draft_;
    std::unordered_map<Key, Uuid, KeyHash> rows_; // nil: taken, and not in the ledger
    std::unordered_map<Uuid, Addresses> taken_;   // by network
    std::unordered_map<Uuid, Addresses> fenced_;  // by parent; filled when first asked for
    std::map<Bookmark, IpAddr> bookmarks_;
};

} // namespace ringfence::client
