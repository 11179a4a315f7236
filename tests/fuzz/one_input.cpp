#include "tests/fuzz/one_input.h"

#include <algorithm>
#include <memory>

#include <rte_mbuf.h>

#include "dataplane/pipeline.h"
#include "tests/fuzz/check.h"
#include "tests/packet/checksums.h"
#include "tests/packet/frame.h"
#include "tests/packet/templates.h"

namespace ringfence::fuzz {

namespace {

test::Lab& host() {
    static test::Lab* lab = [] {
        auto* made = new test::Lab; // lives as long as the process
        test::configure_host(*made);
        made->fabric();
        return made;
    }();
    return *lab;
}

bool conserved(test::Lab& lab) {
    CounterSums total = lab.worker().total();
    return total.in() == total.out();
}

// Nothing is left waiting: what is held belongs to nobody's count.
void settle(test::Lab& lab) {
    lab.worker().fragments().clear();
    check(conserved(lab), "a packet is not accounted for");
}

void no_free(void*, void*) {}

// Parsing and port security on memory that ends with the frame: an mbuf of the pool has room
// behind. The buffer is external to the mbuf; the stages that would write before or behind it find
// no room.
void at_the_end_of_memory(PortId port, const uint8_t* data, size_t size) {
    test::Lab& lab = host();
    std::unique_ptr<uint8_t[]> exact(new uint8_t[size]);
    std::copy_n(data, size, exact.get());
    rte_mbuf* mbuf = lab.buffer({});
    rte_mbuf_ext_shared_info shared{};
    shared.free_cb = no_free;
    rte_mbuf_ext_refcnt_set(&shared, 1);
    rte_pktmbuf_attach_extbuf(mbuf, exact.get(), 0, static_cast<uint16_t>(size), &shared);
    mbuf->data_off = 0;
    mbuf->data_len = static_cast<uint16_t>(size);
    mbuf->pkt_len = static_cast<uint32_t>(size);
    process(lab.fabric(), lab.worker(), port, &mbuf, 1);
    lab.transmitted();
    settle(lab);
    check(lab.buffers_in_use() == 0, "a buffer leaked");
}

void run(PortId port, const uint8_t* data, size_t size) {
    constexpr size_t largest = 1600;
    if (size > largest)
        size = largest;
    at_the_end_of_memory(port, data, size);

    test::Lab& lab = host();
    const std::vector<uint8_t> input(data, data + size);
    lab.receive(port, {input});
    for (const auto& [to, frames] : lab.transmitted()) {
        check(to != 11 || port == PortId(10), "a tenant's frame reached the kernel's port");
        for (const auto& frame : frames) {
            check(frame.size() >= 60, "a runt went out");
            check(!test::holds_residue(frame) || test::holds_residue(input),
                  "what was in a buffer before went out");
        }
    }
    settle(lab);
    check(lab.buffers_in_use() == 0, "a buffer leaked");
    lab.worker().take_notices([](const Notice&) {});
}

} // namespace

void neighbour_discovery(const uint8_t* data, size_t size) {
    constexpr size_t largest = 1400, ip_head = 40;
    size = std::min(size, largest);
    if (size < 4)
        return;
    std::vector<uint8_t> bytes =
        test::frame("eth 02:00:00:00:00:01 > 33:33:00:00:00:02 / ip6 fe80::ff:fe00:1 > ff02::2 / "
                    "icmp6 133 rest 0")
            .bytes;
    bytes.resize(bytes.size() - 8);
    const size_t message = bytes.size(), ip = message - ip_head;
    bytes.insert(bytes.end(), data, data + size);
    bytes[message] = static_cast<uint8_t>(133 + data[0] % 5);
    bytes[ip + 4] = static_cast<uint8_t>(size >> 8);
    bytes[ip + 5] = static_cast<uint8_t>(size);
    bytes[message + 2] = bytes[message + 3] = 0;
    const std::vector<uint8_t> rest = {0, 58, static_cast<uint8_t>(size >> 8),
                                       static_cast<uint8_t>(size)};
    uint16_t sum =
        test::InternetSum().add(&bytes[ip + 8], 32).add(rest).add(&bytes[message], size).checksum();
    bytes[message + 2] = static_cast<uint8_t>(sum >> 8);
    bytes[message + 3] = static_cast<uint8_t>(sum);
    run(PortId(1), bytes.data(), bytes.size());
}

void from_nic(const uint8_t* data, size_t size) { run(PortId(1), data, size); }
void from_bridged(const uint8_t* data, size_t size) { run(PortId(20), data, size); }
void from_wire(const uint8_t* data, size_t size) { run(PortId(10), data, size); }

} // namespace ringfence::fuzz
