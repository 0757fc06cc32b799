#define _GNU_SOURCE
#include "include/open_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

int linux_rename_new(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : -errno;
}
