// fuzz_seeds DIRECTORY: writes the seed corpora, DIRECTORY/parse, decapsulate and quote, one file a
// template.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/packet/templates.h"

namespace {

void write_all(const std::filesystem::path& directory,
               const std::vector<std::vector<uint8_t>>& frames) {
    std::filesystem::create_directories(directory);
    for (size_t i = 0; i < frames.size(); ++i)
        std::ofstream(directory / std::to_string(i), std::ios::binary)
            .write(reinterpret_cast<const char*>(frames[i].data()),
                   static_cast<std::streamsize>(frames[i].size()));
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: fuzz_seeds DIRECTORY\n";
        return 2;
    }
    write_all(std::filesystem::path(argv[1]) / "parse", ringfence::test::nic_templates());
    write_all(std::filesystem::path(argv[1]) / "decapsulate", ringfence::test::wire_templates());
    write_all(std::filesystem::path(argv[1]) / "quote", ringfence::test::error_templates());
    return 0;
}
