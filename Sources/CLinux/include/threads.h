#pragma once

/// Names the calling thread, for those who look at it with ps or top; 15 bytes.
void linux_name_thread(const char *name);
