#!/usr/bin/env python3
"""Sends invocations of mixed sizes to the demonstration functions, as an OpenWhisk invoker sends them.

    driver.py --container guest/video-frames=127.0.0.1:9002 … [--count 64] [--static-bytes 268435456]
              [--observations /var/lib/fuyun/observations.jsonl] [--no-agent] [--seed 1] [--report FILE]

One `POST /init` for each container, then `/run` with the activation's id and a deadline, one call at a time in a container
and a connection for each; an answer is judged by the invoker's rules. What the agent decided and saw is read from its
observation log by activation id. Exit status: 0 when every invocation succeeded, 1 when one failed, 2 when a container
could not be initialised.
"""

import argparse
import collections
import http.client
import json
import os
import queue
import random
import shutil
import sys
import threading
import time
import uuid

MiB = 1 << 20
TIME_LIMIT = 120  # seconds: OpenWhisk's default is 60, and emulated machines are slow


def clip(width, height, fps, duration):
    event = {"object": {"key": "clip.mp4", "width": width, "height": height, "fps": fps, "duration": duration}}
    return f"{width}x{height} {fps}/s {duration:g} s", event


# (the payload's feature as people read it, the event), small and large, kept light for emulated machines
EVENTS = {
    "guest/video-watermark": [
        clip(160, 120, 10, 1), clip(320, 240, 10, 0.5), clip(320, 240, 10, 2), clip(480, 270, 10, 1), clip(640, 360, 10, 0.5),
        clip(640, 360, 10, 1.5), clip(640, 480, 10, 1), clip(854, 480, 10, 1),
    ],
    "guest/video-frames": [
        clip(160, 120, 25, 2), clip(320, 240, 10, 2), clip(320, 240, 30, 4), clip(480, 270, 20, 2), clip(640, 360, 10, 2),
        clip(640, 360, 25, 2), clip(640, 480, 20, 2), clip(1280, 720, 5, 1), clip(1280, 720, 10, 2),
    ],
    "guest/graph-rank": [
        (f"{size} vertices", {"size": size}) for size in (500, 2000, 5000, 10000, 20000, 30000, 50000)
    ],
    "guest/allocator": [
        (f"{size // MiB} MiB {mode}", {"bytes": size, "mode": mode, "hold_ms": 50})
        for size, mode in (
            (4 * MiB, "anon"), (16 * MiB, "anon"), (48 * MiB, "child"), (64 * MiB, "anon"), (96 * MiB, "forks"), (128 * MiB, "anon"),
            (24 * MiB, "tmpfs"), (176 * MiB, "anon"),
        )
    ],
}


class Invocation:
    """One call: what was sent, what came back, and what the agent wrote down about it."""

    def __init__(self, function, feature, event):
        self.function, self.feature, self.event = function, feature, event
        self.activation = uuid.uuid4().hex
        self.outcome, self.ok, self.seconds = "", False, 0.0
        self.observation = None


class Container:
    """A warm container as the invoker sees it: an address, and calls one after the other."""

    def __init__(self, function, address):
        self.function = function
        self.host, _, port = address.rpartition(":")
        self.port = int(port)

    def post(self, path, message, seconds):
        """(status, body, whether the length was told). A new connection each time, as the invoker makes them."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=seconds)
        try:
            body = json.dumps(message).encode()
            headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
            connection.request("POST", path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read(2 * MiB), reply.getheader("Content-Length") is not None
        finally:
            connection.close()

    def init(self):
        """The first call. A refused connection is tried again: the container may still be starting."""
        name = self.function.rpartition("/")[2]
        environment = {
            "__OW_NAMESPACE": "guest", "__OW_ACTION_NAME": f"/{self.function}", "__OW_ACTION_VERSION": "0.0.1",
            "__OW_ACTIVATION_ID": uuid.uuid4().hex, "__OW_DEADLINE": deadline(),
        }
        message = {"value": {"name": name, "main": "main", "binary": False, "env": environment}}
        end = time.monotonic() + TIME_LIMIT
        while True:
            try:
                status, body, _ = self.post("/init", message, TIME_LIMIT)
            except (OSError, http.client.HTTPException) as error:
                if time.monotonic() > end:
                    return f"no answer to /init within {TIME_LIMIT} s: {error}"
                time.sleep(0.1)
                continue
            if status == 200:
                return None
            if status == 502 and time.monotonic() < end:  # the shim is there before the function listens
                time.sleep(0.1)
                continue
            return f"/init answered {status}: {body[:200].decode(errors='replace')}"

    def run(self, invocation):
        message = {
            "value": invocation.event, "namespace": "guest", "action_name": f"/{self.function}", "action_version": "0.0.1",
            "activation_id": invocation.activation, "transaction_id": uuid.uuid4().hex, "deadline": deadline(),
        }
        began = time.monotonic()
        try:
            answer = self.post("/run", message, TIME_LIMIT)
        except TimeoutError:
            answer = None
            invocation.outcome = f"timed out after {TIME_LIMIT} s"
        except (OSError, http.client.HTTPException) as error:
            answer = None
            invocation.outcome = f"no answer ({type(error).__name__})"
        invocation.seconds = time.monotonic() - began
        if answer:
            invocation.ok, invocation.outcome = judge(*answer)


def deadline():
    """Milliseconds since 1970, as a string: that is what the invoker sends."""
    return str(int((time.time() + TIME_LIMIT) * 1000))


def judge(status, body, has_length):
    """(whether it is a success, the outcome), by the invoker's rules for the answer to /run."""
    if not has_length or status == 204:
        return False, "developer error: no Content-Length"
    if status == 503:
        return False, "container shutting down"
    try:
        result = json.loads(body)
    except ValueError:
        return False, f"developer error: {status}, no JSON"
    if status != 200 or not isinstance(result, (dict, list)):
        text = result.get("error", "") if isinstance(result, dict) else ""
        return False, f"developer error: {status} {text}"
    if isinstance(result, dict) and "error" in result:
        return False, f"application error: {result['error']}"
    return True, "success"


