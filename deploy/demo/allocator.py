"""Takes as much memory as it is told, in as many ways as memory can be taken: for trying limits out.

Event: {"bytes": N, "mode": MODE, "hold_ms": M}; all but `bytes` may be left out, an event without `bytes` takes none.

    anon       touches N bytes of anonymous memory, holds them, lets go (the default)
    keep       touches them and keeps them until `release`: a heap that a warm container does not give back
    release    drops what was kept
    tmpfs      writes a file of N bytes to $FUYUN_TMPFS (default /dev/shm), holds it, removes it
    pagecache  writes a file of N bytes to /var/tmp and reads it back: page cache, which the kernel can take back
    child      a child process takes the memory; when it is killed, this server lives on and says so
    forks      `count` children (default 8) take N/count bytes each, all at once
    thrash     touches N bytes and as many more as leave `room_bytes` (default 16 MiB) below the limit, then for `hold_ms` the
               pages of a mapped file that is a little larger than that: they are evicted and read again, nothing is killed
    exit134    touches N bytes, then aborts as a managed runtime does when its own heap is full
    kill9      touches N bytes, then kills itself with SIGKILL

Any body is taken: one that is no JSON object counts as an empty event, and `body_bytes` in the answer says how long it was.
"""

import mmap
import os
import resource
import signal
import threading
import time

from actionserver import ActionError, cgroup, integer, memory_max, serve

PAGE = mmap.PAGESIZE
kept = []
lock = threading.Lock()


def touch(count):
    """`count` bytes of anonymous memory, every page written, in small pages so that it is this much and no more."""
    if count == 0:
        return None
    memory = mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(mmap.MADV_NOHUGEPAGE)
    for offset in range(0, count, PAGE):
        memory[offset] = 1
    return memory


def write_file(folder, count):
    path = os.path.join(folder, f"allocator-{os.getpid()}-{threading.get_ident()}")
    block = b"x" * (1 << 16)
    with open(path, "wb", buffering=0) as file:
        left = count
        while left > 0:
            left -= file.write(block[:left] if left < len(block) else block)
    return path


def fill(room):
    """Takes anonymous memory until only `room` bytes lie between what cannot be reclaimed and the container's limit."""
    taken, limit = [], memory_max()
    while limit not in (None, "max") and int(limit) - unreclaimable() > room:
        taken.append(touch(1 << 20))
        limit = memory_max()
    return taken


def unreclaimable():
    path = cgroup()
    with open(f"{path}/memory.stat") as file:
        values = {key: int(value) for key, value in (line.split() for line in file)}
    return values["anon"] + values["shmem"] + values["kernel"] - values["slab_reclaimable"]


def fault_again(count, hold):
    """Touches the pages of a mapped file of `count` bytes in turn until `hold` seconds are over; how many it touched."""
    path = write_file("/var/tmp", count)
    end, touched, found = time.monotonic() + hold, 0, 0
    try:
        with open(path, "rb") as file:
            os.fsync(file.fileno())  # clean pages only: those can be evicted
            with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
                while time.monotonic() < end:
                    for offset in range(0, count, PAGE):
                        found += pages[offset]
                    touched += count // PAGE
    finally:
        os.unlink(path)
    return touched


def spawn(count, hold):
    """A child that takes memory and leaves; no Python code of the parent's other threads runs in it."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        memory = touch(count)
        time.sleep(hold)
        status = 0 if memory is None or memory[0] == 1 else 2
    finally:
        os._exit(status)


def wait_all(children):
    """The children's endings as a shell would number them: 137 is SIGKILL."""
    statuses = []
    for pid in children:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        statuses.append(128 - code if code < 0 else code)
    return statuses


def main(event):
    count = integer(event, "bytes", 0, high=1 << 36)
    hold = integer(event, "hold_ms", 0, high=600_000) / 1000
    mode = event.get("mode", "anon")
    answer = {"mode": mode, "bytes": count, "body_bytes": event["body_bytes"]}
    if mode == "anon":
        memory = touch(count)
        time.sleep(hold)
        del memory
    elif mode == "keep":
        memory = touch(count)
        with lock:
            kept.append(memory)
        time.sleep(hold)
    elif mode == "release":
        with lock:
            kept.clear()
    elif mode in ("tmpfs", "pagecache"):
        folder = os.environ.get("FUYUN_TMPFS", "/dev/shm") if mode == "tmpfs" else "/var/tmp"
        path = write_file(folder, count)
        try:
            if mode == "pagecache":
                with open(path, "rb", buffering=0) as file:
                    while file.read(1 << 16):
                        pass
            time.sleep(hold)
        finally:
            os.unlink(path)
    elif mode in ("child", "forks"):
        children = integer(event, "count", 8, low=1, high=256) if mode == "forks" else 1
        answer["children"] = wait_all([spawn(count // children, hold) for _ in range(children)])
        if any(answer["children"]):
            answer["error"] = "a child process failed"
    elif mode == "thrash":
        room = integer(event, "room_bytes", 16 << 20, low=1 << 20, high=1 << 36)
        memory = touch(count), fill(room)
        answer["touched"] = fault_again(room + room // 16, hold)
        del memory
    elif mode in ("exit134", "kill9"):
        memory = touch(count)
        time.sleep(hold)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.abort() if mode == "exit134" else os.kill(os.getpid(), signal.SIGKILL)
    else:
        raise ActionError(f"mode: there is no {mode!r}")
    return answer


if __name__ == "__main__":
    serve(main, lenient=True)
