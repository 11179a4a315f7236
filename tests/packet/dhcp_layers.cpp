#include "tests/packet/dhcp_layers.h"

#include <algorithm>
#include <array>
#include <map>
#include <sstream>
#include <stdexcept>

#include <fmt/core.h>

#include "core/types/addresses.h"

namespace ringfence::test {

namespace {

using Bytes = std::vector<uint8_t>;

[[noreturn]] void bad(std::string_view what, std::string_view where) {
    throw std::runtime_error(fmt::format("{}: \"{}\"", what, where));
}

Bytes number(uint64_t value, size_t width) {
    Bytes bytes;
    for (size_t i = 0; i < width; ++i)
        bytes.push_back(static_cast<uint8_t>(value >> (8 * (width - 1 - i))));
    return bytes;
}

Bytes hex_or_nothing(const std::string& text) {
    Bytes bytes;
    if (text == "-")
        return bytes;
    if (text.size() % 2)
        bad("odd number of hex digits", text);
    for (size_t i = 0; i < text.size(); i += 2)
        bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
    return bytes;
}

std::vector<std::string> list(const std::string& text) {
    std::vector<std::string> words;
    std::istringstream stream{text};
    for (std::string word; std::getline(stream, word, ',');)
        words.push_back(word);
    return words;
}

Bytes addresses(const std::string& text) {
    Bytes bytes;
    for (const std::string& word : list(text)) {
        auto address = IpAddr::from(word);
        if (!address)
            bad("not an address", word);
        Bytes one = address->is_v4()
                        ? number(address->v4()->value, 4)
                        : Bytes(address->v6()->bytes.begin(), address->v6()->bytes.end());
        bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
}

Bytes numbers(const std::string& text, size_t width) {
    Bytes bytes;
    for (const std::string& word : list(text)) {
        Bytes one = number(std::stoull(word, nullptr, 0), width);
        bytes.insert(bytes.end(), one.begin(), one.end());
    }
    return bytes;
}

// Words from left to right.
class Words {
public:
    explicit Words(const std::vector<std::string>& words) : words_(words) {}
    bool done() const { return at_ == words_.size(); }
    const std::string& next() {
        if (done())
            bad("too short", words_.empty() ? "" : words_.back());
        return words_[at_++];
    }
    uint64_t number() { return std::stoull(next(), nullptr, 0); }

private:
    const std::vector<std::string>& words_;
    size_t at_ = 0;
};

// --- DHCPv4

class Dhcp4Text {
public:
    explicit Dhcp4Text(const std::vector<std::string>& words) : words_(words) {}

    Bytes build() {
        begin();
        while (!words_.done()) {
            const std::string& word = words_.next();
            if (!take_field(word) && !take_option(word))
                bad("unknown word of dhcp", word);
        }
        return finish();
    }

private:
    void begin() {
        static const std::array<const char*, 9> types = {
            "none", "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"};
        const std::string& type = words_.next();
        auto known = std::find(types.begin(), types.end(), type);
        auto code =
            known != types.end() ? static_cast<uint64_t>(known - types.begin()) : std::stoull(type);
        bool reply = code == 2 || code == 5 || code == 6;
        header_ = Bytes{static_cast<uint8_t>(reply ? 2 : 1), 1, 6, 0};
        header_.resize(236);
        if (code)
            add(53, number(code, 1));
    }

    void poke(size_t at, const Bytes& bytes) {
        std::copy(bytes.begin(), bytes.end(), header_.begin() + static_cast<long>(at));
    }
    bool take_field(const std::string& word) {
        static const std::map<std::string, std::pair<size_t, size_t>> fields = {
            {"op", {0, 1}}, {"htype", {1, 1}}, {"hlen", {2, 1}}, {"hops", {3, 1}}, {"xid", {4, 4}}};
        static const std::map<std::string, size_t> places = {
            {"ciaddr", 12}, {"yiaddr", 16}, {"siaddr", 20}, {"giaddr", 24}};
        if (auto field = fields.find(word); field != fields.end())
            poke(field->second.first, number(words_.number(), field->second.second));
        else if (auto place = places.find(word); place != places.end())
            poke(place->second, addresses(words_.next()));
        else if (word == "broadcast")
            poke(10, {0x80, 0});
        else if (word == "chaddr")
            poke(28, mac(words_.next()));
        else if (word == "sname")
            poke(44, hex_or_nothing(words_.next()));
        else if (word == "file")
            poke(108, hex_or_nothing(words_.next()));
        else if (word == "cookie")
            cookie_ = hex_or_nothing(words_.next());
        else if (word == "size")
            size_ = words_.number();
        else if (word == "no-end")
            ends_ = false;
        else if (word == "in")
            area_ = words_.next();
        else
            return false;
        return true;
    }
    static Bytes mac(const std::string& text) {
        auto mac = MacAddr::from(text);
        if (!mac)
            bad("not a MAC", text);
        return Bytes(mac->bytes.begin(), mac->bytes.end());
    }

    bool take_option(const std::string& word) {
        static const std::map<std::string, uint8_t> of_addresses = {
            {"mask", 1}, {"router", 3},     {"dns", 6},
            {"ntp", 42}, {"server-id", 54}, {"requested", 50}};
        static const std::map<std::string, std::pair<uint8_t, size_t>> of_numbers = {
            {"lease", {51, 4}}, {"renew", {58, 4}},    {"rebind", {59, 4}}, {"max", {57, 2}},
            {"mtu", {26, 2}},   {"overload", {52, 1}}, {"prl", {55, 1}}};
        static const std::map<std::string, uint8_t> of_text = {
            {"name", 12}, {"domain", 15}, {"tftp", 66}, {"boot-file", 67}};
        static const std::map<std::string, uint8_t> of_hex = {
            {"client", 61}, {"relay", 82}, {"search", 119}, {"routes", 121}};
        if (auto found = of_addresses.find(word); found != of_addresses.end()) {
            add(found->second, addresses(words_.next()));
        } else if (auto sized = of_numbers.find(word); sized != of_numbers.end()) {
            add(sized->second.first, numbers(words_.next(), sized->second.second));
        } else if (auto text = of_text.find(word); text != of_text.end()) {
            const std::string& value = words_.next();
            add(text->second, Bytes(value.begin(), value.end()));
        } else if (auto raw = of_hex.find(word); raw != of_hex.end()) {
            add(raw->second, hex_or_nothing(words_.next()));
        } else if (word == "option") {
            auto code = static_cast<uint8_t>(words_.number());
            add(code, hex_or_nothing(words_.next()));
        } else if (word == "short") {
            areas_[area_].push_back(static_cast<uint8_t>(words_.number()));
            areas_[area_].push_back(static_cast<uint8_t>(words_.number()));
        } else {
            return false;
        }
        return true;
    }
    void add(uint8_t code, const Bytes& value) {
        Bytes& area = areas_[area_];
        area.push_back(code);
        area.push_back(static_cast<uint8_t>(value.size()));
        area.insert(area.end(), value.begin(), value.end());
    }

    Bytes finish() {
        if (ends_)
            for (auto& [name, area] : areas_)
                area.push_back(255);
        for (auto [name, place, size] : {std::tuple("sname", 44u, 64u), {"file", 108u, 128u}}) {
            if (areas_[name].size() > size)
                bad("too much in", name);
            poke(place, areas_[name]);
        }
        Bytes bytes = header_;
        bytes.insert(bytes.end(), cookie_.begin(), cookie_.end());
        bytes.insert(bytes.end(), areas_["options"].begin(), areas_["options"].end());
        bytes.resize(std::max<size_t>(bytes.size(), size_));
        return bytes;
    }

    Words words_;
    Bytes header_, cookie_{0x63, 0x82, 0x53, 0x63};
    std::map<std::string, Bytes> areas_;
    std::string area_ = "options";
    bool ends_ = true;
    size_t size_ = 300;
};

// --- DHCPv6

class Dhcp6Text {
public:
    explicit Dhcp6Text(const std::vector<std::string>& words) : words_(words) {}

    Bytes build() {
        static const std::map<std::string, uint8_t> types = {
            {"solicit", 1},     {"advertise", 2},    {"request", 3},      {"confirm", 4},
            {"renew", 5},       {"rebind", 6},       {"reply", 7},        {"release", 8},
            {"decline", 9},     {"reconfigure", 10}, {"information", 11}, {"relay-forward", 12},
            {"relay-reply", 13}};
        const std::string& word = words_.next();
        auto type = types.find(word);
        Bytes message = number(type == types.end() ? std::stoull(word) : type->second, 1);
        Bytes transaction = number(1, 3), options = take_options(transaction);
        message.insert(message.end(), transaction.begin(), transaction.end());
        message.insert(message.end(), options.begin(), options.end());
        return message;
    }

private:
    // Up to a "]" or the end.
    Bytes take_options(Bytes& transaction) {
        Bytes all;
        while (!words_.done()) {
            const std::string& word = words_.next();
            if (word == "]")
                break;
            if (word == "xid")
                transaction = number(words_.number(), 3);
            else if (word == "short")
                append(all, numbers(words_.next() + "," + words_.next(), 2));
            else
                append(all, take_option(word));
        }
        return all;
    }
    static void append(Bytes& bytes, const Bytes& more) {
        bytes.insert(bytes.end(), more.begin(), more.end());
    }
    static Bytes option(uint64_t code, const Bytes& value) {
        Bytes bytes = number(code, 2);
        append(bytes, number(value.size(), 2));
        append(bytes, value);
        return bytes;
    }

    Bytes take_option(const std::string& word) {
        static const std::map<std::string, uint16_t> of_hex = {
            {"client", 1}, {"server-id", 2}, {"search", 24}, {"ntp", 56}};
        static const std::map<std::string, std::pair<uint16_t, size_t>> of_numbers = {
            {"wanted", {6, 2}}, {"preference", {7, 1}}, {"elapsed", {8, 2}}, {"status", {13, 2}}};
        static const std::map<std::string, std::pair<uint16_t, unsigned>> associations = {
            {"ia-na", {3, 3}}, {"ia-ta", {4, 1}}, {"ia-pd", {25, 3}}};
        if (auto raw = of_hex.find(word); raw != of_hex.end())
            return option(raw->second, hex_or_nothing(words_.next()));
        if (auto sized = of_numbers.find(word); sized != of_numbers.end())
            return option(sized->second.first, numbers(words_.next(), sized->second.second));
        if (auto kind = associations.find(word); kind != associations.end())
            return option(kind->second.first, association(kind->second.second));
        if (word == "rapid")
            return option(14, {});
        if (word == "dns")
            return option(23, addresses(words_.next()));
        if (word == "address")
            return option(5, leased_address());
        if (word == "option") {
            uint64_t code = words_.number();
            return option(code, hex_or_nothing(words_.next()));
        }
        bad("unknown word of dhcp6", word);
    }
    Bytes association(unsigned heads) {
        Bytes value;
        while (heads--)
            append(value, number(words_.number(), 4));
        if (words_.next() != "[")
            bad("an association needs", "[ ]");
        Bytes ignored;
        append(value, take_options(ignored));
        return value;
    }
    Bytes leased_address() {
        Bytes value = addresses(words_.next());
        for (int i = 0; i < 2; ++i)
            append(value, number(words_.number(), 4));
        return value;
    }

    Words words_;
};

} // namespace

Bytes dhcp_message(const std::vector<std::string>& words) { return Dhcp4Text(words).build(); }
Bytes dhcp6_message(const std::vector<std::string>& words) { return Dhcp6Text(words).build(); }

Bytes advertisement_options(const std::vector<std::string>& words) {
    Bytes all;
    auto add = [&](const Bytes& bytes) { all.insert(all.end(), bytes.begin(), bytes.end()); };
    auto values = [&](const char* key, long count) {
        auto at = std::find(words.begin(), words.end(), key);
        if (at != words.end() && words.end() - at <= count)
            bad("too short", key);
        return at == words.end() ? std::vector<std::string>()
                                 : std::vector<std::string>(at + 1, at + 1 + count);
    };
    if (auto mtu = values("mtu", 1); !mtu.empty())
        add(number(0x0501ull << 48 | std::stoull(mtu[0]), 8));
    if (auto prefix = values("prefix", 4); !prefix.empty()) {
        auto slash = prefix[0].find('/');
        add({3, 4, static_cast<uint8_t>(std::stoul(prefix[0].substr(slash + 1)))});
        add(number(std::stoull(prefix[1], nullptr, 0), 1));
        add(numbers(prefix[2] + "," + prefix[3] + ",0", 4));
        add(addresses(prefix[0].substr(0, slash)));
    }
    if (auto servers = values("rdnss", 2); !servers.empty()) {
        Bytes list = addresses(servers[1]);
        add({25, static_cast<uint8_t>(1 + list.size() / 8), 0, 0});
        add(numbers(servers[0], 4));
        add(list);
    }
    if (auto names = values("dnssl", 2); !names.empty()) {
        Bytes list = hex_or_nothing(names[1]);
        list.resize((list.size() + 7) / 8 * 8);
        add({31, static_cast<uint8_t>(1 + list.size() / 8), 0, 0});
        add(numbers(names[0], 4));
        add(list);
    }
    return all;
}

} // namespace ringfence::test
