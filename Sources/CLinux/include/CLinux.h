#pragma once
// What Swift's Glibc module leaves out of Linux, one file for each subject.
#include "datagrams.h"
#include "dhcp_sockets.h"
#include "events.h"
#include "open_files.h"
#include "programs.h"
#include "tftp_sockets.h"
#include "threads.h"
#include "users.h"
