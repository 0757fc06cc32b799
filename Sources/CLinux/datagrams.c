#define _GNU_SOURCE
#include "include/datagrams.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

// MARK: - Receiving

union peer {
    struct sockaddr_in inet;
    struct sockaddr_ll link;
};

union packet_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct linux_receiver {
    // How many of the messages the kernel has written to.
    int used;
    struct mmsghdr messages[LINUX_BATCH];
    struct iovec vectors[LINUX_BATCH];
    union peer peers[LINUX_BATCH];
    union packet_control controls[LINUX_BATCH];
    uint8_t bytes[];
};

struct linux_receiver *linux_receiver_create(size_t capacity) {
    struct linux_receiver *receiver = calloc(1, sizeof *receiver + LINUX_BATCH * capacity);
    if (!receiver) return NULL;
    receiver->used = LINUX_BATCH;
    for (int i = 0; i < LINUX_BATCH; i++) {
        receiver->vectors[i] = (struct iovec){receiver->bytes + (size_t)i * capacity, capacity};
        struct msghdr *header = &receiver->messages[i].msg_hdr;
        header->msg_name = &receiver->peers[i];
        header->msg_iov = &receiver->vectors[i];
        header->msg_iovlen = 1;
        header->msg_control = &receiver->controls[i];
    }
    return receiver;
}

void linux_receiver_free(struct linux_receiver *receiver) { free(receiver); }

int linux_receive(struct linux_receiver *receiver, int socket) {
    // The kernel shortens the lengths of name and control data to what it wrote.
    for (int i = 0; i < receiver->used; i++) {
        receiver->messages[i].msg_hdr.msg_namelen = sizeof receiver->peers[i];
        receiver->messages[i].msg_hdr.msg_controllen = sizeof receiver->controls[i];
    }
    receiver->used = 0;
    int count = recvmmsg(socket, receiver->messages, LINUX_BATCH, MSG_DONTWAIT, NULL);
    if (count < 0) {
        // One that failed may have been begun.
        receiver->used = 1;
        return -errno;
    }
    receiver->used = count < LINUX_BATCH ? count + 1 : count;
    return count;
}

struct linux_datagram linux_received(const struct linux_receiver *receiver, int position) {
    struct linux_datagram result = {0};
    if (position < 0 || position >= LINUX_BATCH) return result;
    const union peer *peer = &receiver->peers[position];
    struct msghdr *header = (struct msghdr *)&receiver->messages[position].msg_hdr;
    result.bytes = receiver->vectors[position].iov_base;
    result.length = receiver->messages[position].msg_len;
    result.is_truncated = (header->msg_flags & MSG_TRUNC) != 0;
    if (peer->inet.sin_family == AF_PACKET) {
        result.interface = (uint32_t)peer->link.sll_ifindex;
        result.is_for_all = peer->link.sll_pkttype == PACKET_BROADCAST;
        return result;
    }
    result.source = ntohl(peer->inet.sin_addr.s_addr);
    result.source_port = ntohs(peer->inet.sin_port);
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != IPPROTO_IP || control->cmsg_type != IP_PKTINFO) continue;
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        result.interface = (uint32_t)info.ipi_ifindex;
        result.destination = ntohl(info.ipi_addr.s_addr);
        result.local = ntohl(info.ipi_spec_dst.s_addr);
    }
    return result;
}

// MARK: - Sending

struct sender_control {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];
    } space;
};

// Two for each DATA packet: its header and its payload.
enum { MOST_VECTORS = 2048 };

struct linux_sender {
    int first, count, used_vectors;
    struct mmsghdr messages[LINUX_BATCH];
    struct iovec vectors[MOST_VECTORS];
    struct sockaddr_in receivers[LINUX_BATCH];
    struct sender_control controls[LINUX_BATCH];
    uint16_t segments[LINUX_BATCH];
    size_t plain_controls[LINUX_BATCH];
};

struct linux_sender *linux_sender_create(void) { return calloc(1, sizeof(struct linux_sender)); }
void linux_sender_free(struct linux_sender *sender) { free(sender); }
int linux_sender_count(const struct linux_sender *sender) { return sender->count - sender->first; }
bool linux_sender_has_room(const struct linux_sender *sender, int vectors) {
    return sender->count < LINUX_BATCH && vectors <= MOST_VECTORS - sender->used_vectors;
}
static void clear(struct linux_sender *sender) { sender->first = sender->count = sender->used_vectors = 0; }

