#pragma once
#include <spawn.h>

// glibc declares these two only for _GNU_SOURCE, which Swift does not import it with.

/// Adds to `actions` the change to the folder `path` (posix_spawn_file_actions_addchdir_np).
int linux_spawn_add_working_directory(posix_spawn_file_actions_t *actions, const char *path);

/// Adds to `actions` the closing of every descriptor from `first` on (posix_spawn_file_actions_addclosefrom_np).
int linux_spawn_add_close_from(posix_spawn_file_actions_t *actions, int first);
