#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A simdjson parser with its buffers.
typedef struct simdjson_reader simdjson_reader;

simdjson_reader *simdjson_reader_create(void);
void simdjson_reader_destroy(simdjson_reader *reader);

/// Bytes that must be readable behind a document.
size_t simdjson_padding(void);

/// The instruction set that the library chose.
const char *simdjson_instructions(void);

/// A number that is a member of an object that is a member of the document.
typedef struct simdjson_place {
    const char *parent;
    const char *child;
} simdjson_place;

/// Reads numbers at places, which must be in document order, in one pass with the on-demand API. False when one is not
/// there.
bool simdjson_read_numbers(
    simdjson_reader *reader, const uint8_t *body, size_t length, const simdjson_place *places, size_t count,
    double *values);

#ifdef __cplusplus
}
#endif
