// The headers hold everything; a C target needs one file to compile.
#include "CLinux.h"
