#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <stddef.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

// asm-generic/socket.h, since Linux 6.5; older C libraries do not define it.
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

// asm-generic/unistd.h.
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

// linux/exportfs.h: a 64-bit kernfs node id, which for a cgroup is its cgroup id.
enum { FUYUN_FILEID_KERNFS = 0xfe };

// linux/pidfd.h: PIDFS_IOCTL_MAGIC 0xFF, request 11.
#define FUYUN_PIDFD_GET_INFO _IOWR(0xFF, 11, struct fuyun_pidfd_info)

_Static_assert(sizeof(struct fuyun_pidfd_info) == 64, "the kernel tells versions of pidfd_info apart by size");

int fuyun_openat(int directory, const char *path, int flags) {
    int descriptor;
    do {
        descriptor = openat(directory, path, flags | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    return descriptor < 0 ? -errno : descriptor;
}

int fuyun_is_cgroup2(int descriptor) {
    struct statfs facts;
    if (fstatfs(descriptor, &facts) < 0) return -errno;
    return (unsigned long)facts.f_type == CGROUP2_SUPER_MAGIC;
}

int fuyun_open_cgroup_id(int mount, uint64_t id, int flags) {
    union {
        struct file_handle handle;
        char room[sizeof(struct file_handle) + sizeof(uint64_t)];
    } request;
    request.handle.handle_bytes = sizeof(id);
    request.handle.handle_type = FUYUN_FILEID_KERNFS;
    memcpy(request.room + offsetof(struct file_handle, f_handle), &id, sizeof(id));
    int descriptor = open_by_handle_at(mount, &request.handle, flags | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int fuyun_pidfd_open(pid_t pid) {
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int fuyun_peer_pidfd(int socket) {
    int descriptor = -1;
    socklen_t length = sizeof(descriptor);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &descriptor, &length) < 0) return -errno;
    return descriptor;
}

int fuyun_peer_pid(int socket) {
    struct ucred peer;
    socklen_t length = sizeof(peer);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    return peer.pid;
}

int fuyun_pidfd_get_info(int pidfd, struct fuyun_pidfd_info *info) {
    memset(info, 0, sizeof(*info));
    info->mask = FUYUN_PIDFD_INFO_CGROUPID;
    return ioctl(pidfd, FUYUN_PIDFD_GET_INFO, info) < 0 ? -errno : 0;
}

int fuyun_pidfd_alive(int pidfd) {
    struct pollfd request = {.fd = pidfd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&request, 1, 0);
    } while (ready < 0 && errno == EINTR);
    return ready < 0 ? -errno : ready == 0;
}

ssize_t fuyun_pread(int descriptor, void *buffer, size_t count, off_t offset) {
    ssize_t done;
    do {
        done = pread(descriptor, buffer, count, offset);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

ssize_t fuyun_pwrite(int descriptor, const void *buffer, size_t count, off_t offset) {
    ssize_t done;
    do {
        done = pwrite(descriptor, buffer, count, offset);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? -errno : done;
}

int fuyun_accept(int listener) {
    int connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return connection < 0 ? -errno : connection;
}

void fuyun_name_thread(const char *name) {
    // Copies at most 16 bytes.
    prctl(PR_SET_NAME, name);
}
