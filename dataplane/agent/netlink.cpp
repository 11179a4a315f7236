#include "dataplane/agent/netlink.h"

#include <cerrno>

#include <netlink/msg.h>
#include <netlink/socket.h>

namespace ringfence::agent {

namespace {

constexpr int receive_buffer = 8 << 20; // bytes; a burst of route changes fits

struct Answer {
    const NetlinkSocket::Visit& visit;
    int error = 0;
};

int on_valid(nl_msg* message, void* answer) {
    if (const auto& visit = static_cast<Answer*>(answer)->visit)
        visit(nlmsg_hdr(message));
    return NL_OK;
}

int on_error(sockaddr_nl*, nlmsgerr* error, void* answer) {
    static_cast<Answer*>(answer)->error =
        error->error; // as the kernel says it: libnl merges errnos
    return NL_STOP;
}

int receive_into(nl_sock* socket, Answer& answer) {
    std::unique_ptr<nl_cb, void (*)(nl_cb*)> callbacks(nl_cb_alloc(NL_CB_DEFAULT), nl_cb_put);
    nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_valid, &answer);
    nl_cb_set(
        callbacks.get(), NL_CB_SEQ_CHECK, NL_CB_CUSTOM, [](nl_msg*, void*) -> int { return NL_OK; },
        nullptr);
    nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &answer);
    return nl_recvmsgs(socket, callbacks.get());
}

} // namespace

void FreeMessage::operator()(nl_msg* message) const { nlmsg_free(message); }
void NetlinkSocket::Free::operator()(nl_sock* socket) const { nl_socket_free(socket); }

Result<NetlinkSocket> NetlinkSocket::open() {
    NetlinkSocket made(nl_socket_alloc());
    if (!made.socket_)
        return fail(ErrorKind::unavailable, "no memory for a netlink socket");
    if (int result = nl_connect(made.socket_.get(), NETLINK_ROUTE); result < 0)
        return fail(ErrorKind::unavailable, "the kernel's routing tables: {}", nl_geterror(result));
    nl_socket_disable_auto_ack(made.socket_.get()); // the requests that want one say so
    // With CAP_NET_ADMIN the kernel grants more than rmem_max.
    int size = receive_buffer;
    if (setsockopt(made.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(made.fd(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    nl_socket_set_msg_buf_size(made.socket_.get(), 64 << 10);
    return made;
}

Result<> NetlinkSocket::join(std::initializer_list<int> groups) {
    for (int group : groups)
        if (int result = nl_socket_add_membership(socket_.get(), group); result < 0)
            return fail(ErrorKind::unavailable, "notifications of the kernel's routing tables: {}",
                        nl_geterror(result));
    nl_socket_disable_seq_check(socket_.get());
    nl_socket_set_nonblocking(socket_.get());
    return {};
}

int NetlinkSocket::fd() const { return nl_socket_get_fd(socket_.get()); }

NetlinkMessage NetlinkSocket::message(int type, int flags, const void* header, size_t size) {
    NetlinkMessage made(nlmsg_alloc_simple(type, flags));
    if (made)
        nlmsg_append(made.get(), const_cast<void*>(header), size, NLMSG_ALIGNTO);
    return made;
}

int NetlinkSocket::request(NetlinkMessage message, const Visit& visit) {
    if (!message)
        return -ENOMEM;
    if (nl_send_auto(socket_.get(), message.get()) < 0)
        return -EIO;
    Answer answer{visit};
    int result = receive_into(socket_.get(), answer);
    if (answer.error != 0)
        return answer.error;
    return result == -NLE_DUMP_INTR ? -EAGAIN : result < 0 ? -EIO : 0;
}

bool NetlinkSocket::receive(const Visit& visit) {
    Answer answer{visit};
    for (;;) {
        int result = receive_into(socket_.get(), answer);
        if (result == -NLE_AGAIN)
            return true;
        if (result < 0)
            return false; // NLE_NOMEM: the socket's buffer ran over
    }
}

} // namespace ringfence::agent
