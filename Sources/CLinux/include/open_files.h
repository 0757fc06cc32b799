#pragma once
#include <sys/types.h>

/// Whether the byte at an offset of a file can be read without waiting for a disk (preadv2(2), RWF_NOWAIT). A file system
/// that cannot tell counts as one that has to wait.
int linux_is_cached(int descriptor, off_t offset);

/// How many bytes an open file has now, or -1.
off_t linux_file_length(int descriptor);
