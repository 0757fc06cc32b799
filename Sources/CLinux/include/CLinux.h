#pragma once
// What Swift's Glibc module leaves out of Linux' headers, one file for each subject.
#include "inotify.h"
#include "xattr.h"
