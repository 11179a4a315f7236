// The Cloud's delete_...() calls.
#include "controller/client/remover.h"

namespace ringfence::client {

namespace {

// find(rows) names the row; what does not exist is fine with if_exists.
Result<Deleted> delete_found(auto& impl, const Deletion& how, const auto& find) {
    Deleted deleted;
    const auto receipt = impl.commit([&](Draft& draft) -> Result<> {
        deleted.objects.clear();
        const auto row = find(draft.rows());
        if (!row && row.error().kind == ErrorKind::not_found && how.if_exists)
            return {};
        if (!row)
            return tl::unexpected(row.error());
        const auto copy = **row;
        Remover remover(draft, how.cascade);
        return remover.remove(copy).map([&] {
            remover.settle();
            deleted.objects = remover.removed();
        });
    });
    if (!receipt)
        return tl::unexpected(receipt.error());
    deleted.receipt = *receipt;
    return deleted;
}

} // namespace

Result<Deleted> Cloud::delete_host(std::string_view name, Deletion how) {
    return delete_found(*impl_, how, [&](const auto& rows) { return find_host(rows, name); });
}
Result<Deleted> Cloud::delete_organization(std::string_view name, Deletion how) {
    return delete_found(*impl_, how,
                        [&](const auto& rows) { return find_organization(rows, name); });
}
Result<Deleted> Cloud::delete_network_pool(std::string_view name, Deletion how) {
    return delete_found(*impl_, how,
                        [&](const auto& rows) { return find_network_pool(rows, name); });
}
Result<Deleted> Cloud::delete_data_center(const Path& path, Deletion how) {
    return delete_found(*impl_, how,
                        [&](const auto& rows) { return find_data_center(rows, path); });
}
Result<Deleted> Cloud::delete_network(const Path& path, Deletion how) {
    return delete_found(*impl_, how, [&](const auto& rows) { return find_network(rows, path); });
}
Result<Deleted> Cloud::delete_vapp(const Path& path, Deletion how) {
    return delete_found(*impl_, how, [&](const auto& rows) { return find_vapp(rows, path); });
}
Result<Deleted> Cloud::delete_vapp_network(const Path& path, Deletion how) {
    return delete_found(*impl_, how,
                        [&](const auto& rows) { return find_vapp_network(rows, path); });
}
Result<Deleted> Cloud::delete_vm(const Path& path, Deletion how) {
    return delete_found(*impl_, how, [&](const auto& rows) { return find_vm(rows, path); });
}
Result<Deleted> Cloud::delete_edge(const Path& path, Deletion how) {
    return delete_found(*impl_, how, [&](const auto& rows) { return find_edge(rows, path); });
}
Result<Deleted> Cloud::delete_route(const Path& edge, std::string_view prefix, Deletion how) {
    const auto parsed = IpPrefix::from(prefix);
    const std::string text = parsed ? to_string(*parsed) : std::string(prefix);
    return delete_found(*impl_, how,
                        [&](const auto& rows) { return find_route(rows, edge, text); });
}
Result<Deleted> Cloud::delete_security_group(const Path& path, Deletion how) {
    return delete_found(*impl_, how,
                        [&](const auto& rows) { return find_security_group(rows, path); });
}
Result<Deleted> Cloud::delete_nic(std::string_view name, Deletion how) {
    return delete_found(*impl_, how, [&](const auto& rows) { return find_nic(rows, name); });
}

} // namespace ringfence::client
