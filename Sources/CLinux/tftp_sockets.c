#define _GNU_SOURCE
#include "tftp_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static struct sockaddr_in endpoint(uint32_t address, uint16_t port) {
    struct sockaddr_in result = {0};
    result.sin_family = AF_INET;
    result.sin_addr.s_addr = htonl(address);
    result.sin_port = htons(port);
    return result;
}

int tftp_socket(uint32_t address, uint16_t port, bool tells_address) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = tells_address;
    // As much as the system's limits let; what is asked above them is cut, not refused.
    int room = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    struct sockaddr_in local = endpoint(address, port);
    if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) < 0
        || bind(fd, (struct sockaddr *)&local, sizeof local) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

uint16_t tftp_bound_port(int fd) {
    struct sockaddr_in local = {0};
    socklen_t size = sizeof local;
    if (getsockname(fd, (struct sockaddr *)&local, &size) < 0) return 0;
    return ntohs(local.sin_port);
}

int tftp_path_mtu(uint32_t local, uint32_t address) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    struct sockaddr_in from = endpoint(local, 0), to = endpoint(address, 9);
    int mtu = 0;
    socklen_t size = sizeof mtu;
    int result = 0;
    if (bind(fd, (struct sockaddr *)&from, sizeof from) < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0
        || getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &size) < 0)
        result = -errno;
    else
        result = mtu;
    close(fd);
    return result;
}

// MARK: - Receiving

struct tftp_receiver {
    struct mmsghdr messages[TFTP_BATCH];
    struct iovec vectors[TFTP_BATCH];
    struct sockaddr_in senders[TFTP_BATCH];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
    } controls[TFTP_BATCH];
    uint8_t buffers[TFTP_BATCH][TFTP_DATAGRAM_CAPACITY];
};

struct tftp_receiver *tftp_receiver_create(void) {
    struct tftp_receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver) return NULL;
    for (int i = 0; i < TFTP_BATCH; i++) {
        receiver->vectors[i] = (struct iovec){receiver->buffers[i], TFTP_DATAGRAM_CAPACITY};
        struct msghdr *header = &receiver->messages[i].msg_hdr;
        header->msg_name = &receiver->senders[i];
        header->msg_namelen = sizeof receiver->senders[i];
        header->msg_iov = &receiver->vectors[i];
        header->msg_iovlen = 1;
        header->msg_control = &receiver->controls[i];
        header->msg_controllen = sizeof receiver->controls[i];
    }
    return receiver;
}

void tftp_receiver_free(struct tftp_receiver *receiver) { free(receiver); }

int tftp_receive(struct tftp_receiver *receiver, int fd) {
    int count = recvmmsg(fd, receiver->messages, TFTP_BATCH, 0, NULL);
    return count < 0 ? -errno : count;
}

struct tftp_datagram tftp_received(const struct tftp_receiver *receiver, int index) {
    // The kernel shortens the lengths of name and control data to what it wrote; they are put back for the next call.
    struct msghdr *header = (struct msghdr *)&receiver->messages[index].msg_hdr;
    struct tftp_datagram datagram = {
        .address = ntohl(receiver->senders[index].sin_addr.s_addr),
        .port = ntohs(receiver->senders[index].sin_port),
        .length = receiver->messages[index].msg_len,
        .truncated = (header->msg_flags & MSG_TRUNC) != 0,
    };
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level != IPPROTO_IP || control->cmsg_type != IP_PKTINFO) continue;
        struct in_pktinfo info;
        memcpy(&info, CMSG_DATA(control), sizeof info);
        datagram.local = ntohl(info.ipi_spec_dst.s_addr);
        datagram.broadcast = info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
    }
    header->msg_namelen = sizeof receiver->senders[index];
    header->msg_controllen = sizeof receiver->controls[index];
    return datagram;
}

