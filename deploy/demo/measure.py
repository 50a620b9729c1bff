#!/usr/bin/env python3
"""Measures what memory the demonstration functions need, and fits their policies' coefficients to it.

    deploy/vm/run --input deploy/demo --script 'python3 measure.py' >measured.csv

Every input runs in a server of its own in a cgroup of its own, as in a cold container, and then once more in the same
server, warm. Need is the highest sum of anonymous memory, shared memory and kernel memory that cannot be reclaimed,
sampled every 5 ms: page cache does not count, for the kernel takes it back. Wants root, cgroup v2 and ffmpeg.
"""

import http.client
import json
import os
import subprocess
import sys
import threading
import time

ROOT = "/sys/fs/cgroup/fuyun-measure"
PORT = 8079


def clip(width, height, fps, duration):
    return {"object": {"width": width, "height": height, "fps": fps, "duration": duration}}


CLIPS = [
    clip(160, 120, 10, 1), clip(160, 120, 25, 2), clip(320, 240, 10, 0.5), clip(320, 240, 10, 2), clip(320, 240, 25, 2),
    clip(480, 270, 10, 1), clip(480, 270, 20, 2), clip(640, 360, 10, 0.5), clip(640, 360, 10, 2), clip(640, 360, 25, 2),
    clip(640, 480, 10, 1), clip(640, 480, 20, 2), clip(854, 480, 10, 1), clip(854, 480, 10, 3), clip(1280, 720, 5, 1),
    clip(1280, 720, 10, 2), clip(320, 240, 30, 4), clip(160, 120, 30, 6),
]
INPUTS = {
    "video_watermark": CLIPS,
    "video_frames": CLIPS,
    "graph_rank": [{"size": size} for size in (1, 1000, 2000, 5000, 10000, 20000, 30000, 50000)],
    "allocator": [{"bytes": size} for size in (0, 1 << 20, 20_000_000, 100_000_000, 200_000_000)]
    + [{"bytes": 50_000_000, "mode": mode} for mode in ("child", "forks", "tmpfs")],
}


def need(group):
    values = {}
    with open(f"{group}/memory.stat") as file:
        for line in file:
            key, value = line.split()
            values[key] = int(value)
            if key == "slab_reclaimable":
                break
    return values["anon"] + values["shmem"] + values["kernel"] - values["slab_reclaimable"]


class Sampler(threading.Thread):
    """The highest need of a cgroup until it is stopped."""

    def __init__(self, group):
        super().__init__(daemon=True)
        self.group, self.peak, self.going = group, 0, True

    def run(self):
        while self.going:
            self.peak = max(self.peak, need(self.group))
            time.sleep(0.005)

    def stop(self):
        self.going = False
        self.join()
        return self.peak


def call(path, value):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=300)
    connection.request("POST", path, json.dumps({"value": value}))
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


def ready():
    for _ in range(600):
        try:
            return call("/init", {"name": "measured"})
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the function's server does not answer")


def measure(function, event, index):
    """(base, cold peak, warm peak, seconds): of one input, in bytes."""
    group = f"{ROOT}/{function}-{index}"
    os.mkdir(group)

    def enter():
        with open(f"{group}/cgroup.procs", "w") as file:
            file.write("0")

    here = os.path.dirname(os.path.abspath(__file__))
    server = subprocess.Popen(
        [sys.executable, f"{here}/{function}.py"], preexec_fn=enter, env={**os.environ, "PORT": str(PORT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ready()
        base = need(group)
        peaks, began = [], time.monotonic()
        for _ in range(2):
            sampler = Sampler(group)
            sampler.start()
            status, answer = call("/run", event)
            peaks.append(sampler.stop())
            if status != 200 or "error" in answer:
                raise SystemExit(f"{function} {event}: {status} {answer}")
        return base, *peaks, (time.monotonic() - began) / 2
    finally:
        server.kill()
        server.wait()
        for _ in range(50):
            try:
                os.rmdir(group)
                break
            except OSError:
                time.sleep(0.1)


def main():
    os.makedirs(ROOT, exist_ok=True)
    for path in ("/sys/fs/cgroup", ROOT):
        with open(f"{path}/cgroup.subtree_control", "w") as file:
            file.write("+memory")
    print("function,event,base_bytes,cold_peak_bytes,warm_peak_bytes,seconds")
    for function in sys.argv[1:] or INPUTS:
        for index, event in enumerate(INPUTS[function]):
            base, cold, warm, seconds = measure(function, event, index)
            text = json.dumps(event, separators=(";", ":")).replace('"', "")
            print(f"{function},{text},{base},{cold},{warm},{seconds:.2f}", flush=True)


if __name__ == "__main__":
    main()
