"""Joins a cgroup, waits for `go`, takes memory in one of the ways in which memory is taken, and says how long it took.

    rescue_worker.py CGROUP MODE BYTES HOLD_SECONDS
"""

import json
import mmap
import os
import sys
import time

PAGE = mmap.PAGESIZE


def memory(count, huge=False):
    area = mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if not huge:
        area.madvise(mmap.MADV_NOHUGEPAGE)
    return area


def touch(area, start, end):
    for offset in range(start, end, PAGE):
        area[offset] = 1


def slow(count):
    """Grows by 4 MiB at a time and rests in between."""
    area = memory(count)
    for start in range(0, count, 4 << 20):
        touch(area, start, min(start + (4 << 20), count))
        time.sleep(0.005)
    return area


def forks(count):
    """Eight children that all take their part at once."""
    children = []
    for _ in range(8):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                area = memory(count // 8)
                touch(area, 0, count // 8)
                time.sleep(0.5)
                status = 0
            finally:
                os._exit(status)
        children.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    if any(codes):
        sys.exit(137)
    return None


def write(folder, count):
    path = f"{folder}/rescue-{os.getpid()}"
    block = b"x" * (1 << 20)
    with open(path, "wb", buffering=0) as file:
        for _ in range(count >> 20):
            file.write(block)
    return path


def main():
    group, mode, count, hold = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    with open(f"{group}/cgroup.procs", "w") as file:
        file.write(str(os.getpid()))
    print("ready", flush=True)
    sys.stdin.readline()
    start, area, path = time.monotonic(), None, None
    if mode in ("mmap", "huge"):
        area = memory(count, huge=mode == "huge")
        touch(area, 0, count)
    elif mode == "slow":
        area = slow(count)
    elif mode == "forks":
        forks(count)
    elif mode == "tmpfs":
        path = write("/dev/shm", count)
    elif mode == "cache":
        path = write("/var/tmp", count)
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass
    elif mode == "mlock":
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        area = memory(count)
        address = ctypes.addressof(ctypes.c_char.from_buffer(area))
        if libc.mlock(ctypes.c_void_p(address), ctypes.c_size_t(count)) != 0:
            sys.exit(f"mlock: {os.strerror(ctypes.get_errno())}")
    elif mode == "read":
        area = memory(count)
        with open("/dev/zero", "rb", buffering=0) as file:
            view, done = memoryview(area), 0
            while done < count:
                done += file.readinto(view[done:])
    else:
        sys.exit(f"there is no mode {mode}")
    took = time.monotonic() - start
    time.sleep(hold)
    if path:
        os.unlink(path)
    print(json.dumps({"seconds": took}), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
