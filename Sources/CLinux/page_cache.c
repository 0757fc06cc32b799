#define _GNU_SOURCE
#include "include/page_cache.h"

#include <sys/uio.h>

int linux_is_cached(int descriptor, off_t offset) {
    char byte;
    struct iovec target = {.iov_base = &byte, .iov_len = 1};
    return preadv2(descriptor, &target, 1, offset, RWF_NOWAIT) == 1;
}
