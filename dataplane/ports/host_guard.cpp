#include "dataplane/ports/host_guard.h"

#include <memory>
#include <utility>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

namespace ringfence::ports {

namespace {

// Ours among the filters that others may have there: their place in the order, before all others.
constexpr uint32_t preference = 1;

struct CloseSocket {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
};
struct FreeMessage {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
};
using Socket = std::unique_ptr<nl_sock, CloseSocket>;
using Message = std::unique_ptr<nl_msg, FreeMessage>;

Socket open_socket() {
    Socket socket(nl_socket_alloc());
    if (!socket || nl_connect(socket.get(), NETLINK_ROUTE) != 0)
        return nullptr;
    return socket;
}

Message request(int type, int flags, const tcmsg& about, const char* kind) {
    Message message(nlmsg_alloc_simple(type, flags));
    nlmsg_append(message.get(), const_cast<tcmsg*>(&about), sizeof about, NLMSG_ALIGNTO);
    nla_put_string(message.get(), TCA_KIND, kind);
    return message;
}

// 0, or libnl's error. Sends and frees the message, and waits for the kernel's answer.
int send(nl_sock* socket, Message message) { return nl_send_sync(socket, message.release()); }

tcmsg about(unsigned ifindex, uint32_t parent) {
    tcmsg message{};
    message.tcm_family = AF_UNSPEC;
    message.tcm_ifindex = static_cast<int>(ifindex);
    message.tcm_parent = parent;
    return message;
}

int add_qdisc(nl_sock* socket, unsigned ifindex) {
    tcmsg qdisc = about(ifindex, TC_H_CLSACT);
    qdisc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    int result = send(socket, request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, qdisc, "clsact"));
    return result == -NLE_EXIST ? 0 : result;
}

tcmsg filter_of(unsigned ifindex, uint32_t direction) {
    tcmsg filter = about(ifindex, TC_H_MAKE(TC_H_CLSACT, direction));
    filter.tcm_info = TC_H_MAKE(preference << 16, __builtin_bswap16(ETH_P_ALL));
    filter.tcm_handle = 1;
    return filter;
}

// Classic BPF of one instruction, "drop", whose answer is the action itself.
int add_filter(nl_sock* socket, unsigned ifindex, uint32_t direction) {
    sock_filter drop{BPF_RET | BPF_K, 0, 0, TC_ACT_SHOT};
    Message message =
        request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, filter_of(ifindex, direction), "bpf");
    nlattr* options = nla_nest_start(message.get(), TCA_OPTIONS);
    nla_put_u16(message.get(), TCA_BPF_OPS_LEN, 1);
    nla_put(message.get(), TCA_BPF_OPS, sizeof drop, &drop);
    nla_put_u32(message.get(), TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    nla_nest_end(message.get(), options);
    int result = send(socket, std::move(message));
    return result == -NLE_EXIST ? 0 : result;
}

} // namespace

Result<HostGuard> HostGuard::put_on(unsigned ifindex) {
    Socket socket = open_socket();
    if (!socket)
        return fail(ErrorKind::unavailable, "no netlink socket");
    int result = add_qdisc(socket.get(), ifindex);
    for (uint32_t direction : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS})
        if (result == 0)
            result = add_filter(socket.get(), ifindex, direction);
    if (result != 0)
        return fail(ErrorKind::unavailable,
                    "the host's kernel can't be kept out of it ({}): it needs sch_ingress and "
                    "cls_bpf",
                    nl_geterror(result));
    return HostGuard(ifindex);
}

HostGuard::HostGuard(HostGuard&& other) noexcept : ifindex_(std::exchange(other.ifindex_, 0)) {}

HostGuard::~HostGuard() {
    Socket socket = ifindex_ ? open_socket() : nullptr;
    if (!socket)
        return;
    for (uint32_t direction : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) // the netdev may be gone
        send(socket.get(), request(RTM_DELTFILTER, 0, filter_of(ifindex_, direction), "bpf"));
}

} // namespace ringfence::ports
