import Cgroup
import FuyunPolicy
import MemoryUnits

extension Observation {
    /// Appends the observation as one line of JSON, with the line feed that ends it.
    ///
    /// The schema is `fuyun.observation/v1`: every key is always there and in this order, null where nothing is known;
    /// quantities are in bytes and null for "no limit", times in milliseconds. Nothing is allocated but the
    /// growth of `buffer`.
    public func appendJSONLine(to buffer: inout [UInt8]) {
        // The two change places: a second reference to the bytes, even for a moment, would copy them all.
        var line = JSONLine()
        swap(&line.bytes, &buffer)
        line.object { append(to: &$0) }
        line.bytes.append(UInt8(ascii: "\n"))
        swap(&line.bytes, &buffer)
    }

    private func append(to line: inout JSONLine) {
        line.string("schema", Observation.schema)
        line.string("id", id.description)
        line.string("function", function)
        line.string("activation", activation)
        line.integer("container", container.rawValue)
        line.string("cgroup", path)
        line.integer("began_ms", beganAt)
        line.integer("ended_ms", endedAt)
        line.milliseconds("duration_ms", duration)
        line.milliseconds("reported_duration_ms", reportedDuration)
        line.bool("known", isKnown)
        appendDecision(to: &line)
        appendLimits(to: &line)
        appendUse(to: &line)
        appendEvents(to: &line)
        appendOutcome(to: &line)
    }

    private func appendDecision(to line: inout JSONLine) {
        line.string("mode", mode.rawValue)
        line.string("reason", reason.rawValue)
        append(decision, as: "decision", to: &line)
        append(shadow, as: "shadow", to: &line)
        line.object("features") { line in
            for index in 0..<features.count {
                let name = features.variables[index].name
                switch features[index] {
                case .number(let value): line.number(named: name, value)
                case .word(let word): line.string(named: name, word)
                case nil: line.number(named: name, nil)
                }
            }
        }
    }

    private func append(_ record: DecisionRecord?, as key: StaticString, to line: inout JSONLine) {
        guard let record else { return line.null(key) }
        let decision = record.decision
        line.object(key) { line in
            line.string("reason", decision.reason.rawValue)
            line.integer("policy_version", record.policyVersion)
            line.quantity("predicted_bytes", decision.reason == .policy ? decision.predicted : nil)
            line.quantity("bound_bytes", decision.reason == .policy ? decision.bound : nil)
            line.quantity("input_bytes", decision.inputPart)
            line.number("headroom", decision.headroom)
            line.quantity("limit_bytes", decision.limit)
            line.integer("variable", decision.variable < 0 ? nil : decision.variable)
            line.integer("law", decision.law)
            line.array("adjustments") { line in
                if decision.adjustments.contains(.raisedToMinimum) { line.element("raised_to_minimum") }
                if decision.adjustments.contains(.cutToMaximum) { line.element("cut_to_maximum") }
                if decision.adjustments.contains(.snappedUp) { line.element("snapped_up") }
                if decision.adjustments.contains(.raisedAfterMiss) { line.element("raised_after_miss") }
                if decision.adjustments.contains(.rescueBound) { line.element("rescue_bound") }
            }
        }
    }

    private func appendLimits(to line: inout JSONLine) {
        line.quantity("limit_bytes", limit.ceiling)
        line.quantity("lowest_limit_bytes", lowestLimit)
        line.quantity("highest_limit_bytes", highestLimit)
        line.quantity("ceiling_bytes", ceiling.ceiling)
        line.bool("held", isHeld)
    }

    private func appendUse(to line: inout JSONLine) {
        line.quantity("peak_bytes", peak?.bytes)
        line.string("peak_method", peak?.method.rawValue)
        line.bool("peak_exact", peak?.isExact ?? false)
        line.quantity("resident_start_bytes", residentAtStart)
        line.quantity("resident_end_bytes", residentAtEnd)
        line.quantity("resident_highest_bytes", highestResident)
        line.object("need") { line in
            line.quantity("lower_bytes", need.lower)
            line.quantity("upper_bytes", need.upper)
            line.bool("censored", need.isCensored)
        }
    }

    private func appendEvents(to line: inout JSONLine) {
        append(events, as: "events", to: &line)
        append(localEvents, as: "local_events", to: &line)
        if let stall {
            line.object("stall") { line in
                line.milliseconds("some_ms", stall.some)
                line.milliseconds("full_ms", stall.full)
            }
        } else {
            line.null("stall")
        }
        line.bool("thrashing", thrash.isThrashing)
        line.number("limit_hits_per_second", thrash.hitsPerSecond)
    }

    private func append(_ events: MemoryEvents?, as key: StaticString, to line: inout JSONLine) {
        guard let events else { return line.null(key) }
        line.object(key) { line in
            line.integer("low", events.low)
            line.integer("high", events.high)
            line.integer("max", events.max)
            line.integer("oom", events.oom)
            line.integer("oom_kill", events.oomKill)
            line.integer("oom_group_kill", events.oomGroupKill)
        }
    }

    private func appendOutcome(to line: inout JSONLine) {
        line.string("outcome", outcome.rawValue)
        line.integer("exit_status", exitStatus)
        line.integer("http_status", httpStatus)
        if let oomClass = verdict.oomClass {
            line.object("oom") { line in
                line.string("class", oomClass.rawValue)
                line.bool("own_limit_exceeded", verdict.ownLimitExceeded)
                line.array("evidence") { line in
                    for evidence in verdict.evidence { line.element(evidence) }
                }
            }
        } else {
            line.null("oom")
        }
        line.integer("warm_index", warmIndex)
        line.integer("concurrency", concurrency)
        line.bool("shared", isShared)
        line.integer("overwrites", overwrites)
        line.integer("reasserts", reasserts)
        line.integer("rescues", rescues)
    }
}
