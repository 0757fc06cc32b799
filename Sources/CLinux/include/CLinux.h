#pragma once
// What Swift's Glibc module leaves out of Linux' headers, one file for each subject.
#include "confined_programs.h"
#include "dhcp_sockets.h"
#include "inotify.h"
#include "open_files.h"
#include "tftp_sockets.h"
#include "threads.h"
#include "users.h"
