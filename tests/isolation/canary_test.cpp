// The canary matrix (BEHAVIOUR §3.1): tenants with the same networks, MACs and addresses send each
// kind of frame from every port to every address, each frame marked with whose it is. Every port
// and the wire are watched. Meanwhile copies are deleted and made anew in each other's VNIs and
// ports, VMs move, hosts are cut off, exchange their addresses and are killed, and the connection
// tables are full.
//
// A frame may come to its own network; to its tenant's office, which may be asked by all; and to a
// copy of its tenant's that lets in. On the wire it bears its own network's VNI or the office's.
#include <random>
#include <tuple>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "tests/isolation/cloud.h"
#include "tests/packet/frame.h"

namespace ringfence::test {

namespace {

// Small enough to be full all the time.
ConnectionSettings small_tables() {
    ConnectionSettings settings;
    settings.capacity4 = 128;
    settings.capacity6 = 64;
    settings.ways = 64;
    settings.way_quota = 32;
    settings.denials = 64;
    settings.quota = 64;
    settings.half_open_quota = 48;
    return settings;
}

constexpr unsigned tenants = 2, copies = 3;
constexpr size_t burst = 32;

class Canaries : public ::testing::Test {
protected:
    Canaries() {
        cloud_.arrived = [this](Cloud::Place at, const Bytes& frame) { judge(at, frame); };
        cloud_.on_wire = [this](unsigned from, uint32_t vni, const Bytes& frame) {
            judge(from, vni, frame);
        };
        for (Role role : {Role::web, Role::db, Role::desk, Role::printer})
            add_target(station_of(role), station_of(role).mac);
        for (unsigned copy = 0; copy < copies; ++copy)
            for (Role role : {Role::web, Role::db}) {
                add_target(outside_of(copy, role), fence_mac);
                add_target(outside_of(copy, role), outside_of(copy, role).mac);
                add_target(station_of(role), outside_of(copy, role).mac);
            }
        for (Role role : {Role::web, Role::desk})
            add_target(station_of(role), fence_mac);
        add_target({fence_mac, "192.0.2.2", "fd00::beef"}, fence_mac);
        add_target(station_of(Role::web), "ff:ff:ff:ff:ff:ff");
    }

    // --- what is sent
    void add_target(Station station, const std::string& mac) {
        station.mac = mac;
        targets_.push_back(station);
    }
    // `frames` marked ones; after each `period` of them something happens.
    void send(uint64_t frames, uint64_t period) {
        for (; sent_ < frames && violations_.size() < 10; sent_ += burst) {
            if (sent_ % period < burst)
                change();
            auto places = cloud_.places();
            Cloud::Place from = places[random_() % places.size()];
            if (const Vm* vm = cloud_.vm_at(from))
                cloud_.send(from, burst_of(*vm));
        }
    }
    std::vector<Bytes> burst_of(const Vm& vm) {
        std::vector<Bytes> frames;
        for (size_t i = 0; i < burst; ++i)
            frames.push_back(marked(vm, random_() % kinds_.size(), random_() % targets_.size()));
        return frames;
    }
    Bytes marked(const Vm& vm, size_t kind, size_t target) {
        Bytes frame = blank(vm, kind, target);
        for (size_t at : find_marks(frame))
            write_mark(&frame[at], {vm.home.id, vm.home.tenant, static_cast<uint8_t>(vm.role),
                                    static_cast<uint32_t>(kind)});
        use_another_port(frame);
        return frame;
    }
    // Many flows: a source port of its own for what is TCP or UDP in an IPv4 packet that is whole,
    // and means what it means by its ports.
    void use_another_port(Bytes& frame) {
        bool whole = frame[12] == 0x08 && frame[13] == 0x00 && frame[14] == 0x45 &&
                     frame[20] % 0x40 == 0 && frame[21] == 0;
        bool has_ports = whole && (frame[23] == 6 || frame[23] == 17);
        constexpr uint8_t largest_low_port = 2; // of frames.kinds: DHCP's
        if (!has_ports || frame[34] < largest_low_port)
            return;
        frame[34] = static_cast<uint8_t>(largest_low_port + random_() % 100);
        frame[35] = static_cast<uint8_t>(random_());
    }
    const Bytes& blank(const Vm& vm, size_t kind, size_t target) {
        unsigned number = 1 + 4 * vm.home.copy + static_cast<unsigned>(vm.role);
        Bytes& frame = blanks_[{number, kind, target}];
        if (frame.empty())
            frame =
                frame_of(kinds_[kind], station_of(vm.role), targets_[target],
                         station_of(vm.role == Role::web ? Role::desk : Role::web), 5002, number);
        return frame;
    }

