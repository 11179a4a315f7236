// Hosts, organizations, virtual data centers, network pools.
#include "controller/client/store.h"
#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

constexpr const char* default_name = "default";
constexpr int64_t default_first_vni = 5000;
constexpr int64_t default_last_vni = 65535;

Uuid insert_default_pool(Draft& draft) {
    nb::NetworkPool pool;
    pool.name = default_name;
    pool.first_vni = default_first_vni;
    pool.last_vni = default_last_vni;
    return draft.insert(pool);
}

Uuid insert_default_data_center(Draft& draft, const Uuid& organization) {
    nb::VirtualDataCenter data_center;
    data_center.organization = organization;
    data_center.name = default_name;
    data_center.all_hosts = true;
    const auto pool = find_network_pool(draft.rows(), default_name);
    data_center.network_pool = pool ? (*pool)->uuid : insert_default_pool(draft);
    return draft.insert(data_center);
}

Result<std::set<Uuid>> hosts_of(const nb::Tables& rows, const Texts& names) {
    std::set<Uuid> hosts;
    for (const std::string& name : names) {
        const auto host = find_host(rows, name);
        if (!host)
            return tl::unexpected(host.error());
        hosts.insert((*host)->uuid);
    }
    return hosts;
}

} // namespace

// --- Hosts --------------------------------------------------------------------------------------
Result<std::vector<Host>> Cloud::hosts() { return impl_->list(&nb::Tables::host); }

Result<Host> Cloud::host(std::string_view name) {
    return impl_->show([&](const nb::Tables& rows) { return find_host(rows, name); });
}

Result<Made<Host>> Cloud::create(const NewHost& wanted) {
    return impl_->change(&nb::Tables::host, [&](Draft& draft) -> Result<Target> {
        if (const auto there = find_host(draft.rows(), wanted.name))
            return existing("host", wanted.name, **there, wanted.may_exist);
        nb::Host host;
        host.name = wanted.name;
        host.kind = wanted.kind;
        host.admitted = true;
        host.vtep_addresses = wanted.vtep_addresses;
        if (!host.vtep_addresses.empty())
            draft.rely_on_all(); // no index keeps two hosts from one address
        return Target{draft.insert(host)};
    });
}

Result<Made<Host>> Cloud::set(std::string_view name, const HostChange& change) {
    return impl_->change(&nb::Tables::host, [&](Draft& draft) {
        return find_host(draft.rows(), name).map([&](const nb::Host* there) {
            nb::Host host = *there;
            assign(host.admitted, change.admitted);
            assign(host.vtep_addresses, change.vtep_addresses);
            if (change.vtep_addresses)
                draft.rely_on_all();
            draft.update(host, nb::Host::Column::admitted | nb::Host::Column::vtep_addresses);
            return Target{host.uuid};
        });
    });
}

// --- Organizations ------------------------------------------------------------------------------
Result<std::vector<Organization>> Cloud::organizations() {
    return impl_->list(&nb::Tables::organization);
}

Result<Organization> Cloud::organization(std::string_view name) {
    return impl_->show([&](const nb::Tables& rows) { return find_organization(rows, name); });
}

Result<Made<Organization>> Cloud::create(const NewOrganization& wanted) {
    return impl_->change(&nb::Tables::organization, [&](Draft& draft) -> Result<Target> {
        if (const auto there = find_organization(draft.rows(), wanted.name))
            return existing("organization", wanted.name, **there, wanted.may_exist);
        nb::Organization organization;
        organization.name = wanted.name;
        organization.description = wanted.description;
        organization.enabled = true;
        const Uuid uuid = draft.insert(organization);
        insert_default_data_center(draft, uuid);
        return Target{uuid};
    });
}

Result<Made<Organization>> Cloud::set(std::string_view name, const OrganizationChange& change) {
    return impl_->change(&nb::Tables::organization, [&](Draft& draft) -> Result<Target> {
        const auto there = find_organization(draft.rows(), name);
        if (!there)
            return tl::unexpected(there.error());
        nb::Organization organization = **there;
        if (change.name && *change.name != organization.name) {
            if (const auto other = find_organization(draft.rows(), *change.name))
                return existing("organization", *change.name, **other, false);
            organization.name = *change.name;
        }
        assign(organization.description, change.description);
        assign(organization.enabled, change.enabled);
        if (change.log_server && change.log_server->empty())
            organization.options.erase("log-server");
        else if (change.log_server)
            organization.options["log-server"] = *change.log_server;
        using Column = nb::Organization::Column;
        draft.update(organization,
                     Column::name | Column::description | Column::enabled | Column::options);
        return Target{organization.uuid};
    });
}

// --- Virtual data centers -----------------------------------------------------------------------
Result<std::vector<DataCenter>> Cloud::data_centers(const Path& scope) {
    return impl_->list(&nb::Tables::virtual_data_center, scope);
}

