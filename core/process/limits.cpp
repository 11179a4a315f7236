#include "core/process/limits.h"

#include <sys/resource.h>

namespace ringfence::process {

Result<> open_many_files(unsigned long needed) {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return {}; // cannot tell; opening one will
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max >= needed)
        return {};
    return fail(
        ErrorKind::unavailable,
        "this process may open {} files: raise that to {} at least (ulimit -n, LimitNOFILE= "
        "of its unit)",
        limit.rlim_max, needed);
}

} // namespace ringfence::process
