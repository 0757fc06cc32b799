#pragma once
#include <stdint.h>
#include <sys/types.h>

/// What a program may use; 0 is as the caller has it.
struct linux_program_limits {
    uint64_t memory;       ///< bytes of address space (RLIMIT_AS)
    uint64_t file_size;    ///< bytes in each file that it writes (RLIMIT_FSIZE)
    uint64_t seconds;      ///< of processor time (RLIMIT_CPU)
    uint64_t descriptors;  ///< open at a time (RLIMIT_NOFILE)
};

/// Starts the program at `path` in `folder`, with nothing of this process' own: no capabilities, nor any way to gain them
/// (no_new_privs), no descriptors but /dev/null for input and `output` for both outputs, no signal dispositions or mask, no
/// core dumps; as the leader of a process group of its own. It is killed when the thread that started it ends.
///
/// @return the process' id, or -errno.
pid_t linux_spawn_confined(
    const char *path, char *const arguments[], char *const environment[], const char *folder, int output,
    const struct linux_program_limits *limits);
