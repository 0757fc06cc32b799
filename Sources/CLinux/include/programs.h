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

/// A program's descriptors 0, 1 and 2; -1 is /dev/null.
struct linux_program_streams {
    int input;
    int output;
    int errors;
};

/// Starts the program at `path` in `folder`, or in this process' own folder if that is NULL, with none of this process' other
/// descriptors, no signal dispositions or mask and no core dumps; as the leader of a process group of its own. It is killed when
/// the thread that started it ends.
///
/// With `confinement` the program has nothing of this process' rights either: no capabilities, nor any way to gain them
/// (no_new_privs). Without, which is NULL, it has the rights and the limits that this process has.
///
/// @return the process' id, or -errno.
pid_t linux_spawn_program(
    const char *path, char *const arguments[], char *const environment[], const char *folder,
    const struct linux_program_streams *streams, const struct linux_program_limits *confinement);

/// Makes a pipe whose ends other programs do not inherit (pipe2 with O_CLOEXEC): read from `ends[0]`, write to `ends[1]`.
///
/// @return 0, or -errno.
int linux_pipe(int ends[2]);