Result<DataCenter> Cloud::data_center(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_data_center(rows, path); });
}

Result<Made<DataCenter>> Cloud::create(const NewDataCenter& wanted) {
    return impl_->change(&nb::Tables::virtual_data_center, [&](Draft& draft) -> Result<Target> {
        const auto there = find_data_center(draft.rows(), wanted.path);
        if (there)
            return existing("virtual data center", wanted.path.text(), **there, wanted.may_exist);
        const auto organization = parent_organization(draft.rows(), wanted.path, there.error());
        if (!organization)
            return tl::unexpected(organization.error());
        const auto pool = find_network_pool(draft.rows(), wanted.network_pool);
        if (!pool)
            return tl::unexpected(pool.error());
        auto hosts = hosts_of(draft.rows(), wanted.hosts);
        if (!hosts)
            return tl::unexpected(hosts.error());
        nb::VirtualDataCenter data_center;
        data_center.organization = (*organization)->uuid;
        data_center.name = wanted.path[1];
        data_center.all_hosts = hosts->empty();
        data_center.hosts = std::move(*hosts);
        data_center.network_pool = (*pool)->uuid;
        return Target{draft.insert(data_center)};
    });
}

Result<Made<DataCenter>> Cloud::set(const Path& path, const DataCenterChange& change) {
    return impl_->change(&nb::Tables::virtual_data_center, [&](Draft& draft) -> Result<Target> {
        const auto there = find_data_center(draft.rows(), path);
        if (!there)
            return tl::unexpected(there.error());
        nb::VirtualDataCenter data_center = **there;
        if (change.name && *change.name != data_center.name) {
            const Path renamed{path[0], *change.name};
            if (const auto other = find_data_center(draft.rows(), renamed))
                return existing("virtual data center", renamed.text(), **other, false);
            data_center.name = *change.name;
        }
        if (change.hosts) {
            auto hosts = hosts_of(draft.rows(), *change.hosts);
            if (!hosts)
                return tl::unexpected(hosts.error());
            data_center.all_hosts = hosts->empty();
            data_center.hosts = std::move(*hosts);
        }
        if (change.network_pool) {
            const auto pool = find_network_pool(draft.rows(), *change.network_pool);
            if (!pool)
                return tl::unexpected(pool.error());
            data_center.network_pool = (*pool)->uuid;
        }
        change_limits(data_center.limits, change.limits);
        keep_sound(draft, draft.rows().organization_network);
        keep_sound(draft, draft.rows().vapp_network);
        keep_sound(draft, draft.rows().nic);
        using Column = nb::VirtualDataCenter::Column;
        draft.update(data_center, Column::name | Column::all_hosts | Column::hosts |
                                      Column::network_pool | Column::limits);
        return Target{data_center.uuid};
    });
}

// --- Network pools ------------------------------------------------------------------------------
Result<std::vector<NetworkPool>> Cloud::network_pools() {
    return impl_->list(&nb::Tables::network_pool);
}

Result<NetworkPool> Cloud::network_pool(std::string_view name) {
    return impl_->show([&](const nb::Tables& rows) { return find_network_pool(rows, name); });
}

Result<Made<NetworkPool>> Cloud::create(const NewNetworkPool& wanted) {
    return impl_->change(&nb::Tables::network_pool, [&](Draft& draft) -> Result<Target> {
        if (const auto there = find_network_pool(draft.rows(), wanted.name))
            return existing("network pool", wanted.name, **there, wanted.may_exist);
        nb::NetworkPool pool;
        pool.name = wanted.name;
        pool.first_vni = wanted.first_vni;
        pool.last_vni = wanted.last_vni;
        return Target{draft.insert(pool)};
    });
}

Result<Made<NetworkPool>> Cloud::set(std::string_view name, const NetworkPoolChange& change) {
    return impl_->change(&nb::Tables::network_pool, [&](Draft& draft) -> Result<Target> {
        const auto there = find_network_pool(draft.rows(), name);
        if (!there)
            return tl::unexpected(there.error());
        nb::NetworkPool pool = **there;
        if (change.name && *change.name != pool.name) {
            if (const auto other = find_network_pool(draft.rows(), *change.name))
                return existing("network pool", *change.name, **other, false);
            pool.name = *change.name;
        }
        assign(pool.first_vni, change.first_vni);
        assign(pool.last_vni, change.last_vni);
        keep_sound(draft, draft.rows().organization_network);
        keep_sound(draft, draft.rows().vapp_network);
        using Column = nb::NetworkPool::Column;
        draft.update(pool, Column::name | Column::first_vni | Column::last_vni);
        return Target{pool.uuid};
    });
}

} // namespace ringfence::client
