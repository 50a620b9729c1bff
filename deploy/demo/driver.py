#!/usr/bin/env python3
"""Sends invocations of mixed sizes to the demonstration functions, and shows how their policies get better meanwhile.

    driver.py --container guest/video-frames=127.0.0.1:9002 … [--count 140] [--seed 1] [--report FILE]
              [--coordinator URL --token-file FILE] [--force FUNCTION=VERSION] [--static-bytes 268435456] [--observations FILE]

One call at a time in each container. What the agent decided and saw is read from its observation log by activation id, what the
coordinator made of it from the coordinator. `--force` activates a version known to be bad at the end, to see it go.
Exit status: 0 when every invocation succeeded (but for what `--force` provoked), 1 when one failed or a forced version stayed,
2 when a container could not be initialised.
"""

import argparse
import collections
import json
import os
import queue
import random
import sys
import textwrap
import threading
import time

from invoker import Container, Invocation, MiB
from table import Table, Waste, missed, need, percent, size, version_of
from watch import Coordinator, Observations, Versions, step


def clip(width, height, fps, duration):
    event = {"object": {"key": "clip.mp4", "width": width, "height": height, "fps": fps, "duration": duration}}
    return f"{width}x{height} {fps}/s {duration:g} s", event


# (the payload's feature as people read it, the event), small and large, kept light for emulated machines
EVENTS = {
    "guest/video-watermark": [
        clip(160, 120, 10, 1), clip(320, 240, 10, 0.5), clip(320, 240, 10, 1), clip(480, 270, 10, 0.5), clip(480, 270, 10, 1),
        clip(640, 360, 10, 0.5), clip(640, 360, 10, 1), clip(640, 480, 10, 0.5),
    ],
    "guest/video-frames": [
        clip(160, 120, 25, 2), clip(320, 240, 10, 2), clip(320, 240, 30, 2), clip(480, 270, 20, 1), clip(640, 360, 10, 1),
        clip(640, 360, 20, 1), clip(640, 480, 10, 1), clip(1280, 720, 5, 1), clip(1280, 720, 8, 1),
    ],
    "guest/graph-rank": [
        (f"{size} vertices", {"size": size}) for size in (500, 2000, 5000, 10000, 15000, 20000)
    ],
    "guest/allocator": [
        (f"{size // MiB} MiB {mode}", {"bytes": size, "mode": mode, "hold_ms": 50})
        for size, mode in (
            (4 * MiB, "anon"), (16 * MiB, "anon"), (48 * MiB, "child"), (64 * MiB, "anon"), (96 * MiB, "forks"), (128 * MiB, "anon"),
            (24 * MiB, "tmpfs"), (176 * MiB, "anon"),
        )
    ],
}
# Shares of the calls: all functions end at about the same time.
SHARES = {"guest/video-watermark": 7, "guest/video-frames": 10, "guest/graph-rank": 25, "guest/allocator": 28}


def plan(functions, count, seed):
    """`count` invocations by the functions' shares, every event of a function before any comes again, in a mixed order."""
    dice = random.Random(seed)
    decks, dealt = {function: [] for function in functions}, collections.Counter()
    result = []
    for _ in range(count):
        function = min(functions, key=lambda name: (dealt[name] + 1) / SHARES[name])
        dealt[function] += 1
        if not decks[function]:
            decks[function] = dice.sample(EVENTS[function], len(EVENTS[function]))
        result.append(Invocation(function, *decks[function].pop()))
    return result


def call(container, invocation, table, observations):
    table.started(invocation)
    container.run(invocation)
    if observations:
        invocation.observation = observations.wait(invocation.activation, 10)
    table.ended(invocation)


def work(container, calls, table, observations):
    while True:
        try:
            invocation = calls.get_nowait()
        except queue.Empty:
            return
        call(container, invocation, table, observations)


