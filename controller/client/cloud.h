// The way in for programs: a cloud, as its northbound database has it.
//
//     auto cloud = client::Cloud::open({.remotes = "unix:/run/ringfence/nb.sock"});
//     auto made = cloud->create(client::NewNic{.vm = {"acme", "shop", "web-0"},
//                                              .network = {.network = "front"}});
//     plug(made->object.port_name);                       // external_ids:iface-id
//     cloud->wait(made->receipt, client::Wait::hosts);    // every touched host forwards by it
//
// Every call that changes something is one transaction: all of it happens, or none. It is checked
// by the controller's own rules (controller/model) first, and made again when another client was
// faster, until it is in or makes no sense any more. Names, VNIs and addresses are the database's
// indexes' to keep unique: two clients never get the same one.
//
// Nothing throws; errors say which object and what to do:
//   not_found    what is named does not exist          conflict     exists already, or is in use
//   invalid      refused by the rules                  unsupported  not built yet
//   unavailable  the database cannot be reached        timeout      the deadline passed
//
// A Cloud belongs to one thread. Calls block, for at most Options::timeout each.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "controller/client/objects.h"
#include "controller/client/services.h"
#include "core/types/result.h"

namespace ringfence::client {

struct Options {
    std::string
        remotes; // "unix:/run/ringfence/nb.sock,tcp:192.0.2.1:6641": any one of them will do
    std::chrono::milliseconds timeout{30'000}; // of each call
    // of open(), where nobody answers (the shorter of both counts)
    std::chrono::milliseconds connect_timeout{2'000};
    bool dry_run = false; // calls answer as if done, and write nothing
};

enum class Wait { none, controller, hosts };

// Proof of a change: what to wait for.
struct Receipt {
    int64_t change = 0;   // its number; 0 = nothing was changed
    int64_t sequence = 0; // the controller's last transaction that came before it
};

template <class Object> struct Made {
    Object object;
    Receipt receipt;
    bool existed = false; // it was there already (may_exist), and is as it was
};

struct Deleted {
    std::vector<std::string> objects; // "nic acme/shop/web-0/0", in the order of deletion
    Receipt receipt;
};
struct Deletion {
    bool cascade = false;   // and all that depends on it
    bool if_exists = false; // what does not exist counts as deleted
};

// How far a wait has got.
struct Progress {
    bool compiled = false;          // the controller has compiled the change
    std::vector<std::string> hosts; // the hosts that have not applied it yet
};

class Cloud {
public:
    // Returns when the database's contents are there.
    [[nodiscard]] static Result<Cloud> open(Options options);
    Cloud(Cloud&&) noexcept;
    Cloud& operator=(Cloud&&) noexcept;
    ~Cloud();

    // Waits for a change: until the controller has compiled it, or until every host that it
    // touches forwards by it. An error of kind timeout names the hosts that are still awaited.
    // `report` is called whenever there is progress.
    [[nodiscard]] Result<> wait(const Receipt& receipt, Wait until,
                                const std::function<void(const Progress&)>& report = {});
    // A receipt for everything that anybody has changed up to now.
    [[nodiscard]] Result<Receipt> now();

    [[nodiscard]] Result<Global> global();
    [[nodiscard]] Result<Made<Global>> set(const GlobalChange& change);
    [[nodiscard]] Result<std::vector<Event>> events(); // oldest first

    [[nodiscard]] Result<std::vector<Host>> hosts();
    [[nodiscard]] Result<Host> host(std::string_view name);
    [[nodiscard]] Result<Made<Host>> create(const NewHost& host);
    [[nodiscard]] Result<Made<Host>> set(std::string_view host, const HostChange& change);
    [[nodiscard]] Result<Deleted> delete_host(std::string_view name, Deletion how = {});

    [[nodiscard]] Result<std::vector<Organization>> organizations();
    [[nodiscard]] Result<Organization> organization(std::string_view name);
    [[nodiscard]] Result<Made<Organization>> create(const NewOrganization& organization);
    [[nodiscard]] Result<Made<Organization>> set(std::string_view organization,
                                                 const OrganizationChange& change);
    [[nodiscard]] Result<Deleted> delete_organization(std::string_view name, Deletion how = {});

    [[nodiscard]] Result<std::vector<NetworkPool>> network_pools();
    [[nodiscard]] Result<NetworkPool> network_pool(std::string_view name);
    [[nodiscard]] Result<Made<NetworkPool>> create(const NewNetworkPool& pool);
    [[nodiscard]] Result<Made<NetworkPool>> set(std::string_view pool,
                                                const NetworkPoolChange& change);
    [[nodiscard]] Result<Deleted> delete_network_pool(std::string_view name, Deletion how = {});

    // The lists below are of everything, or of what lies in `scope`: an organization, a vApp, a VM.
    [[nodiscard]] Result<std::vector<DataCenter>> data_centers(const Path& scope = {});
    [[nodiscard]] Result<DataCenter> data_center(const Path& path);
    [[nodiscard]] Result<Made<DataCenter>> create(const NewDataCenter& data_center);
    [[nodiscard]] Result<Made<DataCenter>> set(const Path& data_center,
                                               const DataCenterChange& change);
    [[nodiscard]] Result<Deleted> delete_data_center(const Path& path, Deletion how = {});

    [[nodiscard]] Result<std::vector<Network>> networks(const Path& scope = {});
    [[nodiscard]] Result<Network> network(const Path& path);
    [[nodiscard]] Result<Made<Network>> create(const NewNetwork& network);
    [[nodiscard]] Result<Made<Network>> set(const Path& network, const NetworkChange& change);
    [[nodiscard]] Result<Deleted> delete_network(const Path& path, Deletion how = {});

    // An organization's edge router connects its networks; a vApp network's is made, changed and
    // deleted with it.
    [[nodiscard]] Result<std::vector<Edge>> edges(const Path& scope = {});
    [[nodiscard]] Result<Edge> edge(const Path& path);
    [[nodiscard]] Result<Made<Edge>> create(const NewEdge& edge);
    [[nodiscard]] Result<Made<Edge>> attach(const Path& edge, const NewAttachment& attachment);
    [[nodiscard]] Result<Made<Edge>> detach(const Path& edge, std::string_view network,
                                            bool if_exists = false);
    [[nodiscard]] Result<Deleted> delete_edge(const Path& path, Deletion how = {});

    [[nodiscard]] Result<std::vector<Route>> routes(const Path& edge);
    [[nodiscard]] Result<Made<Route>> create(const NewRoute& route);
    [[nodiscard]] Result<Deleted> delete_route(const Path& edge, std::string_view prefix,
                                               Deletion how = {});

    // The ledger of a network: an organization's (ORG/NETWORK) or a vApp's (ORG/VAPP/NETWORK), or
    // of all networks in an organization or everywhere.
    [[nodiscard]] Result<std::vector<Address>> addresses(const Path& network_or_scope = {});
    [[nodiscard]] Result<Address> address(const Path& network, std::string_view address);
    [[nodiscard]] Result<AddressCounts> address_counts(const Path& network);
    // Nobody is given it until it is released.
    [[nodiscard]] Result<Made<Address>> reserve(const NewReservation& reservation);
    [[nodiscard]] Result<Deleted> release(const Path& network, std::string_view address,
                                          Deletion how = {});

    // DHCP of each network: an organization's (ORG/NETWORK) or a vApp's (ORG/VAPP/NETWORK). Every
    // network has it, with the defaults, until somebody says otherwise.
    [[nodiscard]] Result<std::vector<Dhcp>> dhcps(const Path& scope = {});
    [[nodiscard]] Result<Dhcp> dhcp(const Path& network);
    [[nodiscard]] Result<Made<Dhcp>> set_dhcp(const Path& network, const DhcpChange& change);

    [[nodiscard]] Result<std::vector<SecurityGroup>> security_groups(const Path& scope = {});
    [[nodiscard]] Result<SecurityGroup> security_group(const Path& path);
    [[nodiscard]] Result<Made<SecurityGroup>> create(const NewSecurityGroup& group);
    [[nodiscard]] Result<Made<SecurityGroup>> set(const Path& security_group,
                                                  const SecurityGroupChange& change);
    // With its rules. --cascade: NICs leave it first.
    [[nodiscard]] Result<Deleted> delete_security_group(const Path& path, Deletion how = {});

    // Rules in the order in which they are asked: the provider's first. `owner`: see RuleName.
    [[nodiscard]] Result<std::vector<FirewallRule>> firewall_rules(std::string_view owner);
    [[nodiscard]] Result<FirewallRule> firewall_rule(const RuleName& name);
    [[nodiscard]] Result<Made<FirewallRule>> create(const NewFirewallRule& rule);
    // All of them in one transaction, in this order; an owner has at most 10,000 of a tier.
    [[nodiscard]] Result<Made<std::vector<FirewallRule>>>
    create(const std::vector<NewFirewallRule>& rules);
    [[nodiscard]] Result<Made<FirewallRule>> set(const RuleName& rule,
                                                 const FirewallRuleChange& change);
    // Where another has that number, it and those right behind it go up by one.
    [[nodiscard]] Result<Made<FirewallRule>> move(const RuleName& rule, int64_t number);
    [[nodiscard]] Result<Deleted> delete_firewall_rule(const RuleName& rule, Deletion how = {});
    // Answers with the owner's whole name.
    [[nodiscard]] Result<Made<std::string>> set_default(std::string_view owner,
                                                        const FirewallDefault& change);

    // The NIC may have an address that others may have, too. One that no NIC may have any more is
    // free again.
    [[nodiscard]] Result<Made<Nic>> allow(const NewVirtualAddress& wanted);
    [[nodiscard]] Result<Made<Nic>> revoke(std::string_view nic, std::string_view address,
                                           bool if_exists = false);

    [[nodiscard]] Result<std::vector<Vapp>> vapps(const Path& scope = {});
    [[nodiscard]] Result<Vapp> vapp(const Path& path);
    [[nodiscard]] Result<Made<Vapp>> create(const NewVapp& vapp);
    [[nodiscard]] Result<Made<Vapp>> set(const Path& vapp, const VappChange& change);
    // Its NICs work, and have outside addresses where their networks translate: those that they
    // kept, else free ones.
    [[nodiscard]] Result<Made<Vapp>> deploy(const Path& vapp);
    [[nodiscard]] Result<Made<Vapp>> undeploy(const Path& vapp, bool keep_addresses = false);
    // All of them in one transaction.
    [[nodiscard]] Result<Made<Clones>> clone(const NewClones& clones);
    // With all that is inside.
    [[nodiscard]] Result<Deleted> delete_vapp(const Path& path, Deletion how = {});

    [[nodiscard]] Result<std::vector<VappNetwork>> vapp_networks(const Path& scope = {});
    [[nodiscard]] Result<VappNetwork> vapp_network(const Path& path);
    [[nodiscard]] Result<Made<VappNetwork>> create(const NewVappNetwork& network);
    [[nodiscard]] Result<Made<VappNetwork>> set(const Path& vapp_network,
                                                const VappNetworkChange& change);
    [[nodiscard]] Result<Deleted> delete_vapp_network(const Path& path, Deletion how = {});

    [[nodiscard]] Result<std::vector<Vm>> vms(const Path& scope = {});
    [[nodiscard]] Result<Vm> vm(const Path& path);
    [[nodiscard]] Result<Made<Vm>> create(const NewVm& vm);
    [[nodiscard]] Result<Made<Vm>> set(const Path& vm, const VmChange& change);
    [[nodiscard]] Result<Deleted> delete_vm(const Path& path, Deletion how = {});

    // A NIC is named by its path or by its port name; the port name is looked for first.
    [[nodiscard]] Result<std::vector<Nic>> nics(const Path& scope = {});
    [[nodiscard]] Result<Nic> nic(std::string_view name);
    [[nodiscard]] Result<Made<Nic>> create(const NewNic& nic);
    [[nodiscard]] Result<Made<Nic>> set(std::string_view nic, const NicChange& change);
    // Binds it to a foreign host, whose ports nobody can claim; "" unbinds it.
    [[nodiscard]] Result<Made<Nic>> bind(std::string_view nic, std::string_view foreign_host);
    [[nodiscard]] Result<Deleted> delete_nic(std::string_view name, Deletion how = {});

private:
    struct Impl;
    explicit Cloud(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace ringfence::client
