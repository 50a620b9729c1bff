#pragma once
#include <stdint.h>

/// How often memory was asked for in this process so far: malloc, calloc, realloc and their aligned relatives. Linking this
/// target puts a counter in front of the C library's functions.
uint64_t allocations_so_far(void);
