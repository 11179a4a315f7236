// fuzz_seeds DIRECTORY: writes the seed corpora, DIRECTORY/parse and so on by the names of the
// targets, one file a template, in place of whatever is there; and DIRECTORY/ovsdb.dict.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/fuzz/ovsdb_templates.h"
#include "tests/packet/templates.h"

namespace {

void write_all(const std::filesystem::path& directory,
               const std::vector<std::vector<uint8_t>>& frames) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    for (size_t i = 0; i < frames.size(); ++i)
        std::ofstream(directory / std::to_string(i), std::ios::binary)
            .write(reinterpret_cast<const char*>(frames[i].data()),
                   static_cast<std::streamsize>(frames[i].size()));
}

// Scripts of four bytes a step (fragments_input.cpp): which datagram, where in it (8 bytes), how
// much (4 bytes), and whether more follows.
std::vector<std::vector<uint8_t>> fragment_scripts() {
    return {{1, 0, 4, 1, 1, 2, 4, 1, 1, 4, 4, 0},                 // in order
            {1, 4, 4, 0, 1, 2, 4, 1, 1, 0, 4, 1},                 // from behind
            {1, 0, 4, 1, 1, 1, 4, 0x11, 1, 2, 4, 0},              // contradicting
            {2, 2, 4, 3, 2, 4, 4, 2, 2, 0, 4, 3},                 // of IPv6
            {1, 2, 4, 1, 1, 4, 4, 0xc0, 3, 0, 4, 0xc1},           // that wait too long
            {1, 2, 4, 1, 2, 2, 4, 1, 3, 2, 4, 1, 4, 2, 4, 1, 5}}; // that are many
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: fuzz_seeds DIRECTORY\n";
        return 2;
    }
    const std::filesystem::path directory(argv[1]);
    write_all(directory / "parse", ringfence::test::nic_templates());
    write_all(directory / "decapsulate", ringfence::test::wire_templates());
    write_all(directory / "quote", ringfence::test::error_templates());
    write_all(directory / "fragments", fragment_scripts());
    write_all(directory / "dhcp", ringfence::test::dhcp_templates());
    write_all(directory / "dhcp6", ringfence::test::dhcp6_templates());
    write_all(directory / "nd", ringfence::test::nd_templates());
    write_all(directory / "ovsdb", ringfence::fuzz::ovsdb_templates());
    std::ofstream(directory / "ovsdb.dict") << ringfence::fuzz::ovsdb_dictionary();
    return 0;
}
