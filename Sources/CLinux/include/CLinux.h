#pragma once

#include <malloc.h>
#include <sys/signalfd.h>

// Kernel interfaces that Swift's Glibc module does not import: variadic system calls, macros and newer constants.
// Values come from the kernel's uapi headers (asm-generic/socket.h, linux/pidfd.h).
