// How an object of the cloud is called: its name behind those of what it lies in.
//
//     organization    acme                    virtual data center  acme/default
//     network         acme/front              vApp                 acme/shop
//     vApp network    acme/shop/back          virtual machine      acme/shop/web-0
//     NIC             acme/shop/web-0/0       host, network pool   host-a
#pragma once

#include <compare>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace ringfence::client {

class Path {
public:
    Path() = default;
    Path(std::initializer_list<std::string> names) : names_(names) {}
    explicit Path(std::vector<std::string> names) : names_(std::move(names)) {}
    // Cut at every '/'; "" has no names. Says nothing about whether such an object may exist.
    static Path split(std::string_view text);

    size_t depth() const { return names_.size(); }
    const std::string& operator[](size_t index) const { return names_[index]; }
    const std::vector<std::string>& names() const { return names_; }
    Path child(std::string_view name) const;
    std::string text() const;
    auto operator<=>(const Path&) const = default;

private:
    std::vector<std::string> names_;
};

inline Path Path::split(std::string_view text) {
    Path path;
    while (!text.empty()) {
        const size_t slash = text.find('/');
        path.names_.emplace_back(text.substr(0, slash));
        if (slash == std::string_view::npos)
            return path;
        text.remove_prefix(slash + 1);
        if (text.empty())
            path.names_.emplace_back();
    }
    return path;
}

inline Path Path::child(std::string_view name) const {
    Path path = *this;
    path.names_.emplace_back(name);
    return path;
}

inline std::string Path::text() const {
    std::string text;
    for (size_t i = 0; i < names_.size(); ++i)
        text.append(i ? "/" : "").append(names_[i]);
    return text;
}

} // namespace ringfence::client
