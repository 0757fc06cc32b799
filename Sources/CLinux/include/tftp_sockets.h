#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "datagrams.h"

// UDP sockets of the TFTP server, and DATA packets made without copying. Addresses and ports are in host order. What fails
// returns -errno, unless it says otherwise.

/// A UDP socket, non-blocking and close-on-exec. With `tells_address`, each received datagram says which of our addresses it
/// reached; without, `local` is 0.
int tftp_socket(uint32_t address, uint16_t port, bool tells_address);
/// The MTU of the way from `local` to `address`, or -errno.
int tftp_path_mtu(uint32_t local, uint32_t address);

/// Adds `count` DATA packets with the blocks from `first` on. All but the last have `block_size` bytes of `payload`; `length`
/// is the sum. Nothing is copied: `payload` must stay until it is sent, and so must `headers`, which has room for four bytes
/// for each packet. False if too much is waiting. Sending fails with EFAULT if `payload` is a mapped file that has become
/// shorter.
bool tftp_add_blocks(
    struct linux_sender *sender, uint32_t address, uint16_t port, uint32_t local, uint8_t *headers, uint64_t first,
    unsigned count, size_t block_size, const void *payload, size_t length);

/// Writes `count` DATA packets with the blocks from `first` on, one behind the other, their payload read from `fd` at
/// `offset`. All but the last have `block_size` bytes; `length` is the sum. The bytes written, -errno, or 0 if the file
/// has become shorter.
ptrdiff_t tftp_read_blocks(
    int fd, uint64_t offset, size_t length, uint64_t first, unsigned count, size_t block_size, uint8_t *output);
