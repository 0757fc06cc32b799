// What UDP itself costs: TFTP's packets out of memory, with recvmmsg and sendmmsg, and nothing else. It knows no file, no
// timer and no client; whoever sends ACK n gets the window behind it.
//
//     udp-floor PORT FILE-LENGTH BLOCK-SIZE WINDOW
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BATCH = 64, LARGEST = 65464, WIDEST = 64 };

static struct mmsghdr requests[BATCH], answers[BATCH];
static struct iovec request_parts[BATCH], answer_parts[BATCH];
static struct sockaddr_in senders[BATCH];
static unsigned char packets[BATCH][64], headers[BATCH][LARGEST + 4];
static int waiting;

static void flush(int fd) {
    for (int sent = 0; sent < waiting;) {
        int count = sendmmsg(fd, answers + sent, (unsigned)(waiting - sent), 0);
        if (count < 0 && errno == EINTR) continue;
        // A client that has gone costs its packet only.
        sent += count > 0 ? count : 1;
    }
    waiting = 0;
}

static unsigned char *add(int fd, struct sockaddr_in *to, size_t length) {
    if (waiting == BATCH) flush(fd);
    int i = waiting++;
    answer_parts[i] = (struct iovec){headers[i], length};
    answers[i].msg_hdr = (struct msghdr){
        .msg_name = to, .msg_namelen = sizeof *to, .msg_iov = &answer_parts[i], .msg_iovlen = 1};
    return headers[i];
}

int main(int count, char **arguments) {
    if (count != 5) return fprintf(stderr, "usage: udp-floor PORT FILE-LENGTH BLOCK-SIZE WINDOW\n"), 64;
    long length = atol(arguments[2]), size = atol(arguments[3]), window = atol(arguments[4]);
    if (length < 0 || size < 8 || size > LARGEST || window < 1 || window > WIDEST || length / size >= 65535)
        return fprintf(stderr, "udp-floor: out of range\n"), 64;
    long last = length / size + 1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int room = 4 << 20;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    struct sockaddr_in local = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(arguments[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || bind(fd, (struct sockaddr *)&local, sizeof local) < 0) return perror("udp-floor"), 1;
    char options[64];
    int options_length = 2 + sprintf(options + 2, "blksize%c%ld%cwindowsize%c%ld", 0, size, 0, 0, window) + 1;
    options[0] = 0;
    options[1] = 6;
    for (;;) {
        for (int i = 0; i < BATCH; i++) {
            request_parts[i] = (struct iovec){packets[i], sizeof packets[i]};
            requests[i].msg_hdr = (struct msghdr){
                .msg_name = &senders[i], .msg_namelen = sizeof senders[i], .msg_iov = &request_parts[i], .msg_iovlen = 1};
        }
        int received = recvmmsg(fd, requests, BATCH, MSG_WAITFORONE, NULL);
        for (int i = 0; i < received; i++) {
            long acknowledged = packets[i][2] << 8 | packets[i][3];
            if (packets[i][1] == 1 && (size != 512 || window != 1)) {
                memcpy(add(fd, &senders[i], (size_t)options_length), options, (size_t)options_length);
                continue;
            }
            if (packets[i][1] == 1) acknowledged = 0;
            else if (packets[i][1] != 4) continue;
            for (long block = acknowledged + 1; block <= last && block <= acknowledged + window; block++) {
                unsigned char *packet = add(fd, &senders[i], 4 + (size_t)(block == last ? length % size : size));
                packet[0] = 0;
                packet[1] = 3;
                packet[2] = (unsigned char)(block >> 8);
                packet[3] = (unsigned char)block;
            }
        }
        flush(fd);
    }
}
