#define _GNU_SOURCE
#include "include/dhcp_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

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
