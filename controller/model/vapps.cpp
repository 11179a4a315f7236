// vApps and their virtual machines.
#include "controller/model/check.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::model {

Result<> check(const Model& model, const northbound::Vapp& vapp) {
    const auto& rows = model.rows();
    const std::string object = path(rows, vapp);
    if (auto named = check_name(object, vapp.name); !named)
        return named;
    if (!rows.organization.find(vapp.organization))
        return fail(ErrorKind::not_found, "{}: its organization does not exist", object);
    const auto* vdc = rows.virtual_data_center.find(vapp.data_center);
    if (!vdc)
        return fail(ErrorKind::not_found, "{}: its data center does not exist", object);
    if (vdc->organization != vapp.organization)
        return fail("{}: its data center {} is another organization's", object, path(rows, *vdc));
    return check_empty(object, "option", vapp.options);
}

Result<> check(const Model& model, const northbound::VirtualMachine& vm) {
    const std::string object = path(model.rows(), vm);
    if (auto named = check_name(object, vm.name); !named)
        return named;
    if (!model.rows().vapp.find(vm.vapp))
        return fail(ErrorKind::not_found, "{}: its vApp does not exist", object);
    return check_empty(object, "option", vm.options);
}

} // namespace ringfence::model
