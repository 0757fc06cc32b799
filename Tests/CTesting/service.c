#define _GNU_SOURCE
#include "include/service.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int testing_become_service(void) {
    const unsigned nobody = 65534;
    const unsigned wanted[] = {CAP_NET_BIND_SERVICE, CAP_NET_RAW};
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return errno;
    // The system calls themselves, since glibc's functions change all threads.
    if (syscall(SYS_setresgid, nobody, nobody, nobody) != 0) return errno;
    if (syscall(SYS_setresuid, nobody, nobody, nobody) != 0) return errno;
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct sets[2] = {{0, 0, 0}, {0, 0, 0}};
    for (int index = 0; index < 2; index++) {
        sets[0].effective |= 1U << wanted[index];
        sets[0].permitted |= 1U << wanted[index];
        sets[0].inheritable |= 1U << wanted[index];
    }
    if (syscall(SYS_capset, &header, sets) != 0) return errno;
    for (int index = 0; index < 2; index++) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, wanted[index], 0, 0) != 0) return errno;
    }
    return 0;
}
