// A few values in place, without the heap: for what a packet's way collects. What is not pushed
// costs nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace ringfence {

template <class T, size_t max> class FixedVector {
public:
    static_assert(std::is_trivially_copyable_v<T>);

    bool full() const { return size_ == max; }
    bool empty() const { return size_ == 0; }
    size_t size() const { return size_; }
    void push_back(const T& value) { // not full
        std::construct_at(begin() + size_, value);
        ++size_;
    }
    void clear() { size_ = 0; }

    const T& operator[](size_t i) const { return begin()[i]; }
    T* begin() { return reinterpret_cast<T*>(storage_); }
    T* end() { return begin() + size_; }
    const T* begin() const { return reinterpret_cast<const T*>(storage_); }
    const T* end() const { return begin() + size_; }

private:
    size_t size_ = 0;
    alignas(T) std::byte storage_[max * sizeof(T)];
};

} // namespace ringfence
