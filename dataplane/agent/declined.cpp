#include "dataplane/agent/declined.h"

namespace ringfence::agent {

namespace {

template <class Binding>
bool holds(const std::map<std::string, std::shared_ptr<const Binding>>& declined,
           const std::string& nic, const std::shared_ptr<const Binding>& told) {
    auto found = declined.find(nic);
    return found != declined.end() && told && found->second == told;
}

} // namespace

bool DeclinedAddresses::note(const DhcpEntry& told, bool six) {
    bool offers = six ? told.six && told.six->address : told.four != nullptr;
    if (!offers || is_declined(told, six))
        return false;
    if (six)
        six_[told.port] = told.six;
    else
        four_[told.port] = told.four;
    return true;
}

bool DeclinedAddresses::is_declined(const DhcpEntry& told, bool six) const {
    return six ? holds(six_, told.port, told.six) : holds(four_, told.port, told.four);
}

bool DeclinedAddresses::clear(const std::string& nic) {
    return four_.erase(nic) + six_.erase(nic) != 0;
}

std::string DeclinedAddresses::of(const DhcpEntry& told) const {
    std::string text;
    if (is_declined(told, false))
        text = to_string(told.four->address);
    if (is_declined(told, true))
        text += (text.empty() ? "" : ", ") + to_string(*told.six->address);
    return text;
}

} // namespace ringfence::agent
