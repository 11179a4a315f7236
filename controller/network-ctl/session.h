// One run of network-ctl: its global options as values, the connection (made when first needed),
// what it prints, and what its exit status is.
#pragma once

#include <optional>
#include <string>

#include "controller/client/cloud.h"
#include "controller/network-ctl/format.h"
#include "controller/network-ctl/grammar.h"

namespace ringfence::ctl {

namespace exit_status {
constexpr int ok = 0;
constexpr int error = 1;        // refused, in use, not built yet, database out of reach
constexpr int not_there = 2;    // an object that was named does not exist, or wrong usage
constexpr int not_applied = 65; // written, and then found faulty by the controller
constexpr int timeout = 124;    // the deadline passed
} // namespace exit_status

class Session {
public:
    [[nodiscard]] static Result<Session> from(const Arguments& arguments);

    [[nodiscard]] Result<client::Cloud*> cloud();
    // Waits as --wait says, with progress on a terminal.
    [[nodiscard]] Result<> wait(const client::Receipt& receipt);
    bool waits() const { return wait_ != client::Wait::none; }

    void print(const Listing& listing);
    // What was made or changed: its name alone, or all of it where --format asks.
    void print_change(Listing listing, const client::Receipt& receipt, bool name_by_default);
    void print_deleted(const client::Deleted& deleted);
    void print_text(const std::string& text);

    // The change stands in the database, but the object has this trouble: exit status 65.
    void note_trouble(const char* kind, const Listing& object, const std::string& status);
    int exit_status() const { return exit_status_; }

private:
    client::Options options_;
    client::Wait wait_ = client::Wait::controller;
    std::optional<Format> format_;
    bool quiet_ = false;
    std::optional<client::Cloud> cloud_;
    int exit_status_ = exit_status::ok;
};

int exit_status_of(const Error& error);

} // namespace ringfence::ctl
