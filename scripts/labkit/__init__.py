"""A Ringfence fabric on one machine: a database, a controller, hosts, an underlay and VMs, each host and VM a
network namespace. `scripts/lab`, `scripts/quickstart` and the system tests are written with it.

    with Lab("demo") as lab:
        host1, host2 = lab.add_host("host1"), lab.add_host("host2")
        lab.ctl("org", "create", "acme")
        ...
        web = lab.plug(host1, "web", iface_id="acme/default/web/0", mac="02:00:00:00:00:01", addresses=["10.0.0.1/24"])
        web.run("ping", "-c1", "10.0.0.2")

Everything that it makes is written to a ledger first (labkit.ledger), so that it can be taken down later, by
another process, whatever happened to the one that made it.
"""
