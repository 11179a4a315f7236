#include "dataplane/worker/trace.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/wire/ethernet.h"

namespace ringfence {

const char* to_string(Stage stage) {
    switch (stage) {
    case Stage::decapsulate:
        return "decapsulate";
    case Stage::parse:
        return "parse";
    case Stage::admit:
        return "admit";
    case Stage::answer:
        return "answer";
    case Stage::connection:
        return "connection";
    case Stage::limit:
        return "limit";
    case Stage::check_sender:
        return "check_sender";
    case Stage::relate:
        return "relate";
    case Stage::route:
        return "route";
    case Stage::bridge:
        return "bridge";
    case Stage::judge:
        return "judge";
    case Stage::connect:
        return "connect";
    case Stage::split:
        return "split";
    case Stage::flood:
        return "flood";
    case Stage::encapsulate:
        return "encapsulate";
    case Stage::send:
        return "send";
    }
    return "?";
}

std::string to_string(const TraceRecord& record) {
    auto text = fmt::format("#{} port {} {}: {}, {} bytes", record.packet, record.port,
                            to_string(record.stage), to_string(record.verdict), record.length);
    auto head = record.head;
    if (const auto* ethernet = Cursor(head.data(), record.captured).peek<EthernetHeader>())
        text += fmt::format(", {} > {} 0x{:04x}", to_string(ethernet->source),
                            to_string(ethernet->destination), ethernet->type());
    return text;
}

std::vector<TraceRecord> Trace::take() {
    std::vector<TraceRecord> records;
    while (auto record = ring_.pop())
        records.push_back(*record);
    return records;
}

uint32_t Trace::begin() {
    uint32_t wanted = wanted_.load(std::memory_order_relaxed);
    if (wanted == 0 || !wanted_.compare_exchange_strong(wanted, wanted - 1))
        return 0;
    return ++last_;
}

} // namespace ringfence
