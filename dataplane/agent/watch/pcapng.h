// Frames as pcapng (draft-ietf-opsawg-pcapng): what tcpdump and Wireshark read. Pure; blocks are
// appended to a text, each whole, so that a file that ends early is still one.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>

namespace ringfence::agent::pcapng {

// The section and its one interface, first of all. snaplen: bytes that are kept of a frame.
void begin(std::string& file, const std::string& interface, const std::string& description,
           uint32_t snaplen);

enum class Direction : uint32_t { inbound = 1, outbound = 2 }; // as the interface sees it

// time: since 1970. length: of the frame, of which `bytes` are the first.
void add(std::string& file, std::chrono::nanoseconds time, Direction direction, uint32_t length,
         std::span<const uint8_t> bytes);

} // namespace ringfence::agent::pcapng
