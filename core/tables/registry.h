// Objects by a small dense id. A copy of a Registry shares all objects; setting one then copies the
// page of 64 pointers that it stands in and no more. For what a Fabric holds: workers only find(),
// through a const reference; the thread that edits is the one that also drops old copies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace ringfence {

template <class T> class Registry {
public:
    // nullptr where no object has the id.
    const T* find(uint32_t id) const {
        const Page* page = id / page_size < pages_.size() ? pages_[id / page_size].get() : nullptr;
        return page ? page->slots[id % page_size].get() : nullptr;
    }

    std::shared_ptr<const T> share(uint32_t id) const {
        return find(id) ? pages_[id / page_size]->slots[id % page_size] : nullptr;
    }

    // nullptr takes the object out.
    void set(uint32_t id, std::shared_ptr<const T> object) {
        if (id / page_size >= pages_.size())
            pages_.resize(id / page_size + 1);
        auto& page = pages_[id / page_size];
        if (!page)
            page = std::make_shared<Page>();
        else if (page.use_count() > 1)
            page = std::make_shared<Page>(*page);
        page->slots[id % page_size] = std::move(object);
    }

    // In the order of their ids: visit(const T&).
    template <class Visit> void for_each(Visit visit) const {
        for (const auto& page : pages_)
            if (page)
                for (const auto& object : page->slots)
                    if (object)
                        visit(*object);
    }

private:
    static constexpr uint32_t page_size = 64;
    struct Page {
        std::array<std::shared_ptr<const T>, page_size> slots;
    };
    std::vector<std::shared_ptr<Page>> pages_;
};

} // namespace ringfence
