// What an OVSDB server says to a host, as templates for mutations and as seeds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringfence::fuzz {

std::vector<std::vector<uint8_t>> ovsdb_templates();

// A libFuzzer dictionary: the names of the southbound database's tables and columns, and the words
// of the protocol.
std::string ovsdb_dictionary();

} // namespace ringfence::fuzz
