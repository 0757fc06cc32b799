#pragma once
// Several UDP datagrams with one system call, each with where it came from and where it went: recvmmsg, sendmmsg and
// in_pktinfo need GNU's headers. Addresses and ports are in host order. What fails returns -errno, unless it says otherwise.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/// The most datagrams that one system call receives or sends.
enum { LINUX_BATCH = 64 };

/// A received datagram; a whole IPv4 packet from a packet socket, which tells no addresses.
struct linux_datagram {
    const uint8_t *bytes;      ///< until the next receive
    uint32_t length;           ///< in bytes, as far as there was room
    uint32_t source;           ///< the sender's address
    uint32_t destination;      ///< the address that it was sent to
    uint32_t local;            ///< our address that it reached, which is another one when it was broadcast
    uint32_t interface;        ///< the index of the interface by which it came
    uint16_t source_port;      ///< the sender's port
    bool is_truncated;         ///< it was longer than there was room
    bool is_for_all;           ///< from a packet socket: it was broadcast on its link
};

struct linux_receiver;
/// Room for LINUX_BATCH datagrams of up to `capacity` bytes; NULL without memory.
struct linux_receiver *linux_receiver_create(size_t capacity);
void linux_receiver_free(struct linux_receiver *receiver);
/// Takes what is waiting, without waiting for it; how many datagrams.
int linux_receive(struct linux_receiver *receiver, int socket);
/// The datagram at a position below what linux_receive returned. `destination`, `local` and `interface` are 0 from a socket
/// without IP_PKTINFO.
struct linux_datagram linux_received(const struct linux_receiver *receiver, int position);

struct linux_sender;
struct linux_sender *linux_sender_create(void);
void linux_sender_free(struct linux_sender *sender);
/// How many messages wait.
int linux_sender_count(const struct linux_sender *sender);
/// Whether a message of so many vectors can be added.
bool linux_sender_has_room(const struct linux_sender *sender, int vectors);
/// Adds a message; false if LINUX_BATCH are waiting. It leaves from the address `local`, or from the socket's own if that is
/// 0; by `interface`, or as the routes say if that is 0. `bytes` must stay until it is sent. With `segment` above zero the
/// bytes are cut by the kernel into datagrams of that size (UDP_SEGMENT).
bool linux_sender_add(
    struct linux_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint32_t interface, const void *bytes,
    size_t length, uint16_t segment);
/// Adds a message of so many vectors, which the caller fills in with `length` bytes in all; NULL if there is no room.
struct iovec *linux_sender_add_vectors(
    struct linux_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint32_t interface, int vectors,
    size_t length, uint16_t segment);
/// Sends what waits, in order. Zero when all is sent; otherwise the errno that stopped the first message left.
int linux_sender_flush(struct linux_sender *sender, int socket);
/// Sends the first message left as separate datagrams, for a device that cannot segment; zero or errno. One of several vectors
/// has two for each datagram.
int linux_sender_send_divided(struct linux_sender *sender, int socket);
/// The destination of the first message left: its address, shifted by 16, and its port.
uint64_t linux_sender_first_endpoint(const struct linux_sender *sender);
/// Drops the first message left.
void linux_sender_skip(struct linux_sender *sender);
