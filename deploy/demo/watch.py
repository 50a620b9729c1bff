"""Looks on: follows the agent's observation log, and asks the coordinator for versions and events."""

import http.client
import json
import os
import sys
import threading
import time
import urllib.parse

APPLIED = ("canary", "active")
# Steps on the ladder that are told; what is added goes on to one of them at once, what is retired makes room for one.
STEPS = ("shadow", "canary", "activated", "promoted", "rolled_back", "withdrawn", "suspended")


def step(event):
    """The step that an event tells of; an empty text for none."""
    kind, _, name = str(event.get("kind", "")).partition(".")
    return name if kind == "policy" and name in STEPS else ""


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


class Coordinator:
    """The coordinator's operator API. Problems are exceptions: OSError, HTTPException or CoordinatorError."""

    def __init__(self, url, token_file=None):
        parts = urllib.parse.urlsplit(url)
        self.address = parts.hostname, parts.port or 7070
        self.headers = {"Accept": "application/json"}
        if token_file:
            with open(token_file) as file:
                self.headers["Authorization"] = f"Bearer {file.read().split()[-1]}"

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {**self.headers, **({"Content-Type": "application/json"} if data else {})})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise CoordinatorError(f"{method} {path} answered {answer.status}: {text[:300].decode(errors='replace')}")
        return json.loads(text) if text.strip() else None

    def policies(self, function):
        """A function's versions, newest first."""
        return self.ask("GET", f"/v1/functions/{segment(function)}/policies?limit=200")["policies"]

    def activate(self, function, version, reason):
        return self.ask("POST", f"/v1/functions/{segment(function)}/policies/{version}/activate", {"reason": reason})

    def events(self, after):
        """Events after an id, oldest first, each with id, kind, function, version, message."""
        return self.ask("GET", f"/v1/events?after={after}")["events"]


class CoordinatorError(Exception):
    """The coordinator said no."""


def segment(function):
    """A function's name as one segment of a path."""
    return urllib.parse.quote(function, safe="")


class Versions(threading.Thread):
    """Keeps up with what the coordinator does: tells of its events, and knows every function's versions."""

    def __init__(self, coordinator, functions, told):
        super().__init__(daemon=True)
        self.coordinator, self.functions, self.told = coordinator, functions, told
        self.known = {function: [] for function in functions}  # newest first
        self.history, self.last, self.problem, self.changed = [], 0, None, threading.Condition()
        while earlier := coordinator.events(self.last):  # what went before is not told
            self.last = earlier[-1]["id"]
        for function in functions:
            self.known[function] = coordinator.policies(function)

    def run(self):
        while True:
            try:
                self.look()
                self.problem = None
            except (OSError, http.client.HTTPException, CoordinatorError, ValueError, KeyError) as problem:
                if self.problem is None:
                    print(f"the coordinator does not answer as it should: {problem!r}", file=sys.stderr)
                self.problem = problem
            time.sleep(0.25)

    def look(self):
        events = self.coordinator.events(self.last)
        if not events:
            return
        self.last = events[-1]["id"]
        for function in {event.get("function") for event in events} & set(self.functions):
            self.known[function] = self.coordinator.policies(function)
        with self.changed:
            self.history += events
            self.changed.notify_all()
        for event in events:
            if event.get("function") in self.functions and step(event):
                self.told(event)

    def in_use(self, function):
        """(version, status) of the newest version that decides for calls, or that is only looked at; None without any."""
        for statuses in (APPLIED, ("shadow",)):
            for policy in self.known[function]:
                if policy["status"] in statuses:
                    return policy["version"], policy["status"]
        return None

    def active(self, function):
        return next((policy["version"] for policy in self.known[function] if policy["status"] == "active"), None)

    def refits(self, function):
        """Versions that the tuner made."""
        return sum(policy.get("author") == "tuner" for policy in self.known[function])

    def wait(self, condition, seconds):
        """Whether `condition(self)` comes true; looked at after each event."""
        with self.changed:
            return bool(self.changed.wait_for(lambda: condition(self), seconds))
