#define _GNU_SOURCE
#include "datagrams.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int datagrams_send(int socket, const uint8_t *packets, size_t stride, size_t length, int count, uint32_t address,
                   uint16_t port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    struct mmsghdr messages[DATAGRAM_BATCH];
    struct iovec parts[DATAGRAM_BATCH];
    if (count > DATAGRAM_BATCH) count = DATAGRAM_BATCH;
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < count; i++) {
        parts[i] = (struct iovec){.iov_base = (void *)(packets + (size_t)i * stride), .iov_len = length};
        messages[i].msg_hdr.msg_name = &to;
        messages[i].msg_hdr.msg_namelen = sizeof to;
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int sent = sendmmsg(socket, messages, (unsigned)count, 0);
    return sent < 0 ? -errno : sent;
}

int datagrams_receive(int socket, uint8_t *packets, size_t stride, uint32_t *lengths) {
    struct mmsghdr messages[DATAGRAM_BATCH];
    struct iovec parts[DATAGRAM_BATCH];
    memset(messages, 0, sizeof messages);
    for (int i = 0; i < DATAGRAM_BATCH; i++) {
        parts[i] = (struct iovec){.iov_base = packets + (size_t)i * stride, .iov_len = stride};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    int received = recvmmsg(socket, messages, DATAGRAM_BATCH, MSG_DONTWAIT, NULL);
    if (received < 0) return -errno;
    for (int i = 0; i < received; i++) lengths[i] = messages[i].msg_len;
    return received;
}

int datagrams_wait(int socket, int64_t nanoseconds) {
    struct pollfd poller = {.fd = socket, .events = POLLIN};
    if (nanoseconds < 0) nanoseconds = 0;
    struct timespec limit = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(&poller, 1, &limit, NULL) > 0;
}