struct iovec *linux_sender_add_vectors(
    struct linux_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint32_t interface, int vectors,
    size_t length, uint16_t segment) {
    if (sender->count == LINUX_BATCH || vectors > MOST_VECTORS - sender->used_vectors) return NULL;
    int i = sender->count++;
    sender->receivers[i] = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
    sender->segments[i] = segment;
    struct msghdr *header = &sender->messages[i].msg_hdr;
    memset(header, 0, sizeof *header);
    header->msg_name = &sender->receivers[i];
    header->msg_namelen = sizeof sender->receivers[i];
    header->msg_iov = sender->vectors + sender->used_vectors;
    header->msg_iovlen = (size_t)vectors;
    sender->used_vectors += vectors;
    header->msg_control = &sender->controls[i];
    struct cmsghdr *control = &sender->controls[i].space.align;
    size_t used = 0;
    if (local != 0 || interface != 0) {
        control->cmsg_level = IPPROTO_IP;
        control->cmsg_type = IP_PKTINFO;
        control->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
        struct in_pktinfo info = {.ipi_ifindex = (int)interface, .ipi_spec_dst.s_addr = htonl(local)};
        memcpy(CMSG_DATA(control), &info, sizeof info);
        used += CMSG_SPACE(sizeof info);
    }
    sender->plain_controls[i] = used;
    if (segment > 0 && length > segment) {
        control = (struct cmsghdr *)((char *)control + used);
        control->cmsg_level = SOL_UDP;
        control->cmsg_type = UDP_SEGMENT;
        control->cmsg_len = CMSG_LEN(sizeof segment);
        memcpy(CMSG_DATA(control), &segment, sizeof segment);
        used += CMSG_SPACE(sizeof segment);
    }
    if (used == 0) header->msg_control = NULL;
    header->msg_controllen = used;
    return header->msg_iov;
}

bool linux_sender_add(
    struct linux_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint32_t interface, const void *bytes,
    size_t length, uint16_t segment) {
    struct iovec *vector = linux_sender_add_vectors(sender, address, port, local, interface, 1, length, segment);
    if (!vector) return false;
    *vector = (struct iovec){(void *)bytes, length};
    return true;
}

int linux_sender_flush(struct linux_sender *sender, int fd) {
    while (sender->first < sender->count) {
        int sent = sendmmsg(fd, sender->messages + sender->first, (unsigned)(sender->count - sender->first), 0);
        if (sent < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        sender->first += sent;
    }
    clear(sender);
    return 0;
}

// Packets that lie one behind the other.
static int send_pieces(struct linux_sender *sender, int fd, struct msghdr header, struct iovec whole, size_t step) {
    struct iovec part;
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    size_t offset = 0;
    while (offset < whole.iov_len) {
        size_t left = whole.iov_len - offset;
        part = (struct iovec){(char *)whole.iov_base + offset, left < step ? left : step};
        if (sendmsg(fd, &header, 0) < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        offset += part.iov_len;
    }
    linux_sender_skip(sender);
    return 0;
}

int linux_sender_send_divided(struct linux_sender *sender, int fd) {
    if (sender->first >= sender->count) return 0;
    int i = sender->first;
    struct msghdr header = sender->messages[i].msg_hdr;
    // Without the request to cut it up, which comes last.
    header.msg_controllen = sender->plain_controls[i];
    if (header.msg_controllen == 0) header.msg_control = NULL;
    // Blocks come as header and payload, two vectors each; everything else is one packet in one vector.
    struct iovec *vector = header.msg_iov, *end = vector + header.msg_iovlen;
    if (header.msg_iovlen == 1 && sender->segments[i] > 0 && vector->iov_len > sender->segments[i])
        return send_pieces(sender, fd, header, *vector, sender->segments[i]);
    size_t each = header.msg_iovlen == 1 ? 1 : 2;
    while (vector < end) {
        header.msg_iov = vector;
        header.msg_iovlen = each;
        if (sendmsg(fd, &header, 0) < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        vector += each;
    }
    linux_sender_skip(sender);
    return 0;
}

uint64_t linux_sender_first_endpoint(const struct linux_sender *sender) {
    if (sender->first >= sender->count) return 0;
    const struct sockaddr_in *to = &sender->receivers[sender->first];
    return (uint64_t)ntohl(to->sin_addr.s_addr) << 16 | ntohs(to->sin_port);
}

void linux_sender_skip(struct linux_sender *sender) {
    if (sender->first < sender->count) sender->first++;
    if (sender->first == sender->count) clear(sender);
}
