#define _GNU_SOURCE
#include "include/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// Everything below that runs in the child is a system call, or is in signal-safety(7): other threads of this process may have
// held any lock when it was forked.

// The hard limit is `grace` above the soft one.
static int limit(int resource, uint64_t value, rlim_t grace) {
    if (value == 0) return 0;
    struct rlimit now, wanted;
    if (getrlimit(resource, &now) != 0) return -1;
    wanted.rlim_cur = value;
    wanted.rlim_max = value > RLIM_INFINITY - grace ? RLIM_INFINITY : value + grace;
    // No more than this process has, which it could not give.
    if (wanted.rlim_max > now.rlim_max) wanted.rlim_max = now.rlim_max;
    if (wanted.rlim_cur > now.rlim_max) wanted.rlim_cur = now.rlim_max;
    return setrlimit(resource, &wanted);
}

static int drop_capabilities(void) {
    // With root's user ID execve would give everything back. Only who may set this can be root with capabilities.
    prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0, 0);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) return -1;
    // A service's filter of system calls may forbid this one. Without ambient ones no capability outlasts execve all the same,
    // but for those of files, which no_new_privs takes away.
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
    if (syscall(SYS_capset, &header, none) != 0 && errno != EPERM) return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

// All descriptors from 3 on are closed by execve.
static int close_on_exec(void) {
#ifdef SYS_close_range
    // CLOSE_RANGE_CLOEXEC is of Linux 5.11.
    if (syscall(SYS_close_range, 3, ~0U, 1U << 2) == 0) return 0;
#endif
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    for (rlim_t fd = 3; fd < limit.rlim_cur; fd++) fcntl((int)fd, F_SETFD, FD_CLOEXEC);
    return 0;
}

static int confine(const struct linux_program_limits *limits) {
    if (limit(RLIMIT_AS, limits->memory, 0) != 0 || limit(RLIMIT_FSIZE, limits->file_size, 0) != 0) return -1;
    if (limit(RLIMIT_NOFILE, limits->descriptors, 0) != 0) return -1;
    // At the soft limit comes SIGXCPU, which tells the reason; at the hard one SIGKILL, which anybody may have sent.
    if (limit(RLIMIT_CPU, limits->seconds, 1) != 0) return -1;
    return drop_capabilities();
}

static int set_stream(int number, int descriptor) {
    if (descriptor < 0) descriptor = open("/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY);
    return descriptor < 0 ? -1 : dup2(descriptor, number);
}

static int prepare(
    const char *folder, const struct linux_program_streams *streams, const struct linux_program_limits *confinement,
    pid_t parent) {
    if (setpgid(0, 0) != 0) return -1;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return -1;
    // The parent may have ended before that.
    if (getppid() != parent) return -1;
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0) return -1;
    if (set_stream(STDIN_FILENO, streams->input) < 0 || set_stream(STDOUT_FILENO, streams->output) < 0) return -1;
    if (set_stream(STDERR_FILENO, streams->errors) < 0) return -1;
    if ((folder != NULL && chdir(folder) != 0) || close_on_exec() != 0) return -1;
    struct rlimit nothing = {0, 0};
    if (setrlimit(RLIMIT_CORE, &nothing) != 0) return -1;
    return confinement == NULL ? 0 : confine(confinement);
}

pid_t linux_spawn_program(
    const char *path, char *const arguments[], char *const environment[], const char *folder,
    const struct linux_program_streams *streams, const struct linux_program_limits *confinement) {
    // Tells what went wrong before the program began; closed by execve when nothing did.
    int failure[2];
    if (pipe2(failure, O_CLOEXEC) != 0) return -errno;
    pid_t parent = getpid();
    // No handler of this process may run in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) {
        if (prepare(folder, streams, confinement, parent) == 0) execve(path, arguments, environment);
        int error = errno;
        ssize_t written = write(failure[1], &error, sizeof error);
        (void)written;
        _exit(127);
    }
    int error = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(failure[1]);
    ssize_t count = 0;
    if (child > 0) {
        do count = read(failure[0], &error, sizeof error);
        while (count < 0 && errno == EINTR);
        if (count > 0) {
            while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
        }
    }
    close(failure[0]);
    if (child < 0 || count > 0) return error == 0 ? -EINVAL : -error;
    return child;
}

int linux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }
