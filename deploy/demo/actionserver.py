"""A function's HTTP server, standard library only.

It keeps OpenWhisk's container contract: `POST /init` once (403 afterwards), then `POST /run` with `{"value": {…},
"activation_id": …, "deadline": "epoch ms, a string", …}`. Answers always carry Content-Length. 200 with an object or an
array is a success, 200 with an object that has `error` is the action's own error, 502 says that the action did not give
what the contract wants, 400 that the request is no JSON object. After each run both output streams get the end marker.

Plain `POST /` takes the event as the body, for platforms that have no such contract: 200, or 400 and 500 with an `error`.
An event may be wrapped as `{"value": {…}}` there too, so that one policy fits both ways of calling.

Answers carry `X-Memory-Max`: the container's memory.max as it was when the payload had just arrived, before any work.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MARKER = "XXX_THE_END_OF_A_WHISK_ACTIVATION_XXX"
KEPT = 1 << 20  # OpenWhisk's own limit of a payload; what comes after it is read and dropped


class ActionError(Exception):
    """The event cannot be worked on: the caller's mistake."""


class Action:
    """One function: what it is called with, and whether it has been initialised."""

    def __init__(self, main, init=None, lenient=False):
        self.main = main
        self.init = init
        self.lenient = lenient  # take any body, also one that is no JSON or too long, as an empty event
        self.lock = threading.Lock()
        self.initialized = False


def number(event, key, default=None, low=0, high=1 << 40):
    """A number of the event, checked: what is not finite, negative or absurd is the caller's mistake."""
    value = event.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:  # refuses NaN as well
        raise ActionError(f"{key}: expected a number from {low} to {high}")
    return value


def integer(event, key, default=None, low=0, high=1 << 40):
    """The same as a whole number, fractions dropped."""
    return int(number(event, key, default, low, high))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    action = None
    memory_max = None

    def do_GET(self):
        self.answer(200, {"ok": True})

    def do_POST(self):
        body, size = self.body()
        self.memory_max = memory_max()
        if self.path == "/init":
            self.do_init(body, size)
        elif self.path == "/run":
            self.do_run(body, size)
        elif self.path == "/":
            self.do_plain(body, size)
        else:
            self.answer(404, {"error": "expected POST /init, POST /run or POST /"})

    def do_init(self, body, size):
        with self.action.lock:
            if self.action.initialized:
                self.answer(403, {"error": "this container is initialised already, and once is all it can be"})
                return
            message, problem = parse(body, size)
            value = message.get("value") if message is not None else None
            if not isinstance(value, dict):
                self.answer(400, {"error": problem or "expected {\"value\": {…}}"})
                return
            environment = value.get("env")
            for key, text in (environment if isinstance(environment, dict) else {}).items():
                os.environ[key] = str(text)
            try:
                if self.action.init:
                    self.action.init(value)
            except Exception as error:
                self.answer(502, {"error": f"the action could not start: {error}"})
                return
            self.action.initialized = True
        self.answer(200, {"ok": True})

    def do_run(self, body, size):
        message, problem = parse(body, size)
        if message is None and self.action.lenient:
            message = {}
        if message is None:
            self.answer(400, {"error": problem})
            return
        for key, text in message.items():
            if key != "value" and isinstance(text, str):
                os.environ["__OW_" + key.upper()] = text
        value = message.get("value", {})
        status, result = self.call(value if isinstance(value, dict) else {"value": value}, size)
        if status == 200 and not isinstance(result, (dict, list)):
            status, result = 502, {"error": "the action gave neither an object nor an array"}
        # An exception is the action's own error, as OpenWhisk's Python runtime has it.
        self.answer(200 if status in (400, 500) else status, result)
        for stream in (sys.stdout, sys.stderr):
            print(MARKER, file=stream, flush=True)

    def do_plain(self, body, size):
        event, problem = parse(body, size)
        if event is None and not self.action.lenient:
            self.answer(400, {"error": problem})
            return
        if event and set(event) == {"value"} and isinstance(event["value"], dict):
            event = event["value"]
        self.answer(*self.call(event or {}, size))

    def call(self, event, size):
        try:
            return 200, self.action.main(dict(event, body_bytes=size) if self.action.lenient else event)
        except ActionError as error:
            return 400, {"error": str(error)}
        except Exception as error:
            return 500, {"error": f"{type(error).__name__}: {error}"}

    def body(self):
        """The first MiB of the request's body, and its whole size; the rest is read and dropped."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self.chunked_body()
        size = int(self.headers.get("Content-Length") or 0)
        kept = self.rfile.read(min(size, KEPT))
        self.drop(size - len(kept))
        return kept, size

    def chunked_body(self):
        kept, size = bytearray(), 0
        while True:
            length = int(self.rfile.readline(1024).split(b";")[0], 16)
            if length == 0:
                while self.rfile.readline(8192).strip():
                    pass
                return bytes(kept), size
            part = self.rfile.read(min(length, KEPT - len(kept)))
            self.drop(length - len(part))
            kept += part
            size += length
            self.rfile.readline(8)

    def drop(self, count):
        while count > 0:
            part = self.rfile.read(min(count, 1 << 16))
            if not part:
                return
            count -= len(part)

    def answer(self, status, result):
        try:
            data = json.dumps(result).encode()
        except (TypeError, ValueError) as error:
            status, data = 502, json.dumps({"error": f"the result is no JSON: {error}"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.memory_max:
            self.send_header("X-Memory-Max", self.memory_max)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass  # the output streams belong to the action


def cgroup():
    """The directory of the cgroup v2 that this process is in; None where there is none."""
    try:
        with open("/proc/self/cgroup") as file:
            return next("/sys/fs/cgroup" + line.strip()[3:] for line in file if line.startswith("0::"))
    except (OSError, StopIteration):
        return None


def memory_max():
    """memory.max of this process's cgroup as the kernel writes it; None where there is no cgroup v2."""
    try:
        with open(f"{cgroup()}/memory.max") as file:
            return file.read().strip()
    except OSError:
        return None


def parse(body, size):
    """The JSON object of a body, or None and what is wrong with it."""
    if size > KEPT:
        return None, f"the body is longer than {KEPT} bytes"
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        return None, f"the body is no JSON: {error}"
    return (value, None) if isinstance(value, dict) else (None, "the body is no JSON object")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def serve(main, init=None, lenient=False):
    """Serves `main(event) -> object` for ever on 127.0.0.1:$PORT (default 8081), $HOST another address."""
    handler = type("ActionHandler", (Handler,), {"action": Action(main, init, lenient)})
    address = (os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8081")))
    Server(address, handler).serve_forever()
