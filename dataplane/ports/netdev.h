// A kernel netdev that stands behind a port: its MTU, MAC and flags, wherever it is. A tap may have
// been moved to another namespace, and renamed there: it is found through the descriptor that made
// it.
#pragma once

#include <string>

#include "core/types/addresses.h"
#include "core/types/result.h"

namespace ringfence::ports {

class Netdev {
public:
    // The netdev of this namespace with that name, or that index.
    [[nodiscard]] static Result<Netdev> named(const std::string& name);
    [[nodiscard]] static Result<Netdev> indexed(unsigned ifindex);
    // The netdev that a /dev/net/tun descriptor made, in the namespace where it is now. Where that
    // is not ours it takes CAP_SYS_ADMIN, and a thread that enters it for a moment.
    [[nodiscard]] static Result<Netdev> of_tap(int tun);
    ~Netdev();
    Netdev(Netdev&& other) noexcept;
    Netdev& operator=(Netdev&&) = delete;

    const std::string& name() const { return name_; }
    [[nodiscard]] Result<unsigned> mtu() const;
    [[nodiscard]] Result<> set_mtu(unsigned mtu) const; // checked: the kernel has it afterwards
    [[nodiscard]] Result<MacAddr> mac() const;
    [[nodiscard]] Result<> set_mac(MacAddr mac) const;
    [[nodiscard]] Result<unsigned> flags() const; // IFF_UP, IFF_RUNNING, ...
    [[nodiscard]] Result<> set_up() const;
    [[nodiscard]] Result<unsigned> index() const;

private:
    Netdev(int socket, std::string name) : socket_(socket), name_(std::move(name)) {}
    int socket_; // of the netdev's namespace
    std::string name_;
};

// The kernel says that it has no such netdev; another error leaves that open.
bool is_gone(const Result<Netdev>& device);

} // namespace ringfence::ports