    // --- what happens meanwhile
    void change() {
        switch (random_() % 8) {
        case 0:
            return cloud_.move(random_);
        case 1:
            return cloud_.open_or_close(random_);
        case 2:
            return cloud_.cut_off_another(random_);
        case 3:
            return cloud_.exchange_vteps(random_);
        case 4:
            return restart(static_cast<unsigned>(random_() % cloud_.hosts()));
        default:
            return cloud_.exchange(random_);
        }
    }
    void restart(unsigned host) {
        take_counters(host);
        cloud_.restart(host);
    }
    void take_counters(unsigned host) {
        Worker& worker = cloud_.host(host).lab().worker();
        worker.fragments().clear();
        CounterSums total = worker.total();
        EXPECT_EQ(total.in(), total.out()) << "conservation at host " << host;
        EXPECT_EQ(cloud_.host(host).lab().buffers_in_use(), 0u) << "at host " << host;
        refused_ += total[Verdict::quota_connections] + total[Verdict::quota_half_open] +
                    total[Verdict::quota_table];
    }

    // --- what comes of it
    void judge(Cloud::Place at, const Bytes& frame) {
        const Vm* receiver = cloud_.vm_at(at);
        check_residue(frame);
        for (size_t place : find_marks(frame)) {
            auto mark = read_mark(frame, place);
            if (!mark)
                continue; // cut by an error that quotes it
            ++arrived_;
            if (!receiver || !may_see(*receiver, *mark))
                violations_.push_back(fmt::format(
                    "{} at port {} of host {}, {}\n{}", describe(*mark), at.port.value(), at.host,
                    receiver ? describe(*receiver) : "where nobody is", hex(frame)));
            else
                note(*receiver, *mark);
        }
    }
    static bool may_see(const Vm& receiver, const Mark& mark) {
        if (mark.home == receiver.home.id)
            return true;
        return mark.tenant == receiver.home.tenant && (receiver.home.office || receiver.home.open);
    }
    void judge(unsigned from, uint32_t vni, const Bytes& frame) {
        const Home* home = cloud_.home_of_vni(from, vni);
        check_residue(frame);
        for (size_t place : find_marks(frame))
            if (auto mark = read_mark(frame, place)) {
                ++on_wire_;
                if (!home || home->tenant != mark->tenant ||
                    (home->id != mark->home && !home->office))
                    violations_.push_back(fmt::format("{} on the wire from host {} in VNI {}\n{}",
                                                      describe(*mark), from, vni, hex(frame)));
            }
    }
    std::string describe(const Mark& mark) const {
        return fmt::format("\"{}\" of tenant {}, home {}", kinds_[mark.number].name, mark.tenant,
                           mark.home);
    }
    static std::string describe(const Vm& vm) {
        return fmt::format("tenant {}, home {}{}", vm.home.tenant, vm.home.id,
                           vm.home.open ? ", open" : "");
    }
    void check_residue(const Bytes& frame) {
        if (holds_residue(frame))
            violations_.push_back("what was in the buffer before:\n" + hex(frame));
    }
    // What is to be seen somewhere, so that all this can fail.
    void note(const Vm& receiver, const Mark& mark) {
        if (mark.home == receiver.home.id && static_cast<Role>(mark.sender) != receiver.role)
            ++neighbours_[mark.number];
        if (mark.home != receiver.home.id)
            ++(receiver.home.office ? to_offices_ : to_copies_);
    }

    Cloud cloud_{{tenants, copies, 3, small_tables()}};
    const std::vector<Kind> kinds_ = read_kinds(KINDS);
    std::vector<Station> targets_;
    std::map<std::tuple<unsigned, size_t, size_t>, Bytes> blanks_; // by sender, kind, target
    std::mt19937 random_{2026};
    uint64_t sent_ = 0, arrived_ = 0, on_wire_ = 0, refused_ = 0, to_offices_ = 0, to_copies_ = 0;
    std::map<uint32_t, uint64_t> neighbours_; // by kind
    std::vector<std::string> violations_;
};

TEST_F(Canaries, AreSeenByNobodyWhoMayNot) {
    send(CANARIES, CANARIES / 400);
    for (const std::string& violation : violations_)
        ADD_FAILURE() << violation;
    for (unsigned host = 0; host < cloud_.hosts(); ++host)
        take_counters(host);
    for (size_t kind = 0; kind < kinds_.size(); ++kind)
        EXPECT_TRUE(!kinds_[kind].arrives || neighbours_[static_cast<uint32_t>(kind)])
            << kinds_[kind].name << " never came to a neighbour: nothing was shown of it";
    EXPECT_GT(to_offices_, 0u) << "no copy has reached its office";
    EXPECT_GT(to_copies_, 0u) << "nobody has reached a copy that lets in";
    EXPECT_GT(on_wire_, 0u);
    EXPECT_GT(refused_, 0u) << "the connection tables were never full";
    fmt::print("{} frames sent; marks: {} at ports ({} in offices, {} in copies from outside), {} "
               "on the wire; {} refused for want of room\n",
               sent_, arrived_, to_offices_, to_copies_, on_wire_, refused_);
}

} // namespace

} // namespace ringfence::test
