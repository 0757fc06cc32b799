#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "dhcp_sockets.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
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

union peer {
    struct sockaddr_in inet;
    struct sockaddr_ll link;
};

// IPv4's header without options, and UDP's.
enum { IP_HEADER = 20, UDP_HEADER = 8, HEADERS = IP_HEADER + UDP_HEADER, IP_HEADER_MOST = 60 };

struct direction {
    struct mmsghdr messages[DHCP_BATCH];
    struct iovec vectors[DHCP_BATCH];
    union peer peers[DHCP_BATCH];
    union control controls[DHCP_BATCH];
    uint8_t bytes[DHCP_BATCH][DHCP_DATAGRAM + IP_HEADER_MOST + UDP_HEADER];
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
    for (int i = 0; i < DHCP_BATCH; i++) prepare(&batch->in, i, sizeof batch->in.bytes[i]);
    int count = recvmmsg(socket, batch->in.messages, DHCP_BATCH, MSG_DONTWAIT, NULL);
    return count < 0 ? -errno : count;
}

struct dhcp_datagram dhcp_received(const struct dhcp_batch *batch, int position) {
    struct dhcp_datagram result = {0};
    if (position < 0 || position >= DHCP_BATCH) return result;
    const struct mmsghdr *message = &batch->in.messages[position];
    result.bytes = batch->in.bytes[position];
    result.length = message->msg_len;
    result.source = ntohl(batch->in.peers[position].inet.sin_addr.s_addr);
    result.source_port = ntohs(batch->in.peers[position].inet.sin_port);
    result.is_unusable = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0 || message->msg_len > DHCP_DATAGRAM;
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

static uint16_t get16(const uint8_t *bytes) { return (uint16_t)(bytes[0] << 8 | bytes[1]); }

static uint32_t get32(const uint8_t *bytes) { return (uint32_t)get16(bytes) << 16 | get16(bytes + 2); }

static void put16(uint8_t *bytes, unsigned value) {
    bytes[0] = (uint8_t)(value >> 8);
    bytes[1] = (uint8_t)value;
}

static void put32(uint8_t *bytes, uint32_t value) {
    put16(bytes, value >> 16);
    put16(bytes + 2, value);
}

// The one's complement sum of 16-bit words (RFC 1071), added to `sum` and folded; an odd last byte counts as if a zero followed.
static unsigned add(unsigned sum, const uint8_t *bytes, size_t length) {
    size_t i = 0;
    for (; i + 1 < length; i += 2) sum += get16(bytes + i);
    if (i < length) sum += (unsigned)bytes[i] << 8;
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

// What UDP's sum covers of the IPv4 header: both addresses, the protocol and the length.
static unsigned add_pseudo_header(const uint8_t *packet, unsigned length) {
    return add(IPPROTO_UDP + length, packet + 12, 8);
}

struct dhcp_datagram dhcp_parse(const uint8_t *packet, size_t length) {
    struct dhcp_datagram result = {.is_unusable = 1};
    if (length < HEADERS) return result;
    size_t header = (size_t)(packet[0] & 15) * 4, total = get16(packet + 2);
    // Frames shorter than 60 bytes are padded, so the IPv4 length decides where the datagram ends.
    if (packet[0] >> 4 != 4 || header < IP_HEADER || total > length || header + UDP_HEADER > total) return result;
    if (add(0, packet, header) != 0xffff) return result;
    // A boot client's message fits into one packet; fragments have the second bit or an offset.
    if ((get16(packet + 6) & 0x3fff) != 0 || packet[9] != IPPROTO_UDP) return result;
    const uint8_t *udp = packet + header;
    size_t extent = get16(udp + 4);
    if (extent < UDP_HEADER || extent > total - header || extent - UDP_HEADER > DHCP_DATAGRAM) return result;
    unsigned sum = get16(udp + 6);
    if (sum != 0) {
        // A sum over the pseudo header alone is what a neighbour on the same host leaves for its network device to finish.
        unsigned pseudo = add_pseudo_header(packet, (unsigned)extent);
        if (sum != pseudo && add(pseudo, udp, extent) != 0xffff) return result;
    }
    result.bytes = udp + UDP_HEADER;
    result.length = (uint32_t)(extent - UDP_HEADER);
    result.source = get32(packet + 12);
    result.destination = get32(packet + 16);
    result.source_port = get16(udp);
    result.destination_port = get16(udp + 2);
    result.is_unusable = 0;
    return result;
}

struct dhcp_datagram dhcp_captured(const struct dhcp_batch *batch, int position) {
    struct dhcp_datagram result = {.is_unusable = 1};
    if (position < 0 || position >= DHCP_BATCH) return result;
    const struct mmsghdr *message = &batch->in.messages[position];
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) == 0) result = dhcp_parse(batch->in.bytes[position], message->msg_len);
    result.interface = (uint32_t)batch->in.peers[position].link.sll_ifindex;
    result.is_for_all = batch->in.peers[position].link.sll_pkttype == PACKET_BROADCAST;
    return result;
}

