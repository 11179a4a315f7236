#include "ovsdb/codec.h"

#include <nlohmann/json.hpp>

#include "ovsdb/transaction.h"

namespace ringfence::ovsdb {
namespace {

using Json = nlohmann::json;

// Enough of a value to recognize it in an error.
std::string quote(const Json& json) {
    std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 60)
        text = text.substr(0, 57) + "...";
    return text;
}

bool is_pair(const Json& json, std::string_view tag) {
    return json.is_array() && json.size() == 2 && json[0].is_string() &&
           json[0].get_ref<const std::string&>() == tag;
}

// RFC 7047, clause 5.1, <atom>.
template <class T> struct Atom;
template <> struct Atom<std::string> {
    static Json encode(const std::string& value) { return value; }
    static Result<std::string> decode(const Json& in) {
        if (!in.is_string())
            return fail("{} is not a string", quote(in));
        return in.get_ref<const std::string&>();
    }
};
template <> struct Atom<int64_t> {
    static Json encode(int64_t value) { return value; }
    static Result<int64_t> decode(const Json& in) {
        if (!in.is_number_integer() || (in.is_number_unsigned() && in.get<uint64_t>() > INT64_MAX))
            return fail("{} is not an integer", quote(in));
        return in.get<int64_t>();
    }
};
template <> struct Atom<double> {
    static Json encode(double value) { return value; }
    static Result<double> decode(const Json& in) {
        if (!in.is_number())
            return fail("{} is not a number", quote(in));
        return in.get<double>();
    }
};
template <> struct Atom<bool> {
    static Json encode(bool value) { return value; }
    static Result<bool> decode(const Json& in) {
        if (!in.is_boolean())
            return fail("{} is not a boolean", quote(in));
        return in.get<bool>();
    }
};
template <> struct Atom<Uuid> {
    static Json encode(const Uuid& value) { return Json::array({"uuid", to_string(value)}); }
    static Result<Uuid> decode(const Json& in) {
        if (!is_pair(in, "uuid") || !in[1].is_string())
            return fail("{} is not a UUID", quote(in));
        return Uuid::from(in[1].get_ref<const std::string&>());
    }
};

// The elements of a <set>: ["set", [...]], or one atom standing alone.
template <class T, class Sink> Result<> each_of_set(const Json& in, Sink sink) {
    const auto one = [&](const Json& atom) -> Result<> {
        auto value = Atom<T>::decode(atom);
        if (!value)
            return tl::unexpected(value.error());
        sink(std::move(*value));
        return {};
    };
    if (!is_pair(in, "set"))
        return one(in);
    if (!in[1].is_array())
        return fail("{} is not a set", quote(in));
    for (const Json& atom : in[1])
        if (auto result = one(atom); !result)
            return result;
    return {};
}

template <class K, class V, class Sink> Result<> each_of_map(const Json& in, Sink sink) {
    if (!is_pair(in, "map") || !in[1].is_array())
        return fail("{} is not a map", quote(in));
    for (const Json& pair : in[1]) {
        if (!pair.is_array() || pair.size() != 2)
            return fail("{} is not a pair of a map", quote(pair));
        auto key = Atom<K>::decode(pair[0]);
        if (!key)
            return tl::unexpected(key.error());
        auto value = Atom<V>::decode(pair[1]);
        if (!value)
            return tl::unexpected(value.error());
        sink(std::move(*key), std::move(*value));
    }
    return {};
}

template <class T> struct Codec {
    static constexpr bool difference_is_value = true;
    static Json encode(const T& value) { return Atom<T>::encode(value); }
    static Result<> decode(const Json& in, T& value) {
        // A column of exactly one value may come as a set of one.
        const Json& atom =
            is_pair(in, "set") && in[1].is_array() && in[1].size() == 1 ? in[1][0] : in;
        auto decoded = Atom<T>::decode(atom);
        if (!decoded)
            return tl::unexpected(decoded.error());
        value = std::move(*decoded);
        return {};
    }
    static Result<> apply(const Json& in, T& value) { return decode(in, value); }
};

template <class T> struct Codec<std::optional<T>> {
    static constexpr bool difference_is_value = true;
    static Json encode(const std::optional<T>& value) {
        return value ? Atom<T>::encode(*value) : Json::array({"set", Json::array()});
    }
    static Result<> decode(const Json& in, std::optional<T>& value) {
        value.reset();
        size_t count = 0;
        auto result = each_of_set<T>(in, [&](T element) {
            value = std::move(element);
            ++count;
        });
        if (result && count > 1)
            return fail("{} has more than one element", quote(in));
        return result;
    }
    static Result<> apply(const Json& in, std::optional<T>& value) { return decode(in, value); }
};

template <class T> struct Codec<std::set<T>> {
    static constexpr bool difference_is_value = false;
    static Json encode(const std::set<T>& value) {
        Json elements = Json::array();
        for (const T& element : value)
            elements.push_back(Atom<T>::encode(element));
        return Json::array({"set", std::move(elements)});
    }
    static Result<> decode(const Json& in, std::set<T>& value) {
        value.clear();
        return each_of_set<T>(in, [&](T element) { value.insert(std::move(element)); });
    }
    static Result<> apply(const Json& in, std::set<T>& value) {
        return each_of_set<T>(in, [&](T element) {
            if (!value.erase(element))
                value.insert(std::move(element));
        });
    }
};

template <class K, class V> struct Codec<std::map<K, V>> {
    static constexpr bool difference_is_value = false;
    static Json encode(const std::map<K, V>& value) {
        Json pairs = Json::array();
        for (const auto& [key, element] : value)
            pairs.push_back(Json::array({Atom<K>::encode(key), Atom<V>::encode(element)}));
        return Json::array({"map", std::move(pairs)});
    }
    static Result<> decode(const Json& in, std::map<K, V>& value) {
        value.clear();
        return each_of_map<K, V>(in, [&](K key, V element) {
            value.insert_or_assign(std::move(key), std::move(element));
        });
    }
    // update2: a key that was there with the same value goes, any other key comes or gets the new
    // value.
    static Result<> apply(const Json& in, std::map<K, V>& value) {
        return each_of_map<K, V>(in, [&](K key, V element) {
            const auto found = value.find(key);
            if (found != value.end() && found->second == element)
                value.erase(found);
            else
                value.insert_or_assign(std::move(key), std::move(element));
        });
    }
};

template <class T> const T& as(const void* value) { return *static_cast<const T*>(value); }
template <class T> T& as(void* value) { return *static_cast<T*>(value); }

} // namespace

