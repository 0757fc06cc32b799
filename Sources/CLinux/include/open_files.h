#pragma once
#include <sys/types.h>

/// Whether the byte at an offset of a file can be read without waiting for a disk (preadv2(2), RWF_NOWAIT). A file system
/// that cannot tell counts as one that has to wait.
int linux_is_cached(int descriptor, off_t offset);

/// How many bytes an open file has now, or -1.
off_t linux_file_length(int descriptor);

/// Renames a file, unless there is something of the new name (renameat2(2), RENAME_NOREPLACE). Returns 0 or -errno: EEXIST, or
/// EINVAL where the file system cannot do so.
int linux_rename_new(const char *from, const char *to);
