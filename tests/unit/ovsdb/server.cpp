#include "tests/unit/ovsdb/server.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

namespace ringfence::ovsdb::test {

namespace fs = std::filesystem;

Process::Process(const std::vector<std::string>& arguments, const std::string& output) {
    const int fd = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    *this = Process(arguments, 0, fd, fd);
    close(fd);
}

Process::Process(const std::vector<std::string>& arguments, int input, int output, int error) {
    std::vector<char*> argv;
    for (const auto& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that crashes leaves nothing behind
    dup2(input, 0);
    dup2(output, 1);
    dup2(error, 2);
    execvp(argv[0], argv.data());
    _exit(127);
}

int Process::end(int signal) {
    if (pid_ <= 0)
        return 0;
    ::kill(pid_, signal);
    return wait();
}

int Process::wait() {
    int status = 0;
    if (pid_ > 0)
        waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
}

namespace {

// A socket's file is there a moment before anybody listens.
bool listens(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected =
        fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return connected;
}

} // namespace

Server::Server(std::vector<std::string> schemas) {
    for (const auto& schema : schemas) {
        files_.push_back(folder_.path() + "/" + fs::path(schema).stem().string() + ".db");
        run({"ovsdb-tool", "create", files_.back(), schema});
    }
    start();
}

void Server::start() {
    std::vector<std::string> command = {
        "ovsdb-server",          "--no-chdir", "--unixctl=" + folder() + "/ctl",
        "--remote=p" + remote(), "-vfile:off", "-vconsole:warn"};
    command.insert(command.end(), files_.begin(), files_.end());
    fs::remove(folder() + "/ctl");
    fs::remove(socket());
    process_ = Process(command, folder() + "/server.log");
    for (int i = 0; i < 12000 && !listens(folder() + "/ctl"); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    appctl({"version"});
}

void Server::restart() {
    kill();
    start();
}

void Server::pause(bool on) { ::kill(process_.pid(), on ? SIGSTOP : SIGCONT); }

std::string Server::tcp_remote() {
    appctl({"ovsdb-server/add-remote", "ptcp:0:127.0.0.1"});
    // The port is the server's choice; it says so in its log only. /proc has it too: the listening
    // socket of its pid.
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", process_.pid()))) {
        std::error_code error;
        const std::string link = fs::read_symlink(entry, error).string();
        if (!link.starts_with("socket:["))
            continue;
        const std::string inode = link.substr(8, link.size() - 9);
        std::ifstream table("/proc/net/tcp");
        for (std::string line; std::getline(table, line);) {
            std::istringstream words(line);
            std::string slot, local, remote_address, state, skip, found;
            words >> slot >> local >> remote_address >> state >> skip >> skip >> skip >> skip >>
                skip >> found;
            if (state == "0A" && found == inode)
                return fmt::format("tcp:127.0.0.1:{}",
                                   std::stoi(local.substr(local.find(':') + 1), nullptr, 16));
        }
    }
    throw std::runtime_error("ovsdb-server listens on no TCP port");
}

void Server::appctl(const std::vector<std::string>& command) {
    std::vector<std::string> full = {"ovs-appctl", "-t", folder() + "/ctl"};
    full.insert(full.end(), command.begin(), command.end());
    run(full);
}

std::string Server::transact(const std::string& json) {
    const std::string reply = run({"ovsdb-client", "transact", remote(), json});
    if (reply.find("\"error\"") != std::string::npos)
        throw std::runtime_error(reply);
    return reply;
}

std::string run(const std::vector<std::string>& arguments) {
    const TemporaryFolder folder;
    const std::string output = folder.path() + "/output";
    const int status = Process(arguments, output).wait();
    std::ostringstream text;
    text << std::ifstream(output).rdbuf();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(fmt::format("{} failed: {}", arguments[0], text.str()));
    return text.str();
}

std::string schema_file(const std::string& name) {
    if (name == "testing")
        return RINGFENCE_SOURCE "/tests/unit/ovsdb/testing.ovsschema";
    return RINGFENCE_SOURCE "/ovsdb/schemas/ringfence-" + name + ".ovsschema";
}

} // namespace ringfence::ovsdb::test
