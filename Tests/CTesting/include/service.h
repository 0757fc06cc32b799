#pragma once

/// Makes the calling thread what the daemon is under systemd: not root, with raw sockets and low ports as ambient
/// capabilities. The process' other threads stay what they are. Returns 0, or an error number.
int testing_become_service(void);
