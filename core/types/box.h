// A value that is T() as a rule, and then takes the room of a pointer and no heap. Copies are deep;
// two are compared by what is in them.
#pragma once

#include <compare>
#include <memory>
#include <utility>

namespace ringfence {

template <class T> class Box {
public:
    Box() = default;
    Box(T value) : value_(value == T() ? nullptr : std::make_unique<T>(std::move(value))) {}
    Box(const Box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
    Box(Box&& other) noexcept = default;
    Box& operator=(Box other) {
        value_ = std::move(other.value_);
        return *this;
    }

    const T& operator*() const { return value_ ? *value_ : none_; }
    const T* operator->() const { return &**this; }
    T& edit() {
        if (!value_)
            value_ = std::make_unique<T>();
        return *value_;
    }

    friend bool operator==(const Box& a, const Box& b) { return *a == *b; }
    friend auto operator<=>(const Box& a, const Box& b) { return *a <=> *b; }

private:
    inline static const T none_{};
    std::unique_ptr<T> value_; // none: T()
};

} // namespace ringfence
