#pragma once
// What only tests need of Linux beyond Swift's Glibc module, one file for each subject.
#include "service.h"
#include "spawning.h"
#include "xattr.h"
