// Runs every case of tests/packet/cases, and checks that together they show every verdict that a
// packet can cause.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/packet/case_file.h"
#include "tests/packet/lab.h"

namespace ringfence::test {

namespace {

using Bytes = std::vector<uint8_t>;

std::vector<Case> all_cases() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(PACKET_CASES))
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<Case> cases;
    for (const auto& file : files)
        for (auto& test : read_cases(file))
            cases.push_back(std::move(test));
    return cases;
}

// "parse.Every_cut_..." as a GoogleTest parameter may be named.
std::string test_name(const Case& test) {
    std::string name = test.file + "_" + test.name;
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
    return name;
}

// Left in the build folder for tcpdump and Wireshark.
void write_pcap(const std::string& path, const std::vector<Bytes>& frames) {
    std::ofstream file(path, std::ios::binary);
    auto put = [&](uint32_t value) { file.write(reinterpret_cast<const char*>(&value), 4); };
    for (uint32_t word : {0xa1b2c3d4u, 0x00040002u, 0u, 0u, 65535u, 1u})
        put(word);
    for (const auto& frame : frames) {
        auto size = static_cast<uint32_t>(frame.size());
        for (uint32_t word : {0u, 0u, size, size})
            put(word);
        file.write(reinterpret_cast<const char*>(frame.data()), size);
    }
}

class PacketTest : public testing::TestWithParam<Case> {
protected:
    void SetUp() override {
        for (const auto& line : GetParam().fabric)
            lab_.configure(line);
        in_use_before_ = lab_.buffers_in_use();
    }

    void send_all() {
        std::vector<Bytes> burst;
        const auto& in = GetParam().in;
        for (size_t i = 0; i < in.size(); ++i) {
            for (const auto& change : in[i].changes)
                lab_.configure(change);
            if (in[i].large) {
                lab_.receive_large(PortId(in[i].port), in[i].frame.bytes, *in[i].large);
                take_transmitted();
                continue;
            }
            burst.push_back(in[i].frame.bytes);
            if (i + 1 == in.size() || !is_one_burst(in[i], in[i + 1])) {
                lab_.receive(PortId(in[i].port), burst, in[i].bad_l4);
                burst.clear();
                take_transmitted();
            }
        }
    }
    static bool is_one_burst(const Input& one, const Input& next) {
        return one.port == next.port && one.bad_l4 == next.bad_l4 && next.changes.empty() &&
               !next.large;
    }
    void take_transmitted() {
        for (auto& [port, frames] : lab_.transmitted()) {
            const auto& segments = lab_.segments().at(port);
            got_segments_[port].insert(got_segments_[port].end(), segments.begin(), segments.end());
            for (auto& frame : frames) {
                EXPECT_FALSE(holds_residue(frame)) << hex(frame);
                got_[port].push_back(std::move(frame));
            }
        }
    }

    void expect_frames(unsigned port, const std::vector<Output>& want,
                       const std::vector<Bytes>& got) {
        bool same = want.size() == got.size();
        for (size_t i = 0; same && i < got.size(); ++i) {
            same = want[i].frame.matches(got[i]);
            EXPECT_EQ(want[i].segment, got_segments_[port][i])
                << "port " << port << ", frame " << i;
        }
        if (same)
            return;
        std::string text = fmt::format("port {}: wanted {} frames", port, want.size());
        std::vector<Bytes> want_bytes;
        for (const auto& [frame, segment] : want) {
            want_bytes.push_back(frame.bytes);
            text += "\n" + hex(frame.bytes);
        }
        text += fmt::format("\n  got {}", got.size());
        for (const auto& frame : got)
            text += "\n" + hex(frame);
        auto base = fmt::format("{}/{}.port{}", PACKET_FAILURES, test_name(GetParam()), port);
        std::filesystem::create_directories(PACKET_FAILURES);
        write_pcap(base + ".want.pcap", want_bytes);
        write_pcap(base + ".got.pcap", got);
        ADD_FAILURE() << text << "\n  see " << base << ".{want,got}.pcap";
    }

    void expect_counters(PortId port) {
        auto want = GetParam().counters.find(port.value());
        EXPECT_EQ(lab_.counters(port), want == GetParam().counters.end() ? "" : want->second)
            << "counters of port " << port.value();
        CounterSums sums = lab_.worker().counters(port);
        EXPECT_EQ(sums.in(), sums.out()) << "conservation at port " << port.value();
    }

    Lab lab_;
    unsigned in_use_before_ = 0;
    std::map<unsigned, std::vector<Bytes>> got_;
    std::map<unsigned, std::vector<uint16_t>> got_segments_;
};

TEST_P(PacketTest, Holds) {
    send_all();
    std::set<unsigned> ports;
    for (const auto& [port, frames] : GetParam().out)
        ports.insert(port);
    for (const auto& [port, frames] : got_)
        ports.insert(port);
    for (unsigned port : ports) {
        auto want = GetParam().out.find(port);
        expect_frames(port, want == GetParam().out.end() ? std::vector<Output>{} : want->second,
                      got_[port]);
    }
    for (PortId port : lab_.ports())
        expect_counters(port);
    CounterSums total = lab_.worker().total();
    EXPECT_EQ(total.in(), total.out()) << "conservation in total";
    EXPECT_EQ(lab_.buffers_in_use(), in_use_before_) << "buffers leaked or freed twice";
}

INSTANTIATE_TEST_SUITE_P(Cases, PacketTest, testing::ValuesIn(all_cases()),
                         [](const auto& parameter) { return test_name(parameter.param); });

// STYLE 3: every verdict that a packet can cause has a packet test. What only the machine causes
// (no buffer, a full queue) is in tests/unit/dataplane; `later` names what no stage gives yet.
TEST(PacketCases, ShowEveryVerdict) {
    const std::set<std::string_view> later = {"consumed"};
    std::set<std::string> shown;
    for (const Case& test : all_cases())
        for (const auto& [port, counters] : test.counters) {
            std::istringstream stream{counters};
            std::string name, number;
            while (stream >> name >> number)
                shown.insert(name);
        }
    for (const VerdictInfo& verdict : verdict_infos) {
        bool caused_by_packets =
            verdict.kind != VerdictKind::next && verdict.kind != VerdictKind::system;
        if (caused_by_packets && !later.contains(verdict.name)) {
            EXPECT_TRUE(shown.contains(std::string(verdict.name)))
                << "no case for " << verdict.name;
        }
    }
    for (const auto& name : shown)
        EXPECT_TRUE(verdict_from(name)) << "no such verdict: " << name;
}

} // namespace

} // namespace ringfence::test
