#include "tests/packet/frame.h"

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

#include <fmt/core.h>

#include "core/types/addresses.h"
#include "tests/packet/checksums.h"
#include "tests/packet/dhcp_layers.h"

namespace ringfence::test {

namespace {

using Bytes = std::vector<uint8_t>;

[[noreturn]] void bad(std::string_view what, std::string_view where) {
    throw std::runtime_error(fmt::format("{}: \"{}\"", what, where));
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
    std::vector<std::string> parts;
    for (size_t at = 0;;) {
        size_t end = text.find(separator, at);
        std::string part(text.substr(at, end == text.npos ? end : end - at));
        part.erase(0, part.find_first_not_of(' '));
        part.erase(part.find_last_not_of(' ') + 1);
        if (!part.empty())
            parts.push_back(part);
        if (end == text.npos)
            return parts;
        at = end + separator.size();
    }
}

void put(Bytes& bytes, uint64_t value, size_t width) {
    for (size_t i = 0; i < width; ++i)
        bytes.push_back(static_cast<uint8_t>(value >> (8 * (width - 1 - i))));
}
void append(Bytes& bytes, const auto& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
void poke16(Bytes& bytes, size_t at, uint16_t value) {
    bytes[at] = static_cast<uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<uint8_t>(value);
}

template <class T> T parse_or_throw(std::string_view text) {
    auto value = T::from(text);
    if (!value)
        bad("not an address", text);
    return *value;
}

Bytes from_hex(std::string_view text) {
    if (text.size() % 2)
        bad("odd number of hex digits", text);
    Bytes bytes;
    for (size_t i = 0; i < text.size(); i += 2)
        bytes.push_back(
            static_cast<uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
    return bytes;
}

// One layer: its name, its plain words, and its "name value" options.
struct Layer {
    std::string name;
    std::vector<std::string> words; // without ">"
    std::string text;

    bool has(std::string_view flag) const {
        return std::find(words.begin(), words.end(), flag) != words.end();
    }
    std::optional<std::string> option(std::string_view key) const {
        auto at = std::find(words.begin(), words.end(), key);
        if (at == words.end())
            return std::nullopt;
        if (at + 1 == words.end())
            bad("value missing", text);
        return *(at + 1);
    }
    uint64_t number(std::string_view key, uint64_t otherwise) const {
        auto value = option(key);
        return value ? std::stoull(*value, nullptr, 0) : otherwise;
    }
    const std::string& word(size_t i) const {
        if (i >= words.size())
            bad("too short", text);
        return words[i];
    }
};

Layer parse_layer(const std::string& text) {
    Layer layer;
    layer.text = text;
    if (text.front() == '"') {
        layer.name = "text";
        return layer;
    }
    auto words = split(text, " ");
    layer.name = words.front();
    for (size_t i = 1; i < words.size(); ++i)
        if (words[i] != ">")
            layer.words.push_back(words[i]);
    return layer;
}

class Builder {
public:
    explicit Builder(std::string_view text) {
        auto parts = split(text, " | ");
        for (const auto& layer : split(parts.at(0), " / "))
            layers_.push_back(parse_layer(layer));
        frame_.bytes = build(0, nullptr);
        frame_.any.assign(frame_.bytes.size(), false);
        for (size_t from_end : any_)
            frame_.any[frame_.bytes.size() - from_end] = true;
        for (size_t i = 1; i < parts.size(); ++i)
            resize(split(parts[i], " "));
    }
    Frame take() { return std::move(frame_); }

private:
    void resize(const std::vector<std::string>& words) {
        size_t size = std::stoul(words.at(1));
        if (words[0] == "cut" ? size > frame_.bytes.size() : size < frame_.bytes.size())
            bad("wrong way to resize", words[1]);
        frame_.bytes.resize(size);
        frame_.any.resize(size);
    }

    // The bytes of layer i and all inside it; ip is the IP layer that it lies in.
    Bytes build(size_t i, const Layer* ip) {
        if (i == layers_.size())
            return {};
        const Layer& layer = layers_[i];
        bool is_ip = layer.name == "ip4" || layer.name == "ip6";
        Bytes inside = build(i + 1, is_ip ? &layer : ip);
        static const std::map<std::string, Bytes (Builder::*)(size_t, const Layer*, Bytes)> kinds =
            {{"eth", &Builder::eth},
             {"vlan", &Builder::vlan},
             {"arp", &Builder::arp},
             {"ip4", &Builder::ip4},
             {"ip6", &Builder::ip6},
             {"hop-by-hop", &Builder::extension},
             {"destination", &Builder::extension},
             {"routing", &Builder::extension},
             {"fragment", &Builder::fragment},
             {"udp", &Builder::udp},
             {"tcp", &Builder::tcp},
             {"icmp", &Builder::icmp},
             {"icmp6", &Builder::icmp},
             {"rs", &Builder::nd},
             {"ra", &Builder::nd},
             {"ns", &Builder::nd},
             {"na", &Builder::nd},
             {"dhcp", &Builder::dhcp},
             {"dhcp6", &Builder::dhcp},
             {"vxlan", &Builder::vxlan},
             {"text", &Builder::raw},
             {"hex", &Builder::raw},
             {"count", &Builder::raw},
             {"zeros", &Builder::raw}};
        auto kind = kinds.find(layer.name);
        if (kind == kinds.end())
            bad("unknown layer", layer.text);
        return (this->*kind->second)(i, ip, std::move(inside));
    }

    uint16_t ether_type_of(size_t i) const {
        static const std::map<std::string, uint16_t> types = {
            {"arp", 0x0806}, {"ip4", 0x0800}, {"ip6", 0x86dd}, {"vlan", 0x8100}};
        auto type = i < layers_.size() ? types.find(layers_[i].name) : types.end();
        if (type != types.end() && layers_[i].name == "vlan")
            return static_cast<uint16_t>(layers_[i].number("tpid", 0x8100));
        return type == types.end() ? 0x88b5 : type->second;
    }
    uint8_t protocol_of(size_t i) const {
        static const std::map<std::string, uint8_t> protocols = {
            {"udp", 17},      {"tcp", 6},        {"icmp", 1},     {"icmp6", 58},
            {"rs", 58},       {"ra", 58},        {"ns", 58},      {"na", 58},
            {"fragment", 44}, {"hop-by-hop", 0}, {"routing", 43}, {"destination", 60}};
        auto protocol = i < layers_.size() ? protocols.find(layers_[i].name) : protocols.end();
        return protocol == protocols.end() ? 253 : protocol->second; // 253: for experiments
    }

    Bytes eth(size_t i, const Layer*, Bytes inside) {
        const Layer& layer = layers_[i];
        Bytes bytes;
        append(bytes, parse_or_throw<MacAddr>(layer.word(1)).bytes);
        append(bytes, parse_or_throw<MacAddr>(layer.word(0)).bytes);
        put(bytes, layer.number("type", ether_type_of(i + 1)), 2);
        append(bytes, inside);
        return bytes;
    }
    Bytes vlan(size_t i, const Layer*, Bytes inside) {
        Bytes bytes;
        put(bytes, std::stoul(layers_[i].word(0)), 2);
        put(bytes, layers_[i].number("type", ether_type_of(i + 1)), 2);
        append(bytes, inside);
        return bytes;
    }
    Bytes arp(size_t i, const Layer*, Bytes inside) {
        const Layer& layer = layers_[i];
        Bytes bytes;
        put(bytes, layer.number("htype", 1), 2);
        put(bytes, 0x0800, 2);
        put(bytes, layer.number("hlen", 6), 1);
        put(bytes, 4, 1);
        put(bytes, layer.number("op", layer.word(0) == "request" ? 1 : 2), 2);
        append(bytes, parse_or_throw<MacAddr>(layer.word(1)).bytes);
        put(bytes, parse_or_throw<Ipv4Addr>(layer.word(2)).value, 4);
        append(bytes, parse_or_throw<MacAddr>(layer.word(3)).bytes);
        put(bytes, parse_or_throw<Ipv4Addr>(layer.word(4)).value, 4);
        append(bytes, inside);
        return bytes;
    }
    // Of the bytes inside those that a fragment carries; all of them where it is none.
    struct Slice {
        size_t from = 0;
        bool more = false;
    };
    static Slice cut_slice(const Layer& layer, Bytes& inside) {
        auto at = std::find(layer.words.begin(), layer.words.end(), "slice");
        if (at == layer.words.end())
            return {};
        auto first = static_cast<size_t>(at - layer.words.begin()) + 1;
        size_t from = std::stoul(layer.word(first)), to = std::stoul(layer.word(first + 1));
        if (from % 8 || from > to || to > inside.size())
            bad("no such slice", layer.text);
        Slice slice{from, to < inside.size()};
        inside =
            Bytes(inside.begin() + static_cast<long>(from), inside.begin() + static_cast<long>(to));
        return slice;
    }
    Bytes ip4(size_t i, const Layer*, Bytes inside) {
        const Layer& layer = layers_[i];
        Bytes options = from_hex(layer.option("options").value_or(""));
        size_t header = 20 + options.size();
        Slice slice = cut_slice(layer, inside);
        Bytes bytes;
        put(bytes, layer.number("version", 4) << 4 | layer.number("ihl", header / 4), 1);
        put(bytes, layer.number("tos", 0), 1);
        put(bytes, layer.number("length", header + inside.size()), 2);
        put(bytes, layer.number("id", 0), 2);
        put(bytes,
            layer.number("offset", slice.from) / 8 |
                (layer.has("more") || slice.more ? 0x2000u : 0u) | (layer.has("df") ? 0x4000u : 0u),
            2);
        put(bytes, layer.number("ttl", 64), 1);
        put(bytes, layer.number("proto", protocol_of(i + 1)), 1);
        put(bytes, 0, 2);
        put(bytes, parse_or_throw<Ipv4Addr>(layer.word(0)).value, 4);
        put(bytes, parse_or_throw<Ipv4Addr>(layer.word(1)).value, 4);
        append(bytes, options);
        uint16_t sum = InternetSum().add(bytes).checksum();
        poke16(bytes, 10, layer.has("bad-checksum") ? static_cast<uint16_t>(sum ^ 1) : sum);
        append(bytes, inside);
        return bytes;
    }
    Bytes ip6(size_t i, const Layer*, Bytes inside) {
        const Layer& layer = layers_[i];
        Bytes bytes;
        put(bytes,
            layer.number("version", 6) << 28 | layer.number("tc", 0) << 20 |
                layer.number("flow", 0),
            4);
        put(bytes, layer.number("length", inside.size()), 2);
        put(bytes, layer.number("next", protocol_of(i + 1)), 1);
        put(bytes, layer.number("hops", 255), 1);
        append(bytes, parse_or_throw<Ipv6Addr>(layer.word(0)).bytes);
        append(bytes, parse_or_throw<Ipv6Addr>(layer.word(1)).bytes);
        append(bytes, inside);
        return bytes;
    }
    Bytes extension(size_t i, const Layer*, Bytes inside) {
        Bytes bytes;
        put(bytes, layers_[i].number("next", protocol_of(i + 1)), 1);
        put(bytes, 0, 7);
        append(bytes, inside);
        return bytes;
    }
    Bytes fragment(size_t i, const Layer*, Bytes inside) {
        const Layer& layer = layers_[i];
        Slice slice = cut_slice(layer, inside);
        size_t offset = layer.has("slice") ? slice.from : std::stoul(layer.word(0));
        Bytes bytes;
        put(bytes, layer.number("next", protocol_of(i + 1)), 1);
        put(bytes, 0, 1);
        put(bytes, offset | (layer.has("more") || slice.more), 2);
        put(bytes, layer.number("id", 0x1234), 4);
        append(bytes, inside);
        return bytes;
    }

    uint64_t port(const std::string& word, size_t from_end) {
        if (word != "*")
            return std::stoul(word);
        any_.push_back(from_end);
        any_.push_back(from_end - 1);
        return 0;
    }
    static InternetSum pseudo_header(const Layer* ip, uint8_t protocol, size_t length) {
        InternetSum sum;
        if (!ip)
            return sum;
        Bytes bytes;
        for (size_t side : {0, 1}) {
            if (ip->name == "ip4")
                put(bytes, parse_or_throw<Ipv4Addr>(ip->word(side)).value, 4);
            else
                append(bytes, parse_or_throw<Ipv6Addr>(ip->word(side)).bytes);
        }
        put(bytes, protocol, 4);
        put(bytes, length, 4);
        sum.add(bytes);
        return sum;
    }
    static void set_checksum(Bytes& bytes, size_t at, InternetSum sum, const Layer& layer) {
        sum.add(bytes);
        uint16_t right = sum.checksum();
        if (layer.name == "udp" && right == 0) // 0 would say that there is none (RFC 768)
            right = 0xffff;
        auto value = static_cast<uint16_t>(layer.number("sum", right));
        poke16(bytes, at, layer.has("bad-checksum") ? static_cast<uint16_t>(value ^ 1) : value);
    }
    Bytes udp(size_t i, const Layer* ip, Bytes inside) {
        size_t length = 8 + inside.size();
        Bytes bytes;
        put(bytes, port(layers_[i].word(0), length), 2);
        put(bytes, port(layers_[i].word(1), length - 2), 2);
        put(bytes, layers_[i].number("length", length), 2);
        put(bytes, 0, 2);
        append(bytes, inside);
        set_checksum(bytes, 6, pseudo_header(ip, 17, length), layers_[i]);
        return bytes;
    }
    static uint64_t tcp_flags(const Layer& layer) {
        auto text = layer.option("flags").value_or("S");
        if (text == "none")
            return 0;
        if (std::isdigit(static_cast<unsigned char>(text.front())))
            return std::stoul(text, nullptr, 0);
        uint64_t flags = 0;
        for (char letter : text) {
            size_t bit = std::string_view("FSRPAUEC").find(letter); // RFC 9293, 3.1
            if (bit == std::string_view::npos)
                bad("no such TCP flag", layer.text);
            flags |= uint64_t{1} << bit;
        }
        return flags;
    }
    Bytes tcp(size_t i, const Layer* ip, Bytes inside) {
        const Layer& layer = layers_[i];
        Bytes options = from_hex(layer.option("options").value_or(""));
        options.resize((options.size() + 3) / 4 * 4); // zero: end of the option list
        Bytes bytes;
        put(bytes, std::stoul(layer.word(0)), 2);
        put(bytes, std::stoul(layer.word(1)), 2);
        put(bytes, layer.number("seq", 1), 4);
        put(bytes, layer.number("ack", 0), 4);
        put(bytes, layer.number("offset", 5 + options.size() / 4) << 12 | tcp_flags(layer), 2);
        put(bytes, layer.number("window", 0xffff), 2);
        put(bytes, 0, 2);
        put(bytes, layer.number("urgent", 0), 2);
        append(bytes, options);
        append(bytes, inside);
        set_checksum(bytes, 16, pseudo_header(ip, 6, bytes.size()), layer);
        return bytes;
    }
    static bool is_error(const Layer& layer) {
        unsigned long type = std::stoul(layer.word(0));
        return layer.name == "icmp6"
                   ? type < 128
                   : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    }
    // The second four bytes: id and sequence of a query, nothing, an MTU or a length of an error.
    static uint64_t icmp_rest(const Layer& layer, uint64_t quoted) {
        uint64_t rest = is_error(layer) ? layer.number("mtu", 0)
                                        : layer.number("id", 1) << 16 | layer.number("seq", 1);
        if (layer.has("extensions")) // RFC 4884, 4.1 to 4.5: in 32-bit words, in 64-bit words
            rest |= layer.name == "icmp6" ? quoted / 8 << 24 : quoted / 4 << 16;
        return layer.number("rest", rest);
    }
    Bytes icmp(size_t i, const Layer* ip, Bytes inside) {
        const Layer& layer = layers_[i];
        if (layer.has("quote") || layer.has("extensions")) {
            if (!any_.empty())
                bad("a port in a quote cannot be *", layer.text);
            inside.resize(layer.number("quote", inside.size()));
        }
        Bytes bytes;
        put(bytes, std::stoul(layer.word(0)), 1);
        put(bytes, layer.number("code", 0), 1);
        put(bytes, 0, 2);
        put(bytes, icmp_rest(layer, inside.size()), 4);
        append(bytes, inside);
        append(bytes, from_hex(layer.option("extensions").value_or("")));
        bool six = layer.name == "icmp6";
        set_checksum(bytes, 2, six ? pseudo_header(ip, 58, bytes.size()) : InternetSum(), layer);
        return bytes;
    }
    Bytes nd(size_t i, const Layer* ip, Bytes inside) {
        const Layer& layer = layers_[i];
        static const std::map<std::string, unsigned> types = {
            {"rs", 133}, {"ra", 134}, {"ns", 135}, {"na", 136}};
        Bytes bytes;
        put(bytes, types.at(layer.name), 1);
        put(bytes, layer.number("code", 0), 1);
        put(bytes, 0, 2);
        put(bytes, layer.number("flags", 0), 4);
        if (layer.name == "ra")
            put(bytes, 0, 8);
        if (layer.name == "ns" || layer.name == "na")
            append(bytes, parse_or_throw<Ipv6Addr>(layer.word(0)).bytes);
        for (auto [key, kind] : {std::pair{"sll", 1u}, std::pair{"tll", 2u}})
            if (auto mac = layer.option(key)) {
                put(bytes, kind << 8 | 1, 2);
                append(bytes, parse_or_throw<MacAddr>(*mac).bytes);
            }
        if (layer.name == "ra")
            append(bytes, advertisement_options(layer.words));
        append(bytes, from_hex(layer.option("option").value_or("")));
        append(bytes, inside);
        set_checksum(bytes, 2, pseudo_header(ip, 58, bytes.size()), layer);
        return bytes;
    }
    Bytes dhcp(size_t i, const Layer*, Bytes) {
        const Layer& layer = layers_[i];
        return layer.name == "dhcp" ? dhcp_message(layer.words) : dhcp6_message(layer.words);
    }
    Bytes vxlan(size_t i, const Layer*, Bytes inside) {
        Bytes bytes;
        put(bytes, layers_[i].number("flags", 0x08), 1);
        put(bytes, layers_[i].number("reserved", 0), 3);
        put(bytes, std::stoul(layers_[i].word(0)) << 8, 4);
        append(bytes, inside);
        return bytes;
    }
    Bytes raw(size_t i, const Layer*, Bytes inside) {
        const Layer& layer = layers_[i];
        Bytes bytes;
        if (layer.name == "text")
            append(bytes, layer.text.substr(1, layer.text.size() - 2));
        else if (layer.name == "hex")
            bytes = from_hex(layer.word(0));
        else if (layer.name == "count")
            for (unsigned n = 0; n < std::stoul(layer.word(0)); ++n)
                bytes.push_back(static_cast<uint8_t>(n % 251));
        else
            bytes.assign(std::stoul(layer.word(0)), 0);
        append(bytes, inside);
        return bytes;
    }

    std::vector<Layer> layers_;
    std::vector<size_t> any_; // distances from the frame's end
    Frame frame_;
};

} // namespace

Frame frame(std::string_view text) { return Builder(text).take(); }

bool Frame::matches(const std::vector<uint8_t>& got) const {
    if (got.size() != bytes.size())
        return false;
    for (size_t i = 0; i < got.size(); ++i)
        if (!any[i] && got[i] != bytes[i])
            return false;
    return true;
}

std::string hex(const std::vector<uint8_t>& bytes) {
    std::string text;
    for (size_t i = 0; i < bytes.size(); ++i)
        text += fmt::format("{}{:02x}", i % 16 ? " " : i ? "\n    " : "    ", bytes[i]);
    return text;
}

} // namespace ringfence::test
