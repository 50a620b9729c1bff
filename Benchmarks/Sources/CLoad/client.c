#define _GNU_SOURCE
#include "CLoad.h"
#include "internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_patiently(int family, const struct sockaddr *address, socklen_t length, const char *name) {
    for (int attempt = 0; attempt < 1000; attempt++) {
        int client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (client < 0) return failed("socket");
        if (connect(client, address, length) == 0) return client;
        close(client);
        usleep(10000);
    }
    return failed(name);
}

int load_connect_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return connect_patiently(AF_UNIX, (struct sockaddr *)&address, sizeof address, path);
}

int load_connect_tcp(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = connect_patiently(AF_INET, (struct sockaddr *)&address, sizeof address, "127.0.0.1");
    int yes = 1;
    if (client >= 0) setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return client;
}

int load_echo(int socket, const void *payload, size_t length, size_t count, uint64_t *nanoseconds) {
    char bytes[65536];
    for (size_t round = 0; round < count; round++) {
        uint64_t start = now();
        if (write_all(socket, payload, length) < 0) return -1;
        for (size_t have = 0; have < length;) {
            ssize_t got = read(socket, bytes, sizeof bytes);
            if (got <= 0) return failed("read");
            have += (size_t)got;
        }
        nanoseconds[round] = now() - start;
    }
    return 0;
}

// Reads on until a whole answer is there.
static int read_answer(int socket, struct message *answer, int status) {
    answer->used = 0;
    while (!is_whole(answer)) {
        errno = 0;
        ssize_t got = read(socket, answer->bytes + answer->used, sizeof answer->bytes - answer->used);
        if (got <= 0) return failed("read");
        answer->used += (size_t)got;
    }
    errno = 0;
    if (status_of(answer) == status) return 0;
    fprintf(stderr, "%.*s\n", (int)answer->used, answer->bytes);
    return failed("status");
}

int load_exchange(
    int socket, const void *request, size_t length, int status, size_t count, uint64_t pause_microseconds,
    uint64_t *nanoseconds
) {
    struct message answer;
    for (size_t round = 0; round < count; round++) {
        uint64_t start = now();
        if (write_all(socket, request, length) < 0 || read_answer(socket, &answer, status) < 0) return -1;
        nanoseconds[round] = now() - start;
        // Awake, since to wake up has a price of its own.
        for (uint64_t end = now() + pause_microseconds * 1000; pause_microseconds > 0 && now() < end;) sched_yield();
    }
    return 0;
}

int load_calls(
    int socket, const void *begin, size_t length, size_t count, uint64_t *begin_nanoseconds, uint64_t *end_nanoseconds
) {
    struct message answer;
    char end[512];
    for (size_t round = 0; round < count; round++) {
        uint64_t start = now();
        if (write_all(socket, begin, length) < 0 || read_answer(socket, &answer, 201) < 0) return -1;
        begin_nanoseconds[round] = now() - start;
        size_t end_length = end_request(&answer, end, sizeof end);
        if (end_length == 0) return failed("answer without an id");
        start = now();
        if (write_all(socket, end, end_length) < 0 || read_answer(socket, &answer, 200) < 0) return -1;
        end_nanoseconds[round] = now() - start;
    }
    return 0;
}

struct caller {
    int socket;
    int is_begun;
    struct message answer;
};

// Takes what arrived on a connection; sends the next request when an answer is whole. Returns the calls that ended, or -1.
static int step(struct caller *caller, const void *begin, size_t length) {
    struct message *answer = &caller->answer;
    ssize_t got = read(caller->socket, answer->bytes + answer->used, sizeof answer->bytes - answer->used);
    if (got <= 0) return failed("read");
    answer->used += (size_t)got;
    if (!is_whole(answer)) return 0;
    errno = 0;
    if (status_of(answer) != (caller->is_begun ? 200 : 201)) return failed("status");
    if (caller->is_begun) {
        caller->is_begun = 0;
        answer->used = 0;
        return write_all(caller->socket, begin, length) < 0 ? -1 : 1;
    }
    char end[512];
    size_t end_length = end_request(answer, end, sizeof end);
    if (end_length == 0) return failed("answer without an id");
    caller->is_begun = 1;
    answer->used = 0;
    return write_all(caller->socket, end, end_length);
}

int load_pairs(
    const char *path, int connections, const void *begin, size_t length, double seconds, uint64_t *pairs,
    uint64_t *nanoseconds
) {
    struct caller *callers = calloc((size_t)connections, sizeof *callers);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    int result = callers && poll >= 0 ? 0 : failed("epoll");
    for (int index = 0; result == 0 && index < connections; index++) {
        callers[index].socket = load_connect_unix(path);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &callers[index]};
        if (callers[index].socket < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, callers[index].socket, &event) < 0) result = -1;
    }
    uint64_t start = now();
    uint64_t end = start + (uint64_t)(seconds * 1e9);
    *pairs = 0;
    for (int index = 0; result == 0 && index < connections; index++)
        result = write_all(callers[index].socket, begin, length);
    while (result == 0 && now() < end) {
        struct epoll_event events[64];
        int count = epoll_wait(poll, events, 64, 1000);
        for (int index = 0; index < count; index++) {
            int done = step(events[index].data.ptr, begin, length);
            if (done < 0) result = -1; else *pairs += (uint64_t)done;
        }
    }
    *nanoseconds = now() - start;
    for (int index = 0; callers && index < connections; index++)
        if (callers[index].socket > 0) close(callers[index].socket);
    if (poll >= 0) close(poll);
    free(callers);
    return result;
}

int load_upload(int socket, uint64_t length, int status, void (*look)(void *), void *context) {
    static char block[65536];
    struct message answer;
    char head[256];
    int head_length = snprintf(
        head, sizeof head, "POST / HTTP/1.1\r\nHost: function\r\nContent-Length: %llu\r\n\r\n", (unsigned long long)length);
    memset(block, 'x', sizeof block);
    if (write_all(socket, head, (size_t)head_length) < 0) return -1;
    while (length > 0) {
        size_t part = length < sizeof block ? (size_t)length : sizeof block;
        if (write_all(socket, block, part) < 0) return -1;
        length -= part;
        if (length % (1 << 20) == 0) look(context);
    }
    return read_answer(socket, &answer, status);
}
