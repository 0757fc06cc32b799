#define _GNU_SOURCE
#include "include/tftp_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

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

// MARK: - DATA packets

bool tftp_add_blocks(
    struct linux_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint8_t *headers, uint64_t first,
    unsigned count, size_t block_size, const void *payload, size_t length) {
    uint16_t segment = count > 1 ? (uint16_t)(block_size + 4) : 0;
    struct iovec *vector = linux_sender_add_vectors(
        sender, address, port, local, 0, (int)(2 * count), 4 * count + length, segment);
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