def force(container, version, table, observations, versions):
    """Activates a version that is known to be bad and calls until it is gone again: what came of it, as an object."""
    function = container.function
    table.say(f"An operator forces version {version} of {function}, which is far too low")
    versions.coordinator.activate(function, version, "to see what becomes of it")
    # A child process takes the memory: the function's server would survive its death.
    event = {"bytes": 120 * MiB, "mode": "child", "hold_ms": 50}
    result = {"function": function, "version": version, "killed": 0, "seconds": None, "by": None, "calls": 0}
    for _ in range(5):
        invocation = Invocation(function, "120 MiB child", event)
        call(container, invocation, table, observations)
        result["calls"] += 1
        if version_of(invocation.observation or {}) == version:
            result["killed"] += not invocation.ok
        if versions.wait(lambda known: gone(known, function, version), 5):
            result["seconds"], result["by"] = gone(versions, function, version)
            break
    result["now"] = versions.active(function)
    again = Invocation(function, "120 MiB child", event)
    call(container, again, table, observations)
    result["again"] = again.ok
    return result


def gone(versions, function, version):
    """How many seconds a forced version was active, and the step that ended it; None while it is."""
    forced = None
    for event in versions.history:
        if event.get("function") != function:
            continue
        if step(event) == "activated" and event.get("version") == version:
            forced = event
        elif forced and step(event) in ("activated", "rolled_back", "suspended") and versions.active(function) != version:
            return (event["time_ms"] - forced["time_ms"]) / 1000, step(event)
    return None


def summarize(invocations, static, versions):
    """The closing figures, as an object."""
    seen = [i for i in invocations if i.observation and need(i.observation)]
    total, static_waste, by_version = Waste(), Waste(), {}
    latest = collections.defaultdict(int)
    for invocation in seen:
        limit, used = min(invocation.observation.get("limit_bytes") or static, static), need(invocation.observation)
        total.add(limit, used)
        static_waste.add(static, used)
        version = version_of(invocation.observation)
        by_version.setdefault((invocation.function, version), Waste()).add(limit, used)
        latest[invocation.function] = max(latest[invocation.function], version or 0)
    last = Waste()
    for (function, version), waste in by_version.items():
        if version and version == latest[function]:
            last.granted, last.unneeded, last.calls = (
                last.granted + waste.granted, last.unneeded + waste.unneeded, last.calls + waste.calls)
    functions = list(dict.fromkeys(i.function for i in invocations))
    return {
        "invocations": len(invocations), "succeeded": sum(i.ok for i in invocations), "observed": len(seen),
        "out_of_memory": sum(bool((i.observation or {}).get("oom")) for i in invocations),
        "misses": sum(missed(i.observation or {}) for i in invocations),
        "decided": sum((i.observation or {}).get("reason") == "policy" for i in invocations), "static_bytes": static,
        "waste": total.share, "static_waste": static_waste.share, "last_version_waste": last.share,
        "waste_by_version": [
            {"function": function, "version": version, "calls": waste.calls, "waste": waste.share}
            for (function, version), waste in sorted(by_version.items(), key=lambda item: (item[0][0], item[0][1] or 0))
        ],
        "mean_limit_bytes": total.granted // max(1, total.calls),
        "mean_last_limit_bytes": last.granted // max(1, last.calls),
        "refits": {function: versions.refits(function) for function in functions} if versions else {},
        "events": dict(collections.Counter(
            step(event) for event in versions.history if event.get("function") in functions and step(event))) if versions else {},
    }


def say(label, text, width):
    print(textwrap.fill(text, width, initial_indent=f"{label:<10}", subsequent_indent=" " * 10, break_on_hyphens=False))


