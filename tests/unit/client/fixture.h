// A real ovsdb-server with an empty northbound database, and a Cloud on it.
#pragma once

#include <gtest/gtest.h>

#include "controller/client/cloud.h"
#include "tests/unit/ovsdb/server.h"

namespace ringfence::client {

inline std::string why(const auto& result) { return result ? "" : result.error().text; }

#define EXPECT_OK(...)                                                                             \
    do {                                                                                           \
        const auto result_ = (__VA_ARGS__);                                                        \
        EXPECT_TRUE(result_) << why(result_);                                                      \
    } while (false)

#define EXPECT_ERROR(expected_kind, expected_text, ...)                                            \
    do {                                                                                           \
        const auto result_ = (__VA_ARGS__);                                                        \
        EXPECT_FALSE(result_);                                                                     \
        if (!result_) {                                                                            \
            EXPECT_EQ(result_.error().text, expected_text);                                        \
            EXPECT_EQ(result_.error().kind, ErrorKind::expected_kind);                             \
        }                                                                                          \
    } while (false)

class CloudTest : public testing::Test {
protected:
    explicit CloudTest(const std::vector<std::string>& schemas = {"northbound"})
        : server_(files_of(schemas)) {}

    Cloud open(std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
        auto cloud = Cloud::open({.remotes = server_.remote(), .timeout = timeout});
        if (!cloud)
            throw std::runtime_error(cloud.error().text);
        return std::move(*cloud);
    }

    // What somebody else writes, past our rules. `operations` as in RFC 7047, clause 5.2.
    std::string transact(const std::string& operations) {
        return server_.transact("[\"Ringfence_Northbound\"," + operations + "]");
    }

    // How many rows a table has.
    size_t count(const std::string& table) {
        const auto answer =
            transact(R"({"op":"select","where":[],"columns":["_uuid"],"table":")" + table + "\"}");
        size_t rows = 0;
        for (size_t at = 0; (at = answer.find("\"uuid\"", at)) != answer.npos; ++at)
            ++rows;
        return rows;
    }

    // The tenant that most tests need: acme with the network front, 10.0.0.0/24.
    void make_acme(Cloud& cloud) {
        EXPECT_OK(cloud.create(NewOrganization{.name = "acme"}));
        EXPECT_OK(cloud.create(
            NewNetwork{.path = {"acme", "front"}, .segment = {.subnets = {"10.0.0.0/24"}}}));
    }

    static NewNic nic_of(const char* vm, Texts addresses = {}) {
        return {.vm = {"acme", "default", vm},
                .network = {.network = "front"},
                .addresses = std::move(addresses)};
    }

    ovsdb::test::Server server_;

private:
    static std::vector<std::string> files_of(const std::vector<std::string>& schemas) {
        std::vector<std::string> files;
        for (const std::string& schema : schemas)
            files.push_back(ovsdb::test::schema_file(schema));
        return files;
    }
};

} // namespace ringfence::client