int dhcp_queue(struct dhcp_batch *batch, const uint8_t *bytes, size_t length, uint32_t destination, uint16_t port,
               uint32_t source, uint16_t source_port, uint32_t interface) {
    int i = batch->queued;
    if (i >= DHCP_BATCH || length > DHCP_DATAGRAM) return -1;
    struct direction *out = &batch->out;
    size_t headers = source_port ? HEADERS : 0;
    prepare(out, i, headers + length);
    uint8_t *packet = out->bytes[i], *udp = packet + IP_HEADER;
    memcpy(packet + headers, bytes, length);
    if (source_port) {
        unsigned extent = (unsigned)(UDP_HEADER + length);
        memset(packet, 0, HEADERS);
        // The kernel fills in the length, an identification and the header's sum.
        packet[0] = 0x45;
        packet[8] = 64;
        packet[9] = IPPROTO_UDP;
        put32(packet + 12, source);
        put32(packet + 16, destination);
        put16(udp, source_port);
        put16(udp + 2, port);
        put16(udp + 4, extent);
        unsigned sum = add(add_pseudo_header(packet, extent), udp, extent);
        // Zero would say that there is no sum (RFC 768).
        put16(udp + 6, sum == 0xffff ? sum : ~sum);
    }
    out->peers[i].inet = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(source_port ? 0 : port), .sin_addr.s_addr = htonl(destination)};
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

// Room for a rack that is switched on at once (without CAP_NET_ADMIN the system's limit holds), and short patience with a full
// device queue, which must not hold the thread for long.
static void make_room(int fd) {
    int room = 4 << 20;
    struct timeval patience = {.tv_usec = 100000};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

static int give_up(int fd) {
    int error = errno;
    if (fd >= 0) close(fd);
    return -error;
}

int dhcp_open(uint16_t port, const char *device) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    make_room(fd);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) < 0 ||
        (device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0) ||
        bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return give_up(fd);
    return fd;
}

int dhcp_sender_open(void) {
    // Such a socket takes whole IPv4 packets and receives none.
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on) < 0) return give_up(fd);
    make_room(fd);
    return fd;
}

#define LOAD_BYTE(at) BPF_STMT(BPF_LD | BPF_B | BPF_ABS, at)
#define LOAD_HALF(at) BPF_STMT(BPF_LD | BPF_H | BPF_ABS, at)
#define ANCILLARY(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + (what)))
// Jumps count the instructions that are left out.
#define WHEN(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)

// The packet begins with its IPv4 header, because the socket is of the kind that cuts off the link's.
static int attach(int fd, struct sock_filter *code, size_t count) {
    struct sock_fprog program = {.len = (unsigned short)count, .filter = code};
    return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static int listen_to(int fd, uint16_t protocol) {
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
    return bind(fd, (struct sockaddr *)&address, sizeof address);
}

int dhcp_capture_open(uint16_t port, uint16_t other) {
    // Without a protocol nothing is received before the filter is in place.
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    struct sock_filter code[] = {
        ANCILLARY(SKF_AD_PKTTYPE),
        WHEN(PACKET_OTHERHOST, 10, 0),
        WHEN(PACKET_OUTGOING, 9, 0),
        LOAD_BYTE(9),
        WHEN(IPPROTO_UDP, 0, 7),
        LOAD_HALF(6),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 5, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
        WHEN(port, 1, 0),
        WHEN(other, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    make_room(fd);
    // By this protocol a packet is seen once, by the interface at which it ends (not by a bridge's port or below a VLAN), and what
    // this host sends costs nothing.
    if (attach(fd, code, sizeof code / sizeof *code) < 0 || listen_to(fd, ETH_P_IP) < 0) return give_up(fd);
    return fd;
}

int dhcp_overhear_open(uint16_t server, uint16_t client) {
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    struct sock_filter code[] = {
        ANCILLARY(SKF_AD_PROTOCOL),
        WHEN(ETH_P_IP, 0, 10),
        LOAD_BYTE(9),
        WHEN(IPPROTO_UDP, 0, 8),
        LOAD_HALF(6),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x3fff, 6, 0),
        BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 0),
        WHEN(server, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2),
        WHEN(client, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    // The room is the system's usual: what a flood of forged offers pushes out is no loss.
    if (attach(fd, code, sizeof code / sizeof *code) < 0 || listen_to(fd, ETH_P_IP) < 0) return give_up(fd);
    return fd;
}

int dhcp_overhear(int socket, int sent_here) { return listen_to(socket, sent_here ? ETH_P_ALL : ETH_P_IP) < 0 ? -errno : 0; }

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