template <class T> const ValueOps* value_ops() {
    static const ValueOps ops{
        [](const void* value, Json& out) { out = Codec<T>::encode(as<T>(value)); },
        [](const Json& in, void* value) { return Codec<T>::decode(in, as<T>(value)); },
        [](const Json& in, void* value) { return Codec<T>::apply(in, as<T>(value)); },
        Codec<T>::difference_is_value,
        [](const void* left, const void* right) { return as<T>(left) == as<T>(right); },
        [](const void* value) { return as<T>(value) == T{}; },
    };
    return &ops;
}

Value::Value(bool value) : json_(value ? "true" : "false") {}
Value::Value(Integer value) : json_(std::to_string(value.value)) {}
Value::Value(double value) : json_(Json(value).dump()) {}
Value::Value(const std::string& value)
    : json_(Json(value).dump(-1, ' ', false, Json::error_handler_t::replace)) {}
Value::Value(const Uuid& value) : json_(Atom<Uuid>::encode(value).dump()) {}
template <class T>
Value::Value(const std::optional<T>& value)
    : json_(Codec<std::optional<T>>::encode(value).dump(-1, ' ', false,
                                                        Json::error_handler_t::replace)) {}
template <class T>
Value::Value(const std::set<T>& value)
    : json_(
          Codec<std::set<T>>::encode(value).dump(-1, ' ', false, Json::error_handler_t::replace)) {}
template <class K, class V>
Value::Value(const std::map<K, V>& value)
    : json_(Codec<std::map<K, V>>::encode(value).dump(-1, ' ', false,
                                                      Json::error_handler_t::replace)) {}

#define INSTANTIATE_ATOM(T)                                                                        \
    template const ValueOps* value_ops<T>();                                                       \
    template const ValueOps* value_ops<std::optional<T>>();                                        \
    template const ValueOps* value_ops<std::set<T>>();                                             \
    template Value::Value(const std::optional<T>&);                                                \
    template Value::Value(const std::set<T>&)
#define INSTANTIATE_MAP(...)                                                                       \
    template const ValueOps* value_ops<std::map<__VA_ARGS__>>();                                   \
    template Value::Value(const std::map<__VA_ARGS__>&)

INSTANTIATE_ATOM(std::string);
INSTANTIATE_ATOM(int64_t);
INSTANTIATE_ATOM(double);
INSTANTIATE_ATOM(bool);
INSTANTIATE_ATOM(Uuid);
INSTANTIATE_MAP(std::string, std::string);
INSTANTIATE_MAP(std::string, int64_t);
INSTANTIATE_MAP(std::string, Uuid);
INSTANTIATE_MAP(int64_t, std::string);
INSTANTIATE_MAP(int64_t, int64_t);
INSTANTIATE_MAP(int64_t, Uuid);

} // namespace ringfence::ovsdb
