#pragma once
// sendmmsg and recvmmsg for packets that lie side by side, `stride` bytes apart, and ppoll. They need GNU's headers, so the code
// is in datagrams.c.
#include <stddef.h>
#include <stdint.h>

enum { DATAGRAM_BATCH = 64 };

// Sends `count` packets of `length` bytes, DATAGRAM_BATCH at most. Address and port are in host order. Returns how many were
// sent, or -errno.
int datagrams_send(int socket, const uint8_t *packets, size_t stride, size_t length, int count, uint32_t address,
                   uint16_t port);
// Takes what is waiting, without waiting for it, DATAGRAM_BATCH packets at most. Returns how many, or -errno.
int datagrams_receive(int socket, uint8_t *packets, size_t stride, uint32_t *lengths);
// Waits until something has come, or so many nanoseconds are over. Returns 1 if something has come.
int datagrams_wait(int socket, int64_t nanoseconds);
