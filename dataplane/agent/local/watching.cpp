#include "dataplane/agent/local/watching.h"

namespace ringfence::agent {

namespace {

std::string text_of(const std::map<std::string, std::string>& external_ids, const char* key) {
    const auto found = external_ids.find(key);
    return found == external_ids.end() ? std::string() : found->second;
}

// Common names, which may have blanks within: between commas.
std::set<std::string> names_in(const std::string& list) {
    std::set<std::string> names;
    for (size_t from = 0; from < list.size();) {
        const size_t comma = std::min(list.find(',', from), list.size());
        const size_t begin = list.find_first_not_of(' ', from);
        if (begin < comma)
            names.insert(list.substr(begin, list.find_last_not_of(' ', comma - 1) + 1 - begin));
        from = comma + 1;
    }
    return names;
}

} // namespace

WatchSettings watch_settings_from(const vswitch::Tables& tables, const vswitch::OpenvSwitch& root) {
    WatchSettings settings;
    settings.query = text_of(root.external_ids, "ringfence-query");
    settings.metrics = text_of(root.external_ids, "ringfence-metrics");
    settings.capturers = names_in(text_of(root.external_ids, "ringfence-query-capture"));
    if (const vswitch::SSL* row = root.ssl ? tables.ssl.find(*root.ssl) : nullptr)
        settings.files = {row->private_key, row->certificate, row->ca_cert};
    return settings;
}

} // namespace ringfence::agent
