#define _GNU_SOURCE
#include "CLoad.h"
#include "internal.h"
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// A process of its own, that ends with its parent.
static pid_t start_process(void) {
    pid_t child = fork();
    if (child == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
    return child;
}

static void serve(int listener, void (*connection)(int)) {
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        if (start_process() == 0) {
            connection(client);
            _exit(0);
        }
        close(client);
    }
}

static void echo(int client) {
    char bytes[65536];
    ssize_t count;
    while ((count = read(client, bytes, sizeof bytes)) > 0)
        if (write_all(client, bytes, (size_t)count) < 0) return;
}

pid_t load_start_echo(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0) return failed(path);
    pid_t child = start_process();
    if (child == 0) serve(listener, echo);
    close(listener);
    return child;
}

static void http(int client) {
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"result\":true}";
    struct message message = {0};
    int yes = 1;
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    for (;;) {
        while (head_length(&message) == 0) {
            if (message.used == sizeof message.bytes) return;
            ssize_t count = read(client, message.bytes + message.used, sizeof message.bytes - message.used);
            if (count <= 0) return;
            message.used += (size_t)count;
        }
        uint64_t whole = head_length(&message) + body_length(&message);
        uint64_t have = message.used;
        char rest[65536];
        while (have < whole) {
            size_t wanted = whole - have < sizeof rest ? (size_t)(whole - have) : sizeof rest;
            ssize_t count = read(client, rest, wanted);
            if (count <= 0) return;
            have += (uint64_t)count;
        }
        if (write_all(client, answer, sizeof answer - 1) < 0) return;
        message.used = 0;
    }
}

static int listen_tcp(uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0
        || getsockname(listener, (struct sockaddr *)&address, &length) < 0)
        return failed("listen on 127.0.0.1");
    *port = ntohs(address.sin_port);
    return listener;
}

pid_t load_start_http(uint16_t *port) {
    int listener = listen_tcp(port);
    if (listener < 0) return -1;
    pid_t child = start_process();
    if (child == 0) serve(listener, http);
    close(listener);
    return child;
}

int load_free_port(uint16_t *port) {
    int listener = listen_tcp(port);
    if (listener < 0) return -1;
    return close(listener);
}

int load_pin(pid_t process, int core) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    for (int each = 0; each < CPU_SETSIZE; each++)
        if (core < 0 || each == core) CPU_SET(each, &cores);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *threads = opendir(path);
    if (!threads) return failed(path);
    int result = 0;
    for (struct dirent *entry; (entry = readdir(threads));) {
        pid_t thread = atoi(entry->d_name);
        // A thread that has ended meanwhile needs no core.
        if (thread > 0 && sched_setaffinity(thread, sizeof cores, &cores) < 0 && errno != ESRCH) result = failed("affinity");
    }
    closedir(threads);
    return result;
}
