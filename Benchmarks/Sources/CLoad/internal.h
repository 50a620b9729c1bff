#pragma once
#include <stddef.h>
#include <stdint.h>

/// What has been read of an HTTP message.
struct message {
    size_t used;
    char bytes[16384];
};

/// Where the head of a message ends, behind its empty line; 0 while that is not there.
size_t head_length(const struct message *message);

/// The Content-Length of a message whose head is there; 0 without one.
uint64_t body_length(const struct message *message);

/// Whether the whole message is there.
int is_whole(const struct message *message);

/// Writes all, or returns -1.
int write_all(int socket, const void *bytes, size_t length);

/// The request that ends the invocation that an answer tells of; its length, or 0 when it tells of none.
size_t end_request(const struct message *answer, char *request, size_t room);

/// The status of an answer.
int status_of(const struct message *answer);

/// Monotonic time.
uint64_t now(void);

/// Says what went wrong; returns -1.
int failed(const char *what);
