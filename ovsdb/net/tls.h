// TLS of what hosts are asked over the network: each end shows a certificate that the same
// authority has signed, and one that shows none is never answered. Hides OpenSSL.
#pragma once

#include <memory>
#include <string>

#include "core/types/result.h"
#include "ovsdb/net/stream.h"

struct ssl_ctx_st;

namespace ringfence::net {

// PEM files, as `ovs-vsctl set-ssl` names them.
struct TlsFiles {
    std::string private_key, certificate, ca_certificate;
    bool operator==(const TlsFiles&) const = default;
};

// What connections of one side have in common. Immutable once loaded; the streams share it.
class TlsContext {
public:
    enum class Side { server, client };

    // Reads the files. Errors name the one that is missing, unreadable or no such thing, and a key
    // that is not the certificate's.
    [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files,
                                                                        Side side);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;

    // TLS over a connected, non-blocking socket, which the stream owns.
    [[nodiscard]] static Result<std::unique_ptr<Stream>>
    wrap(std::shared_ptr<const TlsContext> context, int fd);

private:
    friend class TlsStream;
    TlsContext(ssl_ctx_st* context, Side side) : context_(context), side_(side) {}

    ssl_ctx_st* context_;
    Side side_;
};

} // namespace ringfence::net
