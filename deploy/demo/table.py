"""The live table: one line for each function, drawn again as calls end; above it what the coordinator did, as it does it.

On a terminal the table stays below and is drawn in place; elsewhere it is printed now and then, and lines are never taken back.
"""

import os
import re
import shutil
import sys
import threading
import time

from invoker import MiB

CLEAR = "\r\x1b[K"


def size(value):
    return "–" if value is None else f"{value / MiB:.1f}"


def percent(share):
    return "–" if share is None else f"{share:.0%}".replace("%", " %")


def need(observation):
    """The memory that the run could not do without, as far as was seen: page cache is not part of it."""
    return (observation.get("need") or {}).get("lower_bytes") or observation.get("resident_highest_bytes")


def version_of(observation):
    """The version that set the call's limit; None when the platform's own held."""
    if observation.get("reason") != "policy":
        return None
    return (observation.get("decision") or {}).get("policy_version")


def missed(observation):
    """Whether the limit was too low for the call."""
    own = (observation.get("oom") or {}).get("class") in ("own_limit", "child_only", "group")
    return own or bool(observation.get("rescues")) or bool(observation.get("thrashing"))


class Waste:
    """Σ(limit − need) / Σ limit over calls."""

    def __init__(self):
        self.granted, self.unneeded, self.calls = 0, 0, 0

    def add(self, limit, used):
        self.granted += limit
        self.unneeded += max(limit - used, 0)
        self.calls += 1

    @property
    def share(self):
        return self.unneeded / self.granted if self.granted else None


class Row:
    """What is known of one function's calls so far."""

    def __init__(self, function, static):
        self.name, self.static = function.rpartition("/")[2], static
        self.calls = self.misses = self.kills = self.failures = 0
        self.limit = self.need = None
        self.waste = {}  # by version; None is the platform's static limit

    def add(self, invocation):
        seen = invocation.observation or {}
        self.calls += 1
        self.failures += not invocation.ok
        self.misses += missed(seen)
        self.kills += bool(seen.get("oom"))
        used = need(seen)
        if used is None:
            return
        self.limit, self.need = min(seen.get("limit_bytes") or self.static, self.static), used
        if invocation.ok:
            self.waste.setdefault(version_of(seen), Waste()).add(self.limit, used)

    def waste_by_version(self, room):
        """As many of the latest versions as there is room for."""
        parts, length = [], 0
        for version in sorted(self.waste, key=lambda version: version or 0, reverse=True):
            part = f"{'static' if version is None else f'v{version}'} {self.waste[version].share:.0%}"
            if length + len(part) + 2 > room - (2 if version is not None else 0):
                return "… " + "  ".join(reversed(parts))
            parts.append(part)
            length += len(part) + 2
        return "  ".join(reversed(parts))


class Table:
    """Everything that is shown while calls go on."""

    def __init__(self, functions, total, static, versions, terminal):
        self.rows = {function: Row(function, static) for function in functions}
        self.total, self.versions, self.terminal, self.done = total, versions, terminal, 0
        self.colour = terminal and not os.environ.get("NO_COLOR")
        self.began, self.running, self.lines, self.shown = time.monotonic(), {}, 0, 0
        self.width = max(60, int(os.environ.get("COLUMNS") or shutil.get_terminal_size((100, 24)).columns) - 1)
        self.lock = threading.RLock()

    def paint(self, code, text):
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def say(self, text, code=None):
        """A line that stays."""
        with self.lock:
            clock = f"{time.monotonic() - self.began:6.1f} s  "
            text = text if not self.terminal or len(text) + len(clock) <= self.width else text[: self.width - len(clock) - 1] + "…"
            self.take_back()
            sys.stdout.write(self.paint("2", clock) + (self.paint(code, text) if code else text) + "\n")
            self.draw()

    def told(self, event):
        """Something that the coordinator did."""
        kind, version = str(event.get("kind", "")), event.get("version")
        name = f"{str(event.get('function')).rpartition('/')[2]}{f' v{version}' if version is not None else ''}"
        code = "31" if "roll" in kind else "32" if "activ" in kind or "promot" in kind else None
        why = re.sub(r"^version \d+ [^:]*: ", "", event.get("message", ""))
        self.say(f"{name:<20} {kind.partition('.')[2].replace('_', ' ')}: {why}", code)

    def started(self, invocation):
        with self.lock:
            self.running[invocation.function] = invocation.feature
            self.redraw()

    def ended(self, invocation):
        with self.lock:
            self.done += self.done < self.total  # calls beyond the plan are those after a forced version
            self.running.pop(invocation.function, None)
            self.rows[invocation.function].add(invocation)
            seen = invocation.observation or {}
            if not invocation.ok or missed(seen):
                oom = f" ({seen['oom']['class'].replace('_', ' ')})" if seen.get("oom") else ""
                what = invocation.outcome if not invocation.ok else "thrashed at its limit" if seen.get("thrashing") else "was rescued"
                version = f" v{version_of(seen)}" if version_of(seen) is not None else ""
                self.say(f"{invocation.function.rpartition('/')[2] + version:<20} miss: {invocation.feature} at "
                         f"{size(seen.get('limit_bytes'))} MiB: {what}{oom}", "31")
            if self.terminal:
                self.redraw()
            elif self.done * 8 // self.total > self.shown:
                self.shown = self.done * 8 // self.total
                self.print_table()

    def table(self):
        """The lines of the table, (colour, text)."""
        room = self.width - 61
        yield "1", (f"{'function':<16} {'in use':<10} {'calls':>5} {'limit':>7} {'need':>7}  {'waste by version':<{room}} "
                    f"{'miss':>4} {'refit':>5}")
        for function, row in self.rows.items():
            version = self.versions.in_use(function) if self.versions else None
            in_use = f"v{version[0]} {version[1]}" if version else "–"
            refits = self.versions.refits(function) if self.versions else 0
            yield None, (f"{row.name:<16} {in_use:<10} {row.calls:>5} {size(row.limit):>7} {size(row.need):>7}  "
                         f"{row.waste_by_version(room):<{room}} {row.misses:>4} {refits:>5}")

    def progress(self):
        bar = "█" * (self.done * 20 // self.total)
        left = (time.monotonic() - self.began) / self.done * (self.total - self.done) if self.done else 0
        failed = sum(row.failures for row in self.rows.values())
        text = f"{bar:░<20} {self.done}/{self.total}, {failed} failed, {left:.0f} s left · sizes in MiB" + "".join(
            f" · {function.rpartition('/')[2]} {feature}" for function, feature in sorted(self.running.items()))
        return text[: self.width]

    def draw(self):
        if not self.terminal:
            sys.stdout.flush()
            return
        lines = [self.paint(code, text) if code else text for code, text in self.table()] + [self.paint("2", self.progress())]
        sys.stdout.write("".join(f"{CLEAR}{line}\n" for line in lines))
        sys.stdout.flush()
        self.lines = len(lines)

    def take_back(self):
        if self.terminal and self.lines:
            sys.stdout.write(f"\x1b[{self.lines}A" + CLEAR)
            self.lines = 0

    def redraw(self):
        if self.terminal:
            self.take_back()
            self.draw()

    def print_table(self):
        print(f"\n  {self.done} of {self.total} calls after {time.monotonic() - self.began:.0f} s (sizes in MiB)")
        for _, text in self.table():
            print("  " + text.rstrip())
        print(flush=True)

    def finish(self):
        with self.lock:
            self.running.clear()
            self.redraw()
