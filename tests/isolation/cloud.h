// A cloud in one process: tenants whose networks, MACs and addresses are all the same, on hosts
// that a wire joins. Each tenant has an office with a desk and a printer, and copies of a fenced
// vApp with a web server and a db. Copies can be taken down and made anew in each other's VNIs and
// ports, VMs move, hosts change addresses, are cut off, and start again; what they send meanwhile
// is judged by whoever watches.
//
// Rows are those that the controller makes of such a cloud (controller/README.md); hosts are
// tests/isolation/host.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/isolation/host.h"
#include "tests/isolation/kinds.h"
#include "tests/isolation/mark.h"

namespace ringfence::test {

using Bytes = std::vector<uint8_t>;

enum class Role : uint8_t { web, db, desk, printer };

// The MAC and addresses of the role, in whichever network, and those at which others reach the web
// or db of copy N: by the MAC of its edge, in the office.
Station station_of(Role role);
Station outside_of(unsigned copy, Role role);
inline constexpr const char* fence_mac = "02:52:46:00:00:01"; // inside every fence

// A network that VMs are plugged into, from when it is made until it is deleted.
struct Home {
    uint16_t id = 0; // never given twice
    uint8_t tenant = 0;
    bool office = false;
    bool open = false; // lets in who comes from outside
    unsigned copy = 0; // of the vApp; of no office
    uint32_t vni = 0;
};

struct Vm {
    Home home;
    Role role;
};

class Cloud {
public:
    struct Settings {
        unsigned tenants = 2, copies = 3, hosts = 3;
        ConnectionSettings connections;
    };
    explicit Cloud(const Settings& settings);
    ~Cloud();

    // Where a VM is plugged in.
    struct Place {
        unsigned host;
        PortId port;
    };
    std::vector<Place> places() const;
    // Who that is, and a network, as the host knows them: what it is cut off from, it has not heard
    // of. nullptr: nobody.
    const Vm* vm_at(Place place) const;
    const Home* home(unsigned host, uint16_t id) const;
    const Home* home_of_vni(unsigned host, uint32_t vni) const;

    // --- who watches
    std::function<void(Place receiver, const Bytes& frame)> arrived;
    std::function<void(unsigned from_host, uint32_t vni, const Bytes& frame)> on_wire;

    // Up to 32 frames of a VM at once, and whatever follows from them, until all is quiet.
    void send(Place from, const std::vector<Bytes>& frames);

    // --- what happens; each is all done when it returns
    // Two copies of different tenants are deleted and made anew, each with the other's VNI and
    // ports.
    void exchange(std::mt19937& random);
    void move(std::mt19937& random);          // a VM of a copy, to another host
    void open_or_close(std::mt19937& random); // a copy
    // One host loses its database, and who had lost it finds it again.
    void cut_off_another(std::mt19937& random);
    void exchange_vteps(std::mt19937& random); // of two hosts
    void restart(unsigned host);               // kill -9
    void set_open(unsigned tenant, unsigned copy, bool open);

    Host& host(unsigned index) { return *hosts_[index]; }
    unsigned hosts() const { return static_cast<unsigned>(hosts_.size()); }

private:
    struct Plugged; // a VM's place, and whether the database says so
    struct Network;
    struct View; // what a host knows
    Network& make_office(uint8_t tenant);
    Network& make_copy(uint8_t tenant, unsigned copy);
    Network& network(unsigned tenant, unsigned copy);
    Network& random_copy(std::mt19937& random);
    void build(Network& network, uint32_t vni);
    void build_edge(Network& network);
    void erase(Network& network);
    void plug_in(Network& network, Role role, unsigned host);
    void exchange_places(Network& one, Network& other, Role role);
    void put_port(Network& network, Role role);
    void put_policy(const Network& network);
    template <class Row> void put(const Row& row);
    void publish();
    void settle();
    bool is_connected(const Plugged& plugged) const;

    const Settings settings_;
    std::vector<std::unique_ptr<Host>> hosts_;
    std::vector<View> views_;
    std::vector<std::unique_ptr<Network>> networks_;
    uint16_t next_home_ = 1;
    uint32_t next_vni_ = 5001;
};

} // namespace ringfence::test