def report(figures, invocations, forced, width):
    total = figures["invocations"]
    print()
    say("Success", f"{figures['succeeded']} of {total} invocations ({figures['succeeded'] / total:.1%}); "
        f"{figures['out_of_memory']} ran out of memory, {figures['misses']} limits were too tight", width)
    if not figures["observed"]:
        print("The agent wrote down nothing about these calls, so nothing can be said about their limits.")
        return
    say("Waste", "Σ(limit − need) / Σ limit, by the version that set the limit; static: the platform's "
        f"{figures['static_bytes'] // MiB} MiB; (calls)", width)
    for function in dict.fromkeys(entry["function"] for entry in figures["waste_by_version"]):
        say("", f"{function.rpartition('/')[2]:<16} " + "  ".join(
            f"{'static' if entry['version'] is None else 'v' + str(entry['version'])} {percent(entry['waste'])} ({entry['calls']})"
            for entry in figures["waste_by_version"] if entry["function"] == function), width)
    say("", f"{'all calls':<16} {percent(figures['waste'])}; under the latest versions {percent(figures['last_version_waste'])}; "
        f"static would be {percent(figures['static_waste'])}", width)
    if figures["mean_last_limit_bytes"]:
        say("", f"A call is given {size(figures['mean_last_limit_bytes'])} MiB on average now: "
            f"{figures['static_bytes'] / figures['mean_last_limit_bytes']:.1f} calls fit where one did", width)
    if figures["refits"]:
        say("Refits", f"{sum(figures['refits'].values())} versions by the tuner: " + ", ".join(
            f"{function.rpartition('/')[2]} {count}" for function, count in figures["refits"].items()), width)
        say("Ladder", ", ".join(
            f"{count} × {name.replace('_', ' ')}" for name, count in sorted(figures["events"].items())) or "nothing moved", width)
    if forced:
        name = f"v{forced['version']} of {forced['function'].rpartition('/')[2]}, far too low, was made active on purpose"
        if forced["seconds"] is None:
            say("Forced", f"{name} and STAYED", width)
        else:
            how = "rolled back to" if forced["by"] == "rolled_back" else "replaced by"
            say("Forced", f"{name}: {how} v{forced['now']} after {forced['seconds']:.1f} s by itself, {forced['killed']} calls ran out of "
                f"memory; the next one {'succeeded' if forced['again'] else 'FAILED'}", width)
    for outcome, count in collections.Counter(i.outcome for i in invocations if not i.ok).most_common(5):
        print(f"{'':<10}{count} × {outcome}")


def main():
    parser = argparse.ArgumentParser(description="Sends invocations to the demonstration functions.")
    parser.add_argument("--container", action="append", required=True, metavar="FUNCTION=HOST:PORT")
    parser.add_argument("--count", type=int, default=140)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--static-bytes", type=int, default=256 * MiB, help="the limit that the platform declares")
    parser.add_argument("--observations", default="/var/lib/fuyun/observations.jsonl", metavar="FILE")
    parser.add_argument("--no-agent", action="store_true", help="do not wait for observations")
    parser.add_argument("--coordinator", metavar="URL", help="show what it does")
    parser.add_argument("--token-file", metavar="FILE", help="an operator's token for it")
    parser.add_argument("--force", metavar="FUNCTION=VERSION", help="a bad version to activate at the end")
    parser.add_argument("--report", metavar="FILE", help="write the figures there as JSON")
    arguments = parser.parse_args()
    containers = {}
    for text in arguments.container:
        function, _, address = text.partition("=")
        if function not in EVENTS or not address.rpartition(":")[2].isdigit():
            parser.error(f"--container {text}: expected one of {', '.join(EVENTS)}, then =HOST:PORT")
        containers[function] = Container(function, address)

    for container in containers.values():
        if problem := container.init():
            print(f"{container.function} at {container.host}:{container.port}: {problem}", file=sys.stderr)
            return 2
    observations = None
    if not arguments.no_agent:
        observations = Observations(arguments.observations)
        observations.start()
    functions = list(containers)
    versions = None
    if arguments.coordinator:
        versions = Versions(Coordinator(arguments.coordinator, arguments.token_file), functions, lambda event: table.told(event))
    invocations = plan(functions, arguments.count, arguments.seed)
    calls = {function: queue.SimpleQueue() for function in functions}
    for invocation in invocations:
        calls[invocation.function].put(invocation)
    terminal = sys.stdout.isatty() or os.environ.get("FUYUN_TTY") == "1"
    table = Table(functions, len(invocations), arguments.static_bytes, versions, terminal)
    if versions:
        versions.start()
    workers = [
        threading.Thread(target=work, args=(container, calls[function], table, observations), daemon=True)
        for function, container in containers.items()
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if versions:
        versions.wait(lambda known: False, 0.6)  # the last events
    figures = summarize(invocations, arguments.static_bytes, versions)
    forced = None
    if arguments.force and versions:
        function, _, version = arguments.force.partition("=")
        forced = force(containers[function], int(version), table, observations, versions)
        figures["forced"] = forced
    table.finish()
    report(figures, invocations, forced, table.width)
    if arguments.report:
        with open(arguments.report, "w") as file:
            json.dump(figures, file, indent=2)
    well = figures["succeeded"] == figures["invocations"] and (not forced or (forced["seconds"] is not None and forced["again"]))
    return 0 if well else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
