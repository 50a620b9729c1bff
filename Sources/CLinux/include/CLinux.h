#pragma once

#include <malloc.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

// Kernel interfaces that Swift's Glibc module does not import: variadic system calls, macros and newer constants.
// Every function returns a negative errno on failure, so that no caller depends on the thread's errno.

#include <stdint.h>
#include <sys/types.h>
#include <sys/xattr.h>

/// What PIDFD_GET_INFO tells about a process (first published size of `struct pidfd_info`, linux/pidfd.h).
struct fuyun_pidfd_info {
    uint64_t mask;
    uint64_t cgroup_id;
    uint32_t pid, tgid, ppid;
    uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
    uint32_t spare;
};

/// Set in `mask` when `cgroup_id` is filled in (PIDFD_INFO_CGROUPID, linux/pidfd.h).
#define FUYUN_PIDFD_INFO_CGROUPID 4u

/// openat(2) without a mode: never creates. Retries on EINTR.
int fuyun_openat(int directory, const char *_Nonnull path, int flags);

/// Whether the descriptor is on a cgroup v2 file system (CGROUP2_SUPER_MAGIC, linux/magic.h): 1, 0 or a negative errno.
int fuyun_is_cgroup2(int descriptor);

/// open_by_handle_at(2) with a FILEID_KERNFS handle (linux/exportfs.h) made from a cgroup id.
int fuyun_open_cgroup_id(int mount, uint64_t id, int flags);

/// pidfd_open(2).
int fuyun_pidfd_open(pid_t pid);

/// The peer's pidfd of a connected Unix socket (SO_PEERPIDFD, asm-generic/socket.h; Linux >= 6.5).
int fuyun_peer_pidfd(int socket);

/// The peer's process id of a connected Unix socket (SO_PEERCRED); 0 when it is outside our pid namespace.
int fuyun_peer_pid(int socket);

/// ioctl(PIDFD_GET_INFO) (linux/pidfd.h; Linux >= 6.13), asking for the cgroup id. 0 or a negative errno.
int fuyun_pidfd_get_info(int pidfd, struct fuyun_pidfd_info *_Nonnull info);

/// Whether the process of a pidfd still lives: 1, 0 when it has exited, or a negative errno.
int fuyun_pidfd_alive(int pidfd);

/// pread(2) and pwrite(2), retried on EINTR, with the error in the result.
ssize_t fuyun_pread(int descriptor, void *_Nonnull buffer, size_t count, off_t offset);
ssize_t fuyun_pwrite(int descriptor, const void *_Nonnull buffer, size_t count, off_t offset);

/// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC; the peer's address is not asked for.
int fuyun_accept(int listener);

/// Names the calling thread, for `top -H`; what is over 15 bytes is cut.
void fuyun_name_thread(const char *_Nonnull name);
