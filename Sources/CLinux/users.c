#define _GNU_SOURCE
#include "include/users.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int linux_become(uid_t user, gid_t group) {
    // The user goes last: without root's rights the groups could not be set.
    if (setgroups(0, NULL) != 0 || setresgid(group, group, 0) != 0 || setresuid(user, user, 0) != 0) return -errno;
    return 0;
}

/// Leaves this thread the rights of a daemon and has them outlast the execution of a program (capabilities(7)).
static int keep_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0) return -errno;
    const int kept[] = {CAP_NET_BIND_SERVICE, CAP_NET_RAW};
    uint32_t wanted = 0;
    for (size_t i = 0; i < 2; i++) wanted |= UINT32_C(1) << kept[i];
    wanted &= data[0].permitted;
    data[0].effective = data[0].permitted = data[0].inheritable = wanted;
    data[1].effective = data[1].permitted = data[1].inheritable = 0;
    if (syscall(SYS_capset, &header, data) != 0) return -errno;
    for (size_t i = 0; i < 2; i++) {
        if (!(wanted >> kept[i] & 1)) continue;
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, (unsigned long)kept[i], 0, 0) != 0) return -errno;
    }
    return 0;
}

int linux_start_again_as(uid_t user, gid_t group, char *const arguments[]) {
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return -errno;
    if (setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0) return -errno;
    int error = keep_capabilities();
    if (error != 0) return error;
    execv("/proc/self/exe", arguments);
    return -errno;
}
