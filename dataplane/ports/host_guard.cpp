#include "dataplane/ports/host_guard.h"

#include <memory>
#include <string>
#include <utility>

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>

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

// "" where it has none.
std::string kind_of_qdisc(nl_sock* socket, unsigned ifindex) {
    nl_cache* cache = nullptr;
    if (rtnl_qdisc_alloc_cache(socket, &cache) != 0)
        return {};
    std::string kind;
    if (rtnl_qdisc* qdisc =
            rtnl_qdisc_get_by_parent(cache, static_cast<int>(ifindex), TC_H_CLSACT)) {
        kind = rtnl_tc_get_kind(TC_CAST(qdisc));
        rtnl_qdisc_put(qdisc);
    }
    nl_cache_free(cache);
    return kind;
}

// A plain "ingress" qdisc in its place would take both filters for its one direction.
Result<> add_qdisc(nl_sock* socket, unsigned ifindex) {
    tcmsg qdisc = about(ifindex, TC_H_CLSACT);
    qdisc.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0);
    int result = send(socket, request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, qdisc, "clsact"));
    if (result == 0)
        return {};
    std::string kind = kind_of_qdisc(socket, ifindex);
    if (kind == "clsact")
        return {};
    if (!kind.empty())
        return fail(
            ErrorKind::conflict,
            "the host's kernel can't be kept out of it: its qdisc \"{}\" is in the place of "
            "clsact",
            kind);
    return fail(ErrorKind::unavailable,
                "the host's kernel can't be kept out of it: no clsact qdisc ({}; it needs "
                "sch_ingress)",
                nl_geterror(result));
}

tcmsg filter_of(unsigned ifindex, uint32_t direction) {
    tcmsg filter = about(ifindex, TC_H_MAKE(TC_H_CLSACT, direction));
    filter.tcm_info = TC_H_MAKE(preference << 16, __builtin_bswap16(ETH_P_ALL));
    filter.tcm_handle = 1;
    return filter;
}

// Classic BPF of one instruction, "drop", whose answer is the action itself. In the place of one of
// ours that is there; a filter of another kind there is an error.
int add_filter(nl_sock* socket, unsigned ifindex, uint32_t direction) {
    sock_filter drop{BPF_RET | BPF_K, 0, 0, TC_ACT_SHOT};
    Message message = request(RTM_NEWTFILTER, NLM_F_CREATE, filter_of(ifindex, direction), "bpf");
    nlattr* options = nla_nest_start(message.get(), TCA_OPTIONS);
    nla_put_u16(message.get(), TCA_BPF_OPS_LEN, 1);
    nla_put(message.get(), TCA_BPF_OPS, sizeof drop, &drop);
    nla_put_u32(message.get(), TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT);
    nla_nest_end(message.get(), options);
    return send(socket, std::move(message));
}

} // namespace

Result<> guard_from_host(unsigned ifindex) {
    Socket socket = open_socket();
    if (!socket)
        return fail(ErrorKind::unavailable, "no netlink socket");
    if (auto added = add_qdisc(socket.get(), ifindex); !added)
        return added;
    for (uint32_t direction : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS})
        if (int result = add_filter(socket.get(), ifindex, direction); result != 0)
            return fail(
                ErrorKind::unavailable,
                "the host's kernel can't be kept out of it: no filter ({}; it needs cls_bpf, "
                "and preference {} free)",
                nl_geterror(result), preference);
    return {};
}

void give_back_to_host(unsigned ifindex) {
    Socket socket = open_socket();
    if (!socket)
        return;
    for (uint32_t direction : {TC_H_MIN_INGRESS, TC_H_MIN_EGRESS}) // the netdev may be gone
        send(socket.get(), request(RTM_DELTFILTER, 0, filter_of(ifindex, direction), "bpf"));
}

} // namespace ringfence::ports