class Observations(threading.Thread):
    """Follows the agent's observation log and hands its lines out by activation id."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.seen, self.changed = path, {}, threading.Condition()

    def run(self):
        file, rest = None, b""
        while True:
            try:
                if file is None:
                    file = open(self.path, "rb")
                elif os.fstat(file.fileno()).st_ino != os.stat(self.path).st_ino:  # rotated
                    file, rest = open(self.path, "rb"), b""
                data = rest + file.read()
            except OSError:
                data = rest
            *lines, rest = data.split(b"\n")
            for line in lines:
                self.add(line)
            time.sleep(0.05)

    def add(self, line):
        try:
            observation = json.loads(line)
        except ValueError:
            return
        with self.changed:
            self.seen[observation.get("activation")] = observation
            self.changed.notify_all()

    def wait(self, activation, seconds):
        with self.changed:
            self.changed.wait_for(lambda: activation in self.seen, seconds)
            return self.seen.get(activation)


def size(value):
    return "–" if value is None else f"{value / MiB:.1f}"


class Table:
    """One line for each invocation as it ends; on a terminal a line of progress below them."""

    COLUMNS = f"{'#':>3}  {'function':<21} {'payload':<20} {'predicted':>9} {'limit':>7} {'need':>7} {'peak':>7} {'time':>7}  outcome"

    def __init__(self, total, terminal):
        self.total, self.terminal, self.done, self.failed = total, terminal, 0, 0
        self.began = time.monotonic()
        self.running = {}
        self.lock = threading.Lock()
        self.width = int(os.environ.get("COLUMNS") or shutil.get_terminal_size((100, 24)).columns)
        with self.lock:
            self.write(self.paint("1", self.COLUMNS) + self.paint("2", "   (sizes in MiB)"))

    def paint(self, code, text):
        return f"\x1b[{code}m{text}\x1b[0m" if self.terminal and not os.environ.get("NO_COLOR") else text

    def write(self, line):
        sys.stdout.write(("\r\x1b[K" if self.terminal else "") + line + "\n")
        sys.stdout.flush()

    def started(self, invocation):
        with self.lock:
            self.running[invocation.function] = invocation.feature
            self.progress()

    def ended(self, invocation):
        with self.lock:
            self.done += 1
            self.failed += not invocation.ok
            self.running.pop(invocation.function, None)
            seen = invocation.observation or {}
            decision = seen.get("decision") or {}
            outcome = invocation.outcome
            if seen.get("oom"):
                outcome += f", out of memory: {seen['oom']['class'].replace('_', ' ')}"
            elif seen.get("thrashing"):
                outcome += ", thrashing"
            elif seen.get("held"):
                outcome += ", held"
            self.write(
                f"{self.done:>3}  {invocation.function:<21} {invocation.feature:<20} {size(decision.get('predicted_bytes')):>9} "
                f"{size(seen.get('limit_bytes')):>7} {size(need(seen)):>7} {size(seen.get('peak_bytes')):>7} "
                f"{invocation.seconds:>5.1f} s  {self.paint('32' if invocation.ok else '31', outcome)}")
            self.progress()

    def progress(self):
        if not self.terminal:
            return
        bar = "█" * (self.done * 20 // self.total)
        left = (time.monotonic() - self.began) / self.done * (self.total - self.done) if self.done else 0
        text = f" {bar:░<20} {self.done}/{self.total}, {self.failed} failed, {left:.0f} s left · " + ", ".join(
            f"{function.rpartition('/')[2]} {feature}" for function, feature in sorted(self.running.items()))
        sys.stdout.write("\r\x1b[K" + self.paint("2", text[: self.width - 1]))
        sys.stdout.flush()

    def finish(self):
        if self.terminal:
            sys.stdout.write("\r\x1b[K")


def need(observation):
    """The memory that the run could not do without, as far as was seen: page cache is not part of it."""
    return (observation.get("need") or {}).get("lower_bytes") or observation.get("resident_highest_bytes")


def plan(functions, count, seed):
    """`count` invocations, the functions in turn, every event of a function before any comes again, in a mixed order."""
    dice = random.Random(seed)
    decks = {function: [] for function in functions}
    result = []
    for index in range(count):
        function = functions[index % len(functions)]
        if not decks[function]:
            decks[function] = dice.sample(EVENTS[function], len(EVENTS[function]))
        result.append(Invocation(function, *decks[function].pop()))
    return result


def work(container, calls, table, observations):
    while True:
        try:
            invocation = calls.get_nowait()
        except queue.Empty:
            return
        table.started(invocation)
        container.run(invocation)
        if observations:
            invocation.observation = observations.wait(invocation.activation, 10)
        table.ended(invocation)


def summarize(invocations, static):
    """The closing figures, as an object."""
    seen = [i for i in invocations if i.observation and need(i.observation)]
    limits = [min(i.observation.get("limit_bytes") or static, static) for i in seen]
    needs = [need(i.observation) for i in seen]
    held = sum(max(limit - used, 0) for limit, used in zip(limits, needs))
    result = {
        "invocations": len(invocations), "succeeded": sum(i.ok for i in invocations), "observed": len(seen),
        "killed": sum(bool((i.observation or {}).get("oom")) for i in invocations),
        "decided": sum((i.observation or {}).get("reason") == "policy" for i in invocations), "static_bytes": static,
    }
    if seen:
        result["waste"] = held / sum(limits)
        result["static_waste"] = sum(max(static - used, 0) for used in needs) / (static * len(seen))
        result["mean_limit_bytes"] = sum(limits) // len(seen)
        result["mean_need_bytes"] = sum(needs) // len(seen)
    return result


def report(figures, invocations):
    total = figures["invocations"]
    print(f"\n{figures['succeeded']} of {total} invocations succeeded ({figures['succeeded'] / total:.1%}), "
          f"{figures['killed']} ran out of memory.")
    if "waste" in figures:
        print(f"Waste, Σ(limit − need) / Σ limit: {figures['waste']:.0%} with Fuyun, "
              f"{figures['static_waste']:.0%} with the platform's static limit of {size(figures['static_bytes'])} MiB.")
        print(f"A call was given {size(figures['mean_limit_bytes'])} MiB on average and needed {size(figures['mean_need_bytes'])} MiB: "
              f"{figures['static_bytes'] / figures['mean_limit_bytes']:.1f} calls fit where one did.")
    elif figures["observed"] == 0:
        print("The agent wrote down nothing about these calls, so nothing can be said about their limits.")
    marks = {"held": "the container held more than the policy's limit already, so its limit stayed above that",
             "thrashing": "the limit was so tight that the run waited for its own pages"}
    for mark, meaning in marks.items():
        if any((i.observation or {}).get(mark) for i in invocations):
            print(f"  {mark}: {meaning}")
    outcomes = collections.Counter(i.outcome for i in invocations if not i.ok)
    for outcome, count in outcomes.most_common(5):
        print(f"  {count} × {outcome}")


def main():
    parser = argparse.ArgumentParser(description="Sends invocations to the demonstration functions.")
    parser.add_argument("--container", action="append", required=True, metavar="FUNCTION=HOST:PORT")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--static-bytes", type=int, default=256 * MiB, help="the limit that the platform declares")
    parser.add_argument("--observations", default="/var/lib/fuyun/observations.jsonl", metavar="FILE")
    parser.add_argument("--no-agent", action="store_true", help="do not wait for observations")
    parser.add_argument("--report", metavar="FILE", help="write the figures there as JSON")
    arguments = parser.parse_args()
    containers = []
    for text in arguments.container:
        function, _, address = text.partition("=")
        if function not in EVENTS or not address.rpartition(":")[2].isdigit():
            parser.error(f"--container {text}: expected one of {', '.join(EVENTS)}, then =HOST:PORT")
        containers.append(Container(function, address))

    for container in containers:
        if problem := container.init():
            print(f"{container.function} at {container.host}:{container.port}: {problem}", file=sys.stderr)
            return 2
    observations = None
    if not arguments.no_agent:
        observations = Observations(arguments.observations)
        observations.start()
    functions = list(dict.fromkeys(container.function for container in containers))
    invocations = plan(functions, arguments.count, arguments.seed)
    calls = {function: queue.SimpleQueue() for function in functions}
    for invocation in invocations:
        calls[invocation.function].put(invocation)
    table = Table(len(invocations), sys.stdout.isatty() or os.environ.get("FUYUN_TTY") == "1")
    workers = [
        threading.Thread(target=work, args=(container, calls[container.function], table, observations), daemon=True)
        for container in containers
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    table.finish()
    figures = summarize(invocations, arguments.static_bytes)
    report(figures, invocations)
    if arguments.report:
        with open(arguments.report, "w") as file:
            json.dump(figures, file, indent=2)
    return 0 if figures["succeeded"] == figures["invocations"] else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
