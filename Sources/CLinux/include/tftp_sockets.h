#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Batches of datagrams for the TFTP server. Addresses and ports are in host order. What fails returns -errno, unless it
// says otherwise.

enum {
    /// The most datagrams that one system call receives or sends.
    TFTP_BATCH = 64,
    /// The longest datagram that is received whole. Requests and errors are shorter, and longer ones are flagged.
    TFTP_DATAGRAM_CAPACITY = 1536,
};

/// Where a received datagram came from and went to.
struct tftp_datagram {
    uint32_t address;    ///< of the sender
    uint32_t local;      ///< our address that it reached
    uint32_t length;     ///< of the payload in bytes
    uint16_t port;       ///< of the sender
    bool broadcast;      ///< it was not sent to one of our addresses
    bool truncated;      ///< it was longer than TFTP_DATAGRAM_CAPACITY
};

/// A UDP socket, non-blocking and close-on-exec. With `tells_address`, each received datagram says which of our addresses it
/// reached; without, `local` is 0.
int tftp_socket(uint32_t address, uint16_t port, bool tells_address);
/// The port that a socket is bound to; 0 if that cannot be told.
uint16_t tftp_bound_port(int fd);
/// The MTU of the way from `local` to `address`, or -errno.
int tftp_path_mtu(uint32_t local, uint32_t address);

struct tftp_receiver;
struct tftp_receiver *tftp_receiver_create(void);
void tftp_receiver_free(struct tftp_receiver *receiver);
/// Receives up to TFTP_BATCH datagrams; their number, or -errno.
int tftp_receive(struct tftp_receiver *receiver, int fd);
struct tftp_datagram tftp_received(const struct tftp_receiver *receiver, int index);
const uint8_t *tftp_received_bytes(const struct tftp_receiver *receiver, int index);

struct tftp_sender;
struct tftp_sender *tftp_sender_create(void);
void tftp_sender_free(struct tftp_sender *sender);
/// How many messages wait.
int tftp_sender_count(const struct tftp_sender *sender);
/// Whether a message of so many vectors can be added: one, or two for each of its blocks.
bool tftp_sender_has_room(const struct tftp_sender *sender, int vectors);
/// Adds a message; false if TFTP_BATCH are waiting. It leaves from the address `local`, or from the socket's own if that is
/// 0. `bytes` must stay until it is sent. With `segment` above zero the
/// bytes are cut by the kernel into datagrams of that size (UDP_SEGMENT).
bool tftp_sender_add(
    struct tftp_sender *sender, uint32_t address, uint16_t port, uint32_t local, const void *bytes, size_t length,
    uint16_t segment);
/// Adds `count` DATA packets with the blocks from `first` on. All but the last have `block_size` bytes of `payload`; `length`
/// is the sum. Nothing is copied: `payload` must stay until it is sent, and so must `headers`, which has room for four bytes
/// for each packet. False if too much is waiting. Sending fails with EFAULT if `payload` is a mapped file that has become
/// shorter.
bool tftp_sender_add_blocks(
    struct tftp_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint8_t *headers, uint64_t first,
    unsigned count, size_t block_size, const void *payload, size_t length);
/// Sends what waits, in order. Zero when all is sent; otherwise the errno that stopped the first message left.
int tftp_sender_flush(struct tftp_sender *sender, int fd);
/// Sends the first message left as separate datagrams, for a device that cannot segment; zero or errno.
int tftp_sender_send_divided(struct tftp_sender *sender, int fd);
/// The destination of the first message left.
uint64_t tftp_sender_first_endpoint(const struct tftp_sender *sender);
/// Drops the first message left.
void tftp_sender_skip(struct tftp_sender *sender);
/// Drops everything.
void tftp_sender_clear(struct tftp_sender *sender);

/// Writes `count` DATA packets with the blocks from `first` on, one behind the other, their payload read from `fd` at
/// `offset`. All but the last have `block_size` bytes; `length` is the sum. The bytes written, -errno, or 0 if the file
/// has become shorter.
ptrdiff_t tftp_read_blocks(
    int fd, uint64_t offset, size_t length, uint64_t first, unsigned count, size_t block_size, uint8_t *output);

/// A descriptor that wakes a poll.
int tftp_wakeup_create(void);
void tftp_wakeup_signal(int fd);
void tftp_wakeup_drain(int fd);

/// Opens a path below the folder `root`. The kernel refuses a way out of it, by "..", an absolute path or a symbolic link
/// (openat2, RESOLVE_BENEATH); symbolic links that stay inside are followed. -ENOSYS where the kernel has no openat2.
int tftp_open_beneath(int root, const char *path, bool directory);
/// The same for a single name, which must be no symbolic link; works everywhere.
int tftp_open_component(int folder, const char *name, bool directory);

/// Nanoseconds of a clock that only goes forward.
uint64_t tftp_now(void);
