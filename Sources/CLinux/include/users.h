#pragma once
#include <sys/types.h>

/// Makes the process a user's, with no groups but `group`. Only its saved user and group stay root's, by which seteuid(2) can go
/// back; a program that it starts has no such way. Returns 0 or -errno.
int linux_become(uid_t user, gid_t group);

/// Starts the running program anew as a user's, with the ambient capabilities CAP_NET_BIND_SERVICE and CAP_NET_RAW as far as the
/// process has them. Returns -errno; on success it does not return.
int linux_start_again_as(uid_t user, gid_t group, char *const arguments[]);
