#pragma once
// Sockets of the DHCP service, for the batches of datagrams.h.
#include <stdint.h>

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
