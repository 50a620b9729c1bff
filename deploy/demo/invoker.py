"""Calls containers as an OpenWhisk invoker does: `POST /init` once, then `/run` with the activation's id and a deadline, each on a
connection of its own; an answer is judged by the invoker's rules."""

import http.client
import json
import time
import uuid

MiB = 1 << 20
TIME_LIMIT = 120  # seconds: OpenWhisk's default is 60, and emulated machines are slow


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
