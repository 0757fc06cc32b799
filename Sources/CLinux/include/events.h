#pragma once

/// A descriptor that polls as readable from a signal to the next drain (eventfd(2)), or -errno.
int linux_event_create(void);
void linux_event_signal(int event);
void linux_event_drain(int event);
