// Security groups. NICs join and leave them by their own rows (nics.cpp); rules are firewall.cpp's.
#include "controller/client/store.h"
#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

// What is said by an option only where it differs from the default.
void set_option(nb::SecurityGroup& group, const char* name, const std::string& value,
                const char* unless) {
    if (value == unless)
        group.options.erase(name);
    else
        group.options[name] = value;
}

} // namespace

void change_group(nb::SecurityGroup& group, const SecurityGroupChange& change) {
    assign(group.name, change.name);
    if (change.default_in)
        set_option(group, "default-in", *change.default_in, "drop");
    if (change.default_out)
        set_option(group, "default-out", *change.default_out, "allow");
    if (change.log_default)
        set_yes(group.options, "log-default", *change.log_default);
}

Result<std::vector<SecurityGroup>> Cloud::security_groups(const Path& scope) {
    return impl_->list(&nb::Tables::security_group, scope);
}

Result<SecurityGroup> Cloud::security_group(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_security_group(rows, path); });
}

Result<Made<SecurityGroup>> Cloud::create(const NewSecurityGroup& wanted) {
    return impl_->change(&nb::Tables::security_group, [&](Draft& draft) -> Result<Target> {
        const auto there = find_security_group(draft.rows(), wanted.path);
        if (there)
            return existing("security group", wanted.path.text(), **there, wanted.may_exist);
        const auto organization = parent_organization(draft.rows(), wanted.path, there.error());
        if (!organization)
            return tl::unexpected(organization.error());
        nb::SecurityGroup group;
        group.organization = (*organization)->uuid;
        group.name = wanted.path[1];
        change_group(group, {.default_in = wanted.default_in,
                             .default_out = wanted.default_out,
                             .log_default = wanted.log_default});
        return Target{draft.insert(group)};
    });
}

Result<Made<SecurityGroup>> Cloud::set(const Path& path, const SecurityGroupChange& change) {
    return impl_->change(&nb::Tables::security_group, [&](Draft& draft) -> Result<Target> {
        const auto there = find_security_group(draft.rows(), path);
        if (!there)
            return tl::unexpected(there.error());
        nb::SecurityGroup group = **there;
        if (change.name && *change.name != group.name) {
            const Path renamed{path[0], *change.name};
            if (const auto other = find_security_group(draft.rows(), renamed))
                return existing("security group", renamed.text(), **other, false);
        }
        change_group(group, change);
        draft.update(group, nb::SecurityGroup::Column::name | nb::SecurityGroup::Column::options);
        return Target{group.uuid};
    });
}

} // namespace ringfence::client
