#include "dataplane/agent/watch/pcapng.h"

namespace ringfence::agent::pcapng {

namespace {

// Numbers stand in the writer's order, which the section's byte-order magic tells.
template <class Number> void put(std::string& file, Number number) {
    file.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void pad(std::string& file) { file.append((4 - file.size() % 4) % 4, '\0'); }

void option(std::string& body, uint16_t code, std::string_view value) {
    put(body, code);
    put(body, static_cast<uint16_t>(value.size()));
    body.append(value);
    pad(body);
}

void end_options(std::string& body) { put(body, uint32_t{0}); }

void block(std::string& file, uint32_t type, const std::string& body) {
    const auto length = static_cast<uint32_t>(body.size() + 12);
    put(file, type);
    put(file, length);
    file += body;
    put(file, length);
}

} // namespace

void begin(std::string& file, const std::string& interface, const std::string& description,
           uint32_t snaplen) {
    std::string section;
    put(section, uint32_t{0x1a2b3c4d}); // byte-order magic
    put(section, uint16_t{1});          // version 1.0
    put(section, uint16_t{0});
    put(section, int64_t{-1}); // of unknown length
    option(section, 4, "ringfence-vswitchd");
    end_options(section);
    block(file, 0x0a0d0d0a, section);

    std::string its;
    put(its, uint16_t{1}); // Ethernet
    put(its, uint16_t{0});
    put(its, snaplen);
    option(its, 2, interface.substr(0, 255));
    if (!description.empty())
        option(its, 3, description.substr(0, 1024));
    option(its, 9, "\x09"); // time in 10^-9 s
    end_options(its);
    block(file, 1, its);
}

void add(std::string& file, std::chrono::nanoseconds time, Direction direction, uint32_t length,
         std::span<const uint8_t> bytes) {
    const auto now = static_cast<uint64_t>(time.count());
    std::string packet;
    put(packet, uint32_t{0}); // the interface
    put(packet, static_cast<uint32_t>(now >> 32));
    put(packet, static_cast<uint32_t>(now));
    put(packet, static_cast<uint32_t>(bytes.size()));
    put(packet, length);
    packet.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    pad(packet);
    const auto flags = static_cast<uint32_t>(direction);
    option(packet, 2, {reinterpret_cast<const char*>(&flags), sizeof flags});
    end_options(packet);
    block(file, 6, packet);
}

} // namespace ringfence::agent::pcapng
