// Virtual machines, and the vApps that they need.
#include "controller/client/machines.h"

#include "controller/client/store.h"
#include "controller/client/updates.h"

namespace ringfence::client {

namespace {

constexpr const char* default_data_center = "default";

template <class Row> Result<Uuid> find_or_make(const Found<Row>& there, const auto& make) {
    if (there)
        return (*there)->uuid;
    if (there.error().kind != ErrorKind::not_found)
        return tl::unexpected(there.error());
    return make();
}

} // namespace

Result<Uuid> insert_vapp(Draft& draft, const NewVapp& wanted) {
    return find_data_center(draft.rows(), {wanted.path[0], wanted.data_center})
        .map([&](const nb::VirtualDataCenter* data_center) {
            nb::Vapp vapp;
            vapp.organization = data_center->organization;
            vapp.data_center = data_center->uuid;
            vapp.name = wanted.path[1];
            vapp.deployed = wanted.deployed;
            return draft.insert(vapp);
        });
}

Result<Uuid> vapp_for(Draft& draft, const Path& path) {
    return find_or_make(find_vapp(draft.rows(), path), [&] {
        return insert_vapp(draft, {.path = path, .data_center = default_data_center});
    });
}

Result<Uuid> vm_for(Draft& draft, const Path& path) {
    return find_or_make(find_vm(draft.rows(), path), [&] {
        return vapp_for(draft, {path[0], path[1]}).map([&](const Uuid& vapp) {
            nb::VirtualMachine vm;
            vm.vapp = vapp;
            vm.name = path[2];
            return draft.insert(vm);
        });
    });
}

Result<std::vector<Vm>> Cloud::vms(const Path& scope) {
    return impl_->list(&nb::Tables::virtual_machine, scope);
}

Result<Vm> Cloud::vm(const Path& path) {
    return impl_->show([&](const nb::Tables& rows) { return find_vm(rows, path); });
}

Result<Made<Vm>> Cloud::create(const NewVm& wanted) {
    return impl_->change(&nb::Tables::virtual_machine, [&](Draft& draft) -> Result<Target> {
        if (const auto there = find_vm(draft.rows(), wanted.path))
            return existing("VM", wanted.path.text(), **there, wanted.may_exist);
        return vm_for(draft, wanted.path).map([](const Uuid& uuid) { return Target{uuid}; });
    });
}

Result<Made<Vm>> Cloud::set(const Path& path, const VmChange& change) {
    return impl_->change(&nb::Tables::virtual_machine, [&](Draft& draft) -> Result<Target> {
        const auto there = find_vm(draft.rows(), path);
        if (!there)
            return tl::unexpected(there.error());
        nb::VirtualMachine vm = **there;
        if (change.name && *change.name != vm.name) {
            const Path renamed{path[0], path[1], *change.name};
            if (const auto other = find_vm(draft.rows(), renamed))
                return existing("VM", renamed.text(), **other, false);
            vm.name = *change.name;
        }
        draft.update(vm, nb::VirtualMachine::Column::name);
        return Target{vm.uuid};
    });
}

} // namespace ringfence::client
