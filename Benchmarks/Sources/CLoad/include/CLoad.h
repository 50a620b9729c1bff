#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// The client of every socket benchmark, and the rivals' servers: plain blocking C, so that all that differs between two rows of a
// table is the server. Functions that can fail return -1, and say why on standard error.

/// Starts a server that sends back what it gets on a Unix socket; it ends with this process.
pid_t load_start_echo(const char *path);

/// Starts an HTTP server on 127.0.0.1 that reads requests with Content-Length and answers each with 200 and a short body; it ends
/// with this process. Its port is left in `port`.
pid_t load_start_http(uint16_t *port);

/// A port of 127.0.0.1 on which nobody listens now.
int load_free_port(uint16_t *port);

/// Connects to a Unix socket, or to a port of 127.0.0.1; tried again for up to ten seconds until someone listens.
int load_connect_unix(const char *path);
int load_connect_tcp(uint16_t port);

/// Sends a payload and waits until as much came back, so many times; each round trip's time is left in `nanoseconds`.
int load_echo(int socket, const void *payload, size_t length, size_t count, uint64_t *nanoseconds);

/// Sends an HTTP request and waits for its whole answer, so many times; each must have this status. After each one there is a
/// pause, which is not part of its time.
int load_exchange(
    int socket, const void *request, size_t length, int status, size_t count, uint64_t pause_microseconds,
    uint64_t *nanoseconds);

/// Begins and ends invocations of the agent, one after the other, and leaves the times of both.
///
/// `begin` is the whole request of a begin.
int load_calls(
    int socket, const void *begin, size_t length, size_t count, uint64_t *begin_nanoseconds, uint64_t *end_nanoseconds);

/// Begins and ends invocations on several connections at once, for so long; the number of pairs is left in `pairs`.
///
/// One thread, so that it takes one core at most.
int load_pairs(
    const char *path, int connections, const void *begin, size_t length, double seconds, uint64_t *pairs,
    uint64_t *nanoseconds);

/// Sends an HTTP POST whose body is so long, in blocks, and waits for the answer; `look` is called after each MiB.
int load_upload(int socket, uint64_t length, int status, void (*look)(void *), void *context);

/// Keeps a process, all its threads, on one core; on all of them when `core` is negative. Its later threads and children follow.
int load_pin(pid_t process, int core);
