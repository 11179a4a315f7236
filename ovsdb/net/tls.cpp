#include "ovsdb/net/tls.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ringfence::net {

namespace {

constexpr int record = 16384; // bytes, at most, of a TLS record

// What OpenSSL has to say about its last failure, without its file names.
std::string openssl_trouble() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code))
        return std::strerror(static_cast<int>(ERR_GET_REASON(code)));
    const char* reason = ERR_reason_error_string(code);
    return reason ? reason : "TLS failed";
}

// --- A socket that raises no SIGPIPE, which OpenSSL's own kind does.

int socket_of(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

int receive(BIO* bio, char* into, int room) {
    BIO_clear_retry_flags(bio);
    const ssize_t got = recv(socket_of(bio), into, static_cast<size_t>(room), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_read(bio);
    return static_cast<int>(got);
}

int transmit(BIO* bio, const char* bytes, int count) {
    BIO_clear_retry_flags(bio);
    const ssize_t sent = send(socket_of(bio), bytes, static_cast<size_t>(count), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH; }

BIO* socket_bio(int fd) {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "quiet socket");
        BIO_meth_set_read(made, receive);
        BIO_meth_set_write(made, transmit);
        BIO_meth_set_ctrl(made, control);
        return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
    BIO_set_init(bio, 1);
    return bio;
}

// --- Loading

Result<> check_file(const char* what, const std::string& path) {
    if (path.empty())
        return fail("no {} is named", what);
    if (access(path.c_str(), R_OK) != 0)
        return fail(ErrorKind::unavailable, "{} {}: {}", what, path, std::strerror(errno));
    return {};
}

// Nobody is there to type a passphrase.
int no_passphrase(char*, int, int, void*) { return 0; }

// The peer chooses among these before it has shown a certificate: none may cost much more than a
// signature does, as the finite fields of 8,192 bits would.
constexpr const char* key_exchanges = "X25519:P-256:P-384:P-521";

void harden(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set1_groups_list(context, key_exchanges);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
}

Result<> read_files(SSL_CTX* context, const TlsFiles& files) {
    const auto failed = [](const char* what, const std::string& path) {
        return fail("{} {}: {}", what, path, openssl_trouble());
    };
    for (const auto& [what, path] : {std::pair("private key", &files.private_key),
                                     std::pair("certificate", &files.certificate),
                                     std::pair("CA certificate", &files.ca_certificate)})
        if (auto there = check_file(what, *path); !there)
            return there;
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1)
        return failed("certificate", files.certificate);
    if (SSL_CTX_use_PrivateKey_file(context, files.private_key.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return failed("private key", files.private_key);
    if (SSL_CTX_load_verify_locations(context, files.ca_certificate.c_str(), nullptr) != 1)
        return failed("CA certificate", files.ca_certificate);
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.ca_certificate.c_str()));
    return {};
}

} // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files, Side side) {
    SSL_CTX* made = SSL_CTX_new(side == Side::server ? TLS_server_method() : TLS_client_method());
    if (!made)
        return fail(ErrorKind::unavailable, "{}", openssl_trouble());
    std::shared_ptr<const TlsContext> context(new TlsContext(made, side));
    harden(made);
    if (auto read = read_files(made, files); !read)
        return tl::unexpected(read.error());
    return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

class TlsStream : public Stream {
public:
    TlsStream(std::shared_ptr<const TlsContext> context, SSL* ssl, int fd)
        : context_(std::move(context)), ssl_(ssl), fd_(fd) {
        BIO* bio = socket_bio(fd);
        SSL_set_bio(ssl_, bio, bio);
        if (context_->side_ == TlsContext::Side::server)
            SSL_set_accept_state(ssl_);
        else
            SSL_set_connect_state(ssl_);
    }
    ~TlsStream() override {
        if (!broken_ && SSL_is_init_finished(ssl_))
            SSL_shutdown(ssl_); // says goodbye, and does not wait for an answer
        SSL_free(ssl_);
        close(fd_);
    }

    Result<Progress> handshake() override {
        ERR_clear_error();
        return progress(SSL_do_handshake(ssl_));
    }

    Result<Progress> read(std::string& into) override {
        std::array<char, record> bytes;
        ERR_clear_error();
        const int got = SSL_read(ssl_, bytes.data(), record);
        if (got > 0)
            into.append(bytes.data(), static_cast<size_t>(got));
        return progress(got);
    }

    Result<Progress> write(std::string_view bytes, size_t& taken) override {
        ERR_clear_error();
        const auto wrote = SSL_write_ex(ssl_, bytes.data(), bytes.size(), &taken);
        return progress(wrote);
    }

    std::string peer() const override {
        std::array<char, 256> name{};
        X509* certificate = SSL_get0_peer_certificate(ssl_);
        const int length = certificate
                               ? X509_NAME_get_text_by_NID(X509_get_subject_name(certificate),
                                                           NID_commonName, name.data(), name.size())
                               : 0;
        return {name.data(), static_cast<size_t>(length > 0 ? length : 0)};
    }

private:
    Result<Progress> progress(int result) {
        if (result > 0)
            return Progress::done;
        const int error = SSL_get_error(ssl_, result);
        broken_ = error == SSL_ERROR_SYSCALL || error == SSL_ERROR_SSL;
        switch (error) {
        case SSL_ERROR_WANT_READ:
            return Progress::wants_read;
        case SSL_ERROR_WANT_WRITE:
            return Progress::wants_write;
        case SSL_ERROR_ZERO_RETURN:
            return Progress::closed;
        case SSL_ERROR_SYSCALL:
            return fail(ErrorKind::unavailable, "{}",
                        errno ? std::strerror(errno) : "the connection was closed");
        default:
            return fail(ErrorKind::unavailable, "TLS: {}", why());
        }
    }

    // What is wrong with the peer's certificate, where that is why.
    std::string why() const {
        const long verified = SSL_get_verify_result(ssl_);
        if (verified != X509_V_OK && !SSL_is_init_finished(ssl_)) {
            ERR_clear_error();
            return std::string("the peer's certificate: ") +
                   X509_verify_cert_error_string(verified);
        }
        return openssl_trouble();
    }

    std::shared_ptr<const TlsContext> context_;
    SSL* ssl_;
    int fd_;
    bool broken_ = false; // OpenSSL is not to be asked again
};

Result<std::unique_ptr<Stream>> TlsContext::wrap(std::shared_ptr<const TlsContext> context,
                                                 int fd) {
    SSL* ssl = SSL_new(context->context_);
    if (!ssl) {
        close(fd);
        return fail(ErrorKind::unavailable, "{}", openssl_trouble());
    }
    return std::make_unique<TlsStream>(std::move(context), ssl, fd);
}

} // namespace ringfence::net
