// What the schema has a place for and nobody builds yet. Each is refused by its name, never
// ignored.
#include "controller/model/check.h"
#include "controller/model/paths.h"
#include "controller/model/texts.h"

namespace ringfence::model {
namespace {

template <class Row> Result<> refuse(const Model& model, const Row& row, const char* what) {
    return not_built(path(model.rows(), row), what, "delete it");
}

} // namespace

Result<> check(const Model& model, const northbound::User& row) {
    return refuse(model, row, "a user");
}
Result<> check(const Model& model, const northbound::ExternalNetwork& row) {
    return refuse(model, row, "an external network");
}
Result<> check(const Model& model, const northbound::NatRule& row) {
    return refuse(model, row, "a NAT rule");
}
Result<> check(const Model& model, const northbound::Task& row) {
    return refuse(model, row, "a task");
}

} // namespace ringfence::model
