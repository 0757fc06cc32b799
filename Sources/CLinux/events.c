#include "include/events.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int linux_event_create(void) {
    int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return event < 0 ? -errno : event;
}

void linux_event_signal(int event) {
    uint64_t one = 1;
    while (write(event, &one, sizeof one) < 0 && errno == EINTR) continue;
}

void linux_event_drain(int event) {
    uint64_t count;
    while (read(event, &count, sizeof count) < 0 && errno == EINTR) continue;
}
