#define _GNU_SOURCE
#include "include/open_files.h"

#include <sys/stat.h>
#include <sys/uio.h>

int linux_is_cached(int descriptor, off_t offset) {
    char byte;
    struct iovec target = {.iov_base = &byte, .iov_len = 1};
    return preadv2(descriptor, &target, 1, offset, RWF_NOWAIT) == 1;
}

off_t linux_file_length(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == 0 ? status.st_size : -1;
}
