#pragma once
#include <sys/types.h>

/// Whether the byte at an offset of a file can be read without waiting for a disk (preadv2(2), RWF_NOWAIT). A file system
/// that cannot tell counts as one that has to wait.
int linux_is_cached(int descriptor, off_t offset);

/// Renames a file, unless there is something of the new name (renameat2(2), RENAME_NOREPLACE). Returns 0 or -errno: EEXIST, or
/// EINVAL where the file system cannot do so.
int linux_rename_new(const char *from, const char *to);

/// Opens a path below the folder `root`. The kernel refuses a way out of it, by "..", an absolute path or a symbolic link
/// (openat2(2), RESOLVE_BENEATH); symbolic links that stay inside are followed. -errno: ENOSYS where the kernel has no openat2.
int linux_open_beneath(int root, const char *path, int flags);
