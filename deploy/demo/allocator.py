"""Takes as much memory as it is told, in as many ways as memory can be taken: for trying limits out.

Event: {"bytes": N, "mode": MODE, "hold_ms": M}; all but `bytes` may be left out, an event without `bytes` takes none.

    anon       touches N bytes of anonymous memory, holds them, lets go (the default)
    keep       touches them and keeps them until `release`: a heap that a warm container does not give back
    release    drops what was kept
    tmpfs      writes a file of N bytes to $FUYUN_TMPFS (default /dev/shm), holds it, removes it
    pagecache  writes a file of N bytes to /var/tmp and reads it back: page cache, which the kernel can take back
    child      a child process takes the memory; when it is killed, this server lives on and says so
    forks      `count` children (default 8) take N/count bytes each, all at once
    thrash     touches N bytes, then reads a file of `file_bytes` again and again for `hold_ms`: where the limit leaves no room
               for the file, every page is read from the disk each time
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

from actionserver import ActionError, integer, serve

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


def read_again(count, hold):
    """Reads a file of `count` bytes from start to end until `hold` seconds are over; how often it got through."""
    path = write_file("/var/tmp", count)
    end, rounds = time.monotonic() + hold, 0
    try:
        with open(path, "rb", buffering=0) as file:
            os.fsync(file.fileno())  # clean pages only: those can be evicted
            while time.monotonic() < end:
                if not file.read(1 << 18):
                    file.seek(0)
                    rounds += 1
    finally:
        os.unlink(path)
    return rounds


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
        memory = touch(count)
        answer["rounds"] = read_again(integer(event, "file_bytes", 1 << 26, high=1 << 36), hold)
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
