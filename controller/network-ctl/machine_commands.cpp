// The nouns of what runs: vm, nic.
#include "controller/network-ctl/commands.h"

namespace ringfence::ctl {

namespace {

using namespace client;

// --- vm -----------------------------------------------------------------------------------------
Result<> create_vm(Session& session, const Arguments& arguments) {
    return name_of<Vm>(arguments).and_then([&](const Path& path) {
        return create(session, NewVm{.path = path, .may_exist = arguments.has("may-exist")});
    });
}

Result<> set_vm(Session& session, const Arguments& arguments) {
    return set<Vm>(session, arguments, VmChange{.name = arguments.maybe("name")});
}

// --- nic ----------------------------------------------------------------------------------------
Result<> create_nic(Session& session, const Arguments& arguments) {
    const auto vm = name_of<Vm>(arguments);
    if (!vm)
        return tl::unexpected(vm.error());
    const auto number = arguments.number("number", 0, 65535);
    if (!number)
        return tl::unexpected(number.error());
    return create(session,
                  NewNic{.vm = *vm,
                         .number = *number,
                         .network = {arguments.text("network"), arguments.text("vapp-network")},
                         .security_groups = texts_of(arguments, "security-group"),
                         .mac = arguments.text("mac"),
                         .allocation = arguments.maybe("allocation"),
                         .addresses = texts_of(arguments, "ip"),
                         .port_security = arguments.maybe("port-security"),
                         .port_name = arguments.text("port-name"),
                         .may_exist = arguments.has("may-exist")});
}

Result<> set_nic(Session& session, const Arguments& arguments) {
    const auto hostname = arguments.maybe("hostname");
    return set<Nic>(session, arguments,
                    NicChange{.hostname = hostname == "none" ? "" : hostname,
                              .trusted_relay = maybe_yes(arguments, "trusted-relay"),
                              .dhcp_server = maybe_yes(arguments, "dhcp-server"),
                              .security_groups = maybe_texts(arguments, "security-group"),
                              .mac = arguments.maybe("mac"),
                              .allocation = arguments.maybe("allocation"),
                              .addresses = maybe_texts(arguments, "ip"),
                              .port_security = arguments.maybe("port-security")});
}

Result<> bind_to(Session& session, const Arguments& arguments, const std::string& host) {
    return name_of<Nic>(arguments).and_then([&](const std::string& name) {
        return session.cloud().and_then([&](Cloud* cloud) {
            return finish(session, Change::setting, cloud->bind(name, host));
        });
    });
}

Result<> bind_nic(Session& session, const Arguments& arguments) {
    return bind_to(session, arguments, arguments.operands[1]);
}

Result<> unbind_nic(Session& session, const Arguments& arguments) {
    return bind_to(session, arguments, "");
}

} // namespace

Noun vm_noun() {
    return {"vm",
            "virtual machines",
            "as ORG/VAPP/VM or ORG/VM (vApp \"default\"); with --org as VAPP/VM, or as VM with or "
            "without --vapp",
            {{"create",
              "VM",
              "make a virtual machine",
              {options::org, options::vapp, options::may_exist},
              "Its vApp is made when it is missing.",
              create_vm},
             {"list", "", "list virtual machines", {options::org, options::vapp}, "", list<Vm>},
             {"show", "VM", "show a virtual machine", {options::org, options::vapp}, "", show<Vm>},
             {"set",
              "VM",
              "change a virtual machine",
              {options::org, options::vapp, options::rename},
              "The port names of its NICs stay as they are.",
              set_vm},
             {"delete",
              "VM",
              "delete a virtual machine",
              {options::org, options::vapp, options::cascade, options::if_exists},
              "--cascade deletes its NICs, too.",
              erase<Vm>}}};
}

Noun nic_noun() {
    static constexpr Option mac{"mac", "MAC",
                                "its MAC; when it is made without: a free, random one"};
    static constexpr Option ip{"ip", "ADDRESS", "an address that it may use; several may be given",
                               true};
    static constexpr Option allocation{
        "allocation", "pool|dhcp|manual|none",
        "where its addresses come from: the network's ranges (pool, dhcp: a free one of each "
        "family), --ip (manual), or unknown (none)",
        false, "pool|dhcp|manual|none"};
    static constexpr Option security{
        "port-security", "strict|mac|trusted",
        "strict: its MAC and addresses alone may send; mac: its MAC alone; trusted: anything may. "
        "Unless given, strict for a NIC with addresses, else mac",
        false, "strict|mac|trusted"};
    static constexpr Option group{"security-group", "GROUP",
                                  "a security group that it is in; several may be given", true};
    static constexpr Option hostname{"hostname", "NAME",
                                     "what DHCP calls it; without it, or with none, its VM's name"};
    static constexpr Option relay{"trusted-relay", "yes|no", "whether a DHCP relay stands there",
                                  false, "yes|no"};
    static constexpr Option dhcp_server{"dhcp-server", "yes|no",
                                        "whether it may serve where the network's own DHCP is off",
                                        false, "yes|no"};
    return {
        "nic",
        "a VM's attachments to networks",
        "by the port name, or as ORG/VAPP/VM/NUMBER; with --org, --vapp and --vm without what "
        "they say",
        {{"create",
          "VM",
          "attach a VM to a network, print the port's name",
          {options::org,
           options::vapp,
           {"network", "NETWORK", "an organization network of the same organization, or"},
           {"vapp-network", "NETWORK", "a vApp network of the same vApp"},
           {"number", "NUMBER", "its number in the VM; without it the lowest free one"},
           mac,
           ip,
           allocation,
           security,
           group,
           {"port-name", "TEXT", "the logical port's name; ORG/VAPP/VM/NUMBER unless given"},
           options::may_exist},
          "The VM is ORG/VAPP/VM or ORG/VM (vApp \"default\"); with --org VAPP/VM or VM. It and "
          "its vApp are made when they are missing. The name that is printed is the iface-id "
          "to plug with: ovs-vsctl set interface IF external_ids:iface-id=NAME. Without --ip and "
          "--allocation nothing is known of the NIC's addresses: its allocation is none, and its "
          "port security mac. On a fenced or one-to-one translated network of a deployed vApp it "
          "gets an outside address, too. --may-exist needs --number or --port-name.",
          create_nic},
         {"list", "", "list NICs", {options::org, options::vapp, options::vm}, "", list<Nic>},
         {"show", "NIC", "show a NIC", {options::org, options::vapp, options::vm}, "", show<Nic>},
         {"set",
          "NIC",
          "change a NIC",
          {options::org, options::vapp, options::vm, mac, ip, allocation, security, hostname, relay,
           dhcp_server, group},
          "--ip replaces all addresses that there were, --security-group all groups; none: there "
          "are none. 'security-group add' takes it into one more.",
          set_nic},
         {"bind",
          "NIC HOST",
          "bind a NIC to a foreign host",
          {options::org, options::vapp, options::vm},
          "Ports of ringfence hosts bind themselves, where their iface-id is plugged.",
          bind_nic},
         {"unbind",
          "NIC",
          "undo 'nic bind'",
          {options::org, options::vapp, options::vm},
          "",
          unbind_nic},
         {"delete",
          "NIC",
          "delete a NIC",
          {options::org, options::vapp, options::vm, options::if_exists},
          "Its VM and vApp stay.",
          erase<Nic>}}};
}

} // namespace ringfence::ctl
