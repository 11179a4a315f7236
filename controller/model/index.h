// Questions that cross tables, answered by look-ups: from a key to the values under it, least
// first. Entries have an owner, the row (or whatever else) that they were made of; who makes an
// owner's entries anew hands over all of them, and only the difference is touched:
//
//     Emitter out;
//     out.emit(index.vteps, "192.0.2.1", {true, host.uuid});
//     out.commit(owner);       // replaces what that owner had in the indexes that it mentions
//
// Readers are told to the Observer by key, and by what they ask: whoever asks for the first value
// only is not concerned by a second one.
#pragma once

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "controller/model/facts.h"

namespace ringfence::model {

using Owner = uint32_t;

class AnyIndex {
public:
    AnyIndex() = default;
    AnyIndex(const AnyIndex&) = delete;

    // What was emitted takes the place of what the owner had here.
    virtual void commit(Owner owner) = 0;
    // What was emitted is here for good.
    virtual void keep() = 0;

protected:
    ~AnyIndex() = default;
};

template <class Key, class Value, class Hash = std::hash<Key>> class Index final : public AnyIndex {
public:
    using Values = std::multiset<Value>;

    explicit Index(Observer* observer = nullptr) : observer_(observer) {}

    // The least value under the key, and the greatest; null when there is none. Valid until the
    // index changes.
    const Value* first(const Key& key) const {
        const Values& values = look(key, Aspect::first);
        return values.empty() ? nullptr : &*values.begin();
    }
    const Value* last(const Key& key) const {
        const Values& values = look(key, Aspect::last);
        return values.empty() ? nullptr : &*values.rbegin();
    }
    const Values& all(const Key& key) const { return look(key, Aspect::all); }

    void emit(Key key, Value value) { emitted_.emplace_back(std::move(key), std::move(value)); }
    void commit(Owner owner) override;
    void keep() override {
        for (auto& [key, value] : std::exchange(emitted_, {}))
            values_[std::move(key)].insert(std::move(value));
    }

private:
    using Entry = std::pair<Key, Value>;
    enum class Aspect : uint8_t { all, first, last };

    FactId fact(const Key& key, Aspect aspect) const {
        return fact_id(this, Hash{}(key)*4 + static_cast<uint64_t>(aspect));
    }
    const Values& look(const Key& key, Aspect aspect) const {
        static const Values nothing;
        if (observer_)
            observer_->read(fact(key, aspect));
        auto found = values_.find(key);
        return found == values_.end() ? nothing : found->second;
    }
    void add(const Entry& entry);
    void remove(const Entry& entry);
    void tell(const Key& key, bool of_first, bool of_last) const;

    Observer* observer_;
    std::unordered_map<Key, Values, Hash> values_;
    std::unordered_map<Owner, std::vector<Entry>> owned_; // sorted
    std::vector<Entry> emitted_;
};

// Collects which indexes one owner's entries go to.
class Emitter {
public:
    template <class Key, class Value, class Hash>
    void emit(Index<Key, Value, Hash>& index, std::type_identity_t<Key> key,
              std::type_identity_t<Value> value) {
        index.emit(std::move(key), std::move(value));
        if (std::ranges::find(indexes_, &index) == indexes_.end())
            indexes_.push_back(&index);
    }
    // Returns the indexes that have entries of the owner now; `before`: those that had.
    std::vector<AnyIndex*> commit(Owner owner, const std::vector<AnyIndex*>& before) {
        for (AnyIndex* index : before)
            if (std::ranges::find(indexes_, index) == indexes_.end())
                index->commit(owner);
        for (AnyIndex* index : indexes_)
            index->commit(owner);
        return std::exchange(indexes_, {});
    }
    void keep() {
        for (AnyIndex* index : std::exchange(indexes_, {}))
            index->keep();
    }

private:
    std::vector<AnyIndex*> indexes_;
};

template <class Key, class Value, class Hash> void Index<Key, Value, Hash>::commit(Owner owner) {
    std::vector<Entry> now = std::exchange(emitted_, {});
    std::ranges::sort(now);
    std::vector<Entry>& before = owned_[owner];
    std::vector<Entry> gone, come;
    std::ranges::set_difference(before, now, std::back_inserter(gone));
    std::ranges::set_difference(now, before, std::back_inserter(come));
    std::ranges::for_each(gone, [&](const Entry& entry) { remove(entry); });
    std::ranges::for_each(come, [&](const Entry& entry) { add(entry); });
    if (now.empty())
        owned_.erase(owner);
    else
        before = std::move(now);
}

template <class Key, class Value, class Hash>
void Index<Key, Value, Hash>::add(const Entry& entry) {
    Values& values = values_[entry.first];
    auto at = values.insert(entry.second);
    bool leads = at == values.begin(), trails = std::next(at) == values.end();
    tell(entry.first, leads, trails);
}

template <class Key, class Value, class Hash>
void Index<Key, Value, Hash>::remove(const Entry& entry) {
    auto found = values_.find(entry.first);
    Values& values = found->second;
    auto at = values.find(entry.second);
    bool led = at == values.begin(), trailed = std::next(at) == values.end();
    values.erase(at);
    if (values.empty())
        values_.erase(found);
    tell(entry.first, led, trailed);
}

template <class Key, class Value, class Hash>
void Index<Key, Value, Hash>::tell(const Key& key, bool of_first, bool of_last) const {
    if (!observer_)
        return;
    observer_->changed(fact(key, Aspect::all));
    if (of_first)
        observer_->changed(fact(key, Aspect::first));
    if (of_last)
        observer_->changed(fact(key, Aspect::last));
}

} // namespace ringfence::model
