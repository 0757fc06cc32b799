#pragma once
#include <sys/types.h>

/// Whether the byte at an offset of a file can be read without waiting for a disk (preadv2(2), RWF_NOWAIT). A file system
/// that cannot tell counts as one that has to wait.
int linux_is_cached(int descriptor, off_t offset);
