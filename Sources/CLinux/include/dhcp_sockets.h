#pragma once
// UDP sockets of the DHCP service: several datagrams with one system call, and the interface and address by which each came in
// or goes out (IP_PKTINFO). recvmmsg and in_pktinfo need GNU's headers, so the code is in dhcp_sockets.c.
#include <stddef.h>
#include <stdint.h>

enum { DHCP_BATCH = 64, DHCP_DATAGRAM = 2048 };

// A received datagram. Addresses and ports are in host order.
struct dhcp_datagram {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t source;
    uint32_t destination;
    uint32_t interface;
    uint16_t source_port;
    // 0 from a socket, which has one port only.
    uint16_t destination_port;
    // Longer than DHCP_DATAGRAM, or a captured packet that is damaged; there may be no bytes then.
    uint8_t is_unusable;
    // Captured, and broadcast on its link.
    uint8_t is_for_all;
};

struct dhcp_batch;

// Room for DHCP_BATCH datagrams in each direction; NULL without memory.
struct dhcp_batch *dhcp_batch_create(void);
void dhcp_batch_destroy(struct dhcp_batch *batch);

// Takes what is waiting, without waiting for it. Returns how many datagrams, or -errno.
int dhcp_receive(struct dhcp_batch *batch, int socket);
// The datagram at a position below what dhcp_receive returned; its bytes last until the next receive.
struct dhcp_datagram dhcp_received(const struct dhcp_batch *batch, int position);

// The same of a batch received from dhcp_capture_open's or dhcp_overhear_open's socket.
struct dhcp_datagram dhcp_captured(const struct dhcp_batch *batch, int position);
// The UDP datagram in an IPv4 packet, with both sums checked (RFC 791, RFC 768).
struct dhcp_datagram dhcp_parse(const uint8_t *packet, size_t length);

// Adds a datagram to those that dhcp_flush sends. From `source`, unless that is 0; out of `interface`, unless that is 0, in which
// case the routes decide. `source_port` is 0 for a socket that dhcp_open made, and given for one of dhcp_sender_open. Returns 0, or
// -1 if there is no room or it is too long.
int dhcp_queue(struct dhcp_batch *batch, const uint8_t *bytes, size_t length, uint32_t destination, uint16_t port,
               uint32_t source, uint16_t source_port, uint32_t interface);
// Sends all that was added. Returns how many could not be sent, and the error of the last of them through `error`.
int dhcp_flush(struct dhcp_batch *batch, int socket, int *error);

// A bound socket that may broadcast and learns each datagram's interface; bound to a device unless that is NULL. Returns it, or
// -errno. The address is not shared (SO_REUSEADDR), so that another server's hold on the port is noticed and not split.
int dhcp_open(uint16_t port, const char *device);
// A socket that sees every datagram that comes in for one of two ports, by whatever interface, and holds neither port: other
// programs may bind them before and after. -errno without CAP_NET_RAW.
int dhcp_capture_open(uint16_t port, uint16_t other);
// A socket that sends datagrams from ports that it does not hold. -errno without CAP_NET_RAW.
int dhcp_sender_open(void);
// A socket that sees what servers (by their port) say to clients (by theirs); from other hosts only until dhcp_overhear says that
// those on this host are to be heard too, which costs a little for each packet that is sent. -errno without CAP_NET_RAW.
int dhcp_overhear_open(uint16_t server, uint16_t client);
int dhcp_overhear(int socket, int sent_here);
// The port that a socket is bound to, in host order, or 0.
uint16_t dhcp_bound_port(int socket);

// A descriptor that polls as readable for ever once it was signalled.
int dhcp_event_create(void);
void dhcp_event_signal(int event);

// A network interface with one of its IPv4 addresses, or with none.
struct dhcp_interface {
    char name[16];
    uint32_t index;
    uint32_t address;
    uint64_t mac;
    uint8_t is_ethernet;
    uint8_t is_loopback;
    uint8_t is_up;
};

// Every interface once, then once for each of its addresses (whose mac is 0). Returns how many were written, or -errno.
int dhcp_interfaces(struct dhcp_interface *list, int capacity);
const char *dhcp_interface_name(const struct dhcp_interface *interface);
