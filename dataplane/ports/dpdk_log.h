// DPDK's log becomes ours: module "dpdk". What DPDK complains about during a call of ours is the
// reason of that call's failure, so it is collected for the Error instead of being logged twice.
#pragma once

#include <string>

namespace ringfence::ports {

// From here on DPDK logs through core/types/log.h. Call before rte_eal_init().
void redirect_dpdk_log();

// While one lives, warnings and errors that DPDK logs on this thread are collected (and logged at
// debug level only). They nest; the innermost collects.
class DpdkComplaints {
public:
    DpdkComplaints();
    ~DpdkComplaints();
    DpdkComplaints(const DpdkComplaints&) = delete;
    DpdkComplaints& operator=(const DpdkComplaints&) = delete;

    // The last error, or else the last warning; "" when there was none. Without DPDK's function
    // prefix.
    std::string last() const;
    void add(bool is_error, std::string line);

private:
    DpdkComplaints* outer_;
    std::string error_, warning_;
};

} // namespace ringfence::ports
