#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "dhcp_sockets.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

union control {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct direction {
    struct mmsghdr messages[DHCP_BATCH];
    struct iovec vectors[DHCP_BATCH];
    struct sockaddr_in peers[DHCP_BATCH];
    union control controls[DHCP_BATCH];
    uint8_t bytes[DHCP_BATCH][DHCP_DATAGRAM];
};

struct dhcp_batch {
    struct direction in;
    struct direction out;
    int queued;
};

struct dhcp_batch *dhcp_batch_create(void) { return calloc(1, sizeof(struct dhcp_batch)); }

void dhcp_batch_destroy(struct dhcp_batch *batch) { free(batch); }

static void prepare(struct direction *d, int i, size_t length) {
    struct msghdr *header = &d->messages[i].msg_hdr;
    d->vectors[i].iov_base = d->bytes[i];
    d->vectors[i].iov_len = length;
    header->msg_name = &d->peers[i];
    header->msg_namelen = sizeof d->peers[i];
    header->msg_iov = &d->vectors[i];
    header->msg_iovlen = 1;
    header->msg_control = &d->controls[i];
    header->msg_controllen = sizeof d->controls[i];
    header->msg_flags = 0;
}

int dhcp_receive(struct dhcp_batch *batch, int socket) {
    for (int i = 0; i < DHCP_BATCH; i++) prepare(&batch->in, i, DHCP_DATAGRAM);
    int count = recvmmsg(socket, batch->in.messages, DHCP_BATCH, MSG_DONTWAIT, NULL);
    return count < 0 ? -errno : count;
}

struct dhcp_datagram dhcp_received(const struct dhcp_batch *batch, int position) {
    struct dhcp_datagram result = {0};
    if (position < 0 || position >= DHCP_BATCH) return result;
    const struct mmsghdr *message = &batch->in.messages[position];
    result.bytes = batch->in.bytes[position];
    result.length = message->msg_len;
    result.source = ntohl(batch->in.peers[position].sin_addr.s_addr);
    result.source_port = ntohs(batch->in.peers[position].sin_port);
    result.is_truncated = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0;
    struct msghdr *header = (struct msghdr *)&message->msg_hdr;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO) continue;
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(c), sizeof info);
        result.interface = (uint32_t)info.ipi_ifindex;
        result.destination = ntohl(info.ipi_addr.s_addr);
    }
    return result;
}

int dhcp_queue(struct dhcp_batch *batch, const uint8_t *bytes, size_t length, uint32_t destination, uint16_t port,
               uint32_t source, uint32_t interface) {
    int i = batch->queued;
    if (i >= DHCP_BATCH || length > DHCP_DATAGRAM) return -1;
    struct direction *out = &batch->out;
    prepare(out, i, length);
    memcpy(out->bytes[i], bytes, length);
    out->peers[i] = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(destination)};
    struct in_pktinfo info = {.ipi_ifindex = (int)interface, .ipi_spec_dst.s_addr = htonl(source)};
    struct cmsghdr *c = &out->controls[i].header;
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    batch->queued++;
    return 0;
}

int dhcp_flush(struct dhcp_batch *batch, int socket, int *error) {
    int position = 0, failed = 0;
    while (position < batch->queued) {
        int sent = sendmmsg(socket, batch->out.messages + position, (unsigned)(batch->queued - position), 0);
        if (sent > 0) {
            position += sent;
        } else if (errno != EINTR) {
            // The first of the rest is at fault; the others are none the worse for it.
            *error = errno;
            failed++;
            position++;
        }
    }
    batch->queued = 0;
    return failed;
}

int dhcp_open(uint16_t port, const char *device) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    // A full device queue must not hold the thread for long.
    struct timeval patience = {.tv_usec = 100000};
    // Room for a rack that is switched on at once; without CAP_NET_ADMIN the system's limit holds.
    int room = 4 << 20;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) < 0 ||
        (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0) ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

uint16_t dhcp_bound_port(int socket) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &length) < 0) return 0;
    return ntohs(address.sin_port);
}

int dhcp_event_create(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void dhcp_event_signal(int event) {
    uint64_t one = 1;
    ssize_t written = write(event, &one, sizeof one);
    (void)written;
}

int dhcp_interfaces(struct dhcp_interface *list, int capacity) {
    struct ifaddrs *all;
    if (getifaddrs(&all) < 0) return -errno;
    int count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (struct ifaddrs *one = all; one && count < capacity; one = one->ifa_next) {
            if (!one->ifa_addr || one->ifa_addr->sa_family != (pass ? AF_INET : AF_PACKET)) continue;
            struct dhcp_interface *entry = &list[count];
            memset(entry, 0, sizeof *entry);
            strncpy(entry->name, one->ifa_name, sizeof entry->name - 1);
            entry->is_loopback = (one->ifa_flags & IFF_LOOPBACK) != 0;
            entry->is_up = (one->ifa_flags & IFF_UP) != 0;
            if (pass) {
                // An alias' label ("eth0:1") is not the interface's name.
                char *colon = strchr(entry->name, ':');
                if (colon) *colon = 0;
                entry->index = if_nametoindex(entry->name);
                entry->address = ntohl(((struct sockaddr_in *)one->ifa_addr)->sin_addr.s_addr);
            } else {
                struct sockaddr_ll *link = (struct sockaddr_ll *)one->ifa_addr;
                entry->index = (uint32_t)link->sll_ifindex;
                entry->is_ethernet = link->sll_hatype == ARPHRD_ETHER && link->sll_halen == 6;
                if (entry->is_ethernet)
                    for (int i = 0; i < 6; i++) entry->mac = entry->mac << 8 | link->sll_addr[i];
            }
            if (entry->index) count++;
        }
    }
    freeifaddrs(all);
    return count;
}

const char *dhcp_interface_name(const struct dhcp_interface *interface) { return interface->name; }