const uint8_t *tftp_received_bytes(const struct tftp_receiver *receiver, int index) {
    return receiver->buffers[index];
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

struct tftp_sender {
    int first, count, used_vectors;
    struct mmsghdr messages[TFTP_BATCH];
    struct iovec vectors[MOST_VECTORS];
    struct sockaddr_in receivers[TFTP_BATCH];
    struct sender_control controls[TFTP_BATCH];
    uint16_t segments[TFTP_BATCH];
    size_t plain_controls[TFTP_BATCH];
};

struct tftp_sender *tftp_sender_create(void) { return calloc(1, sizeof(struct tftp_sender)); }
void tftp_sender_free(struct tftp_sender *sender) { free(sender); }
int tftp_sender_count(const struct tftp_sender *sender) { return sender->count - sender->first; }
bool tftp_sender_has_room(const struct tftp_sender *sender, int vectors) {
    return sender->count < TFTP_BATCH && vectors <= MOST_VECTORS - sender->used_vectors;
}
void tftp_sender_clear(struct tftp_sender *sender) { sender->first = sender->count = sender->used_vectors = 0; }

// A message of the next `vectors` vectors, which the caller fills in.
static struct iovec *add_message(
    struct tftp_sender *sender, uint32_t address, uint16_t port, uint32_t local, int vectors, size_t length,
    uint16_t segment) {
    if (sender->count == TFTP_BATCH || vectors > MOST_VECTORS - sender->used_vectors) return NULL;
    int i = sender->count++;
    sender->receivers[i] = endpoint(address, port);
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
    if (local != 0) {
        control->cmsg_level = IPPROTO_IP;
        control->cmsg_type = IP_PKTINFO;
        control->cmsg_len = CMSG_LEN(sizeof(struct in_pktinfo));
        struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(local)};
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

bool tftp_sender_add(
    struct tftp_sender *sender, uint32_t address, uint16_t port, uint32_t local, const void *bytes, size_t length,
    uint16_t segment) {
    struct iovec *vector = add_message(sender, address, port, local, 1, length, segment);
    if (!vector) return false;
    *vector = (struct iovec){(void *)bytes, length};
    return true;
}

bool tftp_sender_add_blocks(
    struct tftp_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint8_t *headers, uint64_t first,
    unsigned count, size_t block_size, const void *payload, size_t length) {
    uint16_t segment = count > 1 ? (uint16_t)(block_size + 4) : 0;
    struct iovec *vector = add_message(sender, address, port, local, (int)(2 * count), 4 * count + length, segment);
    if (!vector) return false;
    const uint8_t *next = payload;
    for (unsigned i = 0; i < count; i++, first++) {
        size_t size = length < block_size ? length : block_size;
        headers[0] = 0;
        headers[1] = 3;
        headers[2] = (uint8_t)(first >> 8);
        headers[3] = (uint8_t)first;
        *vector++ = (struct iovec){headers, 4};
        *vector++ = (struct iovec){(void *)next, size};
        headers += 4;
        next += size;
        length -= size;
    }
    return true;
}

int tftp_sender_flush(struct tftp_sender *sender, int fd) {
    while (sender->first < sender->count) {
        int sent = sendmmsg(fd, sender->messages + sender->first, sender->count - sender->first, 0);
        if (sent < 0) {
            if (errno == EINTR) continue;
            return errno;
        }
        sender->first += sent;
    }
    tftp_sender_clear(sender);
    return 0;
}

// Packets that lie one behind the other.
static int send_pieces(struct tftp_sender *sender, int fd, struct msghdr header, struct iovec whole, size_t step) {
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
    tftp_sender_skip(sender);
    return 0;
}

int tftp_sender_send_divided(struct tftp_sender *sender, int fd) {
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
    tftp_sender_skip(sender);
    return 0;
}

uint64_t tftp_sender_first_endpoint(const struct tftp_sender *sender) {
    if (sender->first >= sender->count) return 0;
    const struct sockaddr_in *to = &sender->receivers[sender->first];
    return (uint64_t)ntohl(to->sin_addr.s_addr) << 16 | ntohs(to->sin_port);
}

void tftp_sender_skip(struct tftp_sender *sender) {
    if (sender->first < sender->count) sender->first++;
    if (sender->first == sender->count) tftp_sender_clear(sender);
}

// MARK: - Content

ptrdiff_t tftp_read_blocks(
    int fd, uint64_t offset, size_t length, uint64_t first, unsigned count, size_t block_size, uint8_t *output) {
    enum { MOST = 64 };
    struct iovec vectors[MOST];
    uint8_t *packet = output;
    size_t left = length;
    while (count > 0) {
        unsigned now = count < MOST ? count : MOST;
        size_t wanted = 0;
        for (unsigned i = 0; i < now; i++) {
            size_t payload = left < block_size ? left : block_size;
            packet[0] = 0;
            packet[1] = 3;
            packet[2] = (uint8_t)(first >> 8);
            packet[3] = (uint8_t)first;
            vectors[i] = (struct iovec){packet + 4, payload};
            packet += 4 + payload;
            left -= payload;
            wanted += payload;
            first++;
        }
        size_t done = 0;
        unsigned at = 0;
        while (done < wanted) {
            ssize_t got = now - at == 1
                ? pread(fd, vectors[at].iov_base, vectors[at].iov_len, (off_t)(offset + done))
                : preadv(fd, vectors + at, (int)(now - at), (off_t)(offset + done));
            if (got < 0) {
                if (errno == EINTR) continue;
                return -errno;
            }
            if (got == 0) return 0;
            done += (size_t)got;
            // A read may end early; the next goes on in the middle of a block.
            size_t skip = (size_t)got;
            while (at < now && skip >= vectors[at].iov_len) skip -= vectors[at++].iov_len;
            if (skip > 0) {
                vectors[at].iov_base = (char *)vectors[at].iov_base + skip;
                vectors[at].iov_len -= skip;
            }
        }
        offset += wanted;
        count -= now;
    }
    return packet - output;
}

// MARK: - Waking

int tftp_wakeup_create(void) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

void tftp_wakeup_signal(int fd) {
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR) {}
}

void tftp_wakeup_drain(int fd) {
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR) {}
}

// MARK: - Opening

// A FIFO must not hold the opener, so nothing waits; and a device is told apart only when it is open.
static const int open_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

int tftp_open_beneath(int root, const char *path, bool directory) {
    struct open_how how = {
        .flags = (uint64_t)(open_flags | (directory ? O_DIRECTORY : 0)),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    // EAGAIN: something was renamed during the walk, and the kernel could not tell whether it stayed beneath.
    for (int attempt = 0; attempt < 8; attempt++) {
        long fd = syscall(SYS_openat2, root, path, &how, sizeof how);
        if (fd >= 0) return (int)fd;
        if (errno != EAGAIN && errno != EINTR) return -errno;
    }
    return -EAGAIN;
}

int tftp_open_component(int folder, const char *name, bool directory) {
    int fd = openat(folder, name, open_flags | O_NOFOLLOW | (directory ? O_DIRECTORY : 0));
    return fd < 0 ? -errno : fd;
}

uint64_t tftp_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
