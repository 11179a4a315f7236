#!/usr/bin/python3
"""Plugs a NIC as Nova's compute service does, through os-vif; run in a host's namespace.

    nova.py plug|unplug openvswitch|vhostuser-client|vhostuser-server DATABASE BRIDGE PORT_UUID MAC [SOCKET]

The mode of a vhost-user port is qemu's: "client" has the switch listen. Prints the name of the host's interface.
"""

import sys
import uuid

import os_vif
from os_vif import objects
from oslo_config import cfg
from vif_plug_ovs import ovs, privsep

INSTANCE = "11111111-2222-3333-4444-555555555555"


def vif_of(kind: str, bridge: str, port: str, mac: str, socket: str):
    profile = objects.vif.VIFPortProfileOpenVSwitch(interface_id=port, datapath_type="netdev", create_port=True)
    network = objects.network.Network(id=str(uuid.uuid4()), bridge=bridge, mtu=1450)
    common = {"id": port, "address": mac, "network": network, "port_profile": profile, "plugin": "ovs"}
    if kind == "openvswitch":
        return objects.vif.VIFOpenVSwitch(vif_name=f"tap{port}"[:14], bridge_name=bridge, **common)
    return objects.vif.VIFVHostUser(vif_name=f"vhu{port}"[:14], path=socket, mode=kind.removeprefix("vhostuser-"), **common)


def main() -> None:
    verb, kind, database, bridge, port, mac, *socket = sys.argv[1:]
    cfg.set_defaults(ovs.OvsPlugin.CONFIG_OPTS, ovsdb_connection=database)
    os_vif.initialize()
    privsep.vif_plug.set_client_mode(False)  # in this process: it is root already
    vif = vif_of(kind, bridge, port, mac, *socket or [""])
    instance = objects.instance_info.InstanceInfo(name="web", uuid=INSTANCE)
    getattr(os_vif, verb)(vif, instance)
    print(vif.vif_name)


if __name__ == "__main__":
    main()
