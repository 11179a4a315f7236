// One rtnetlink socket, for requests or for notifications; libnl-3 without its callbacks. For the
// underlay.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include <netlink/netlink.h>

#include "core/types/result.h"

namespace ringfence::agent {

struct FreeMessage {
    void operator()(nl_msg* message) const;
};
using NetlinkMessage = std::unique_ptr<nl_msg, FreeMessage>;

class NetlinkSocket {
public:
    using Visit = std::function<void(nlmsghdr*)>;

    [[nodiscard]] static Result<NetlinkSocket> open();
    // Notifications of these groups (RTNLGRP_*) arrive from now on; receive() takes them.
    [[nodiscard]] Result<> join(std::initializer_list<int> groups);

    // A message with a header of the family's own at its beginning.
    template <class Header>
    static NetlinkMessage message(int type, int flags, const Header& header) {
        return message(type, flags, &header, sizeof header);
    }
    // Sends the request and visits every message of the answer, a dump's included. 0, or the
    // negative errno that the kernel answered with.
    int request(NetlinkMessage message, const Visit& visit = {});
    // Visits what has been notified, without waiting. False when notifications were lost (ENOBUFS):
    // what was built from them must be read again.
    bool receive(const Visit& visit);
    int fd() const;

private:
    struct Free {
        void operator()(nl_sock* socket) const;
    };
    static NetlinkMessage message(int type, int flags, const void* header, size_t size);
    explicit NetlinkSocket(nl_sock* socket) : socket_(socket) {}
    std::unique_ptr<nl_sock, Free> socket_;
};

} // namespace ringfence::agent
