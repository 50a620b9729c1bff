import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore

extension Engine {
    /// When counters are looked at again after a crash that no counter explains: three times, 17 ms in all.
    static let secondLooks: [Duration] = [.milliseconds(2), .milliseconds(5), .milliseconds(10)]

    /// How long the calls of a container whose cgroup is gone wait for their end to be reported.
    static let graceOfVanished: Duration = .seconds(1)

    /// Ends a call.
    ///
    /// Nil: the answer comes later, within 20 ms.
    func end(_ id: InvocationID, _ request: Request, on connection: Connection) throws(ErrorAnswer) -> Response? {
        let time = Clocks.monotonic()
        let end = try EndRequest(headers: request.head.fields, body: request.body)
        guard let call = calls[id.sequence], id.epoch == epoch, !call.isEnding else {
            return try endUnknown(id, end, request, connection, at: time)
        }
        if connection.role == .function {
            let container = try caller(on: connection, naming: nil)
            guard container === call.container else { throw Self.unknownInvocation }
        }
        if waitsForEvidence(call, end) {
            call.isEnding = true
            lookAgain(call, end, since: time, look: 0, answering: connection)
            return nil
        }
        return finish(call, end, since: time)
    }

    static var unknownInvocation: ErrorAnswer {
        ErrorAnswer(
            .unknownInvocation,
            "there is no such call in flight: it ended, or the connection that it began on was closed; keep that open until the end"
        )
    }

    /// Whether a crash was reported that no counter explains yet.
    private func waitsForEvidence(_ call: Call, _ end: EndRequest) -> Bool {
        guard end.outcome == .crashed, call.isTracked, !call.container.isGone else { return false }
        return !hasEvidence(call)
    }

    private func hasEvidence(_ call: Call) -> Bool {
        guard let run = call.container.ledger.invocation(call.id), let before = run.facts.reading.events,
            case .some(.some(let now)) = try? call.container.files.events()
        else { return false }
        let growth = now.since(before)
        return (growth.oomKill ?? 0) > 0 || (growth.oomGroupKill ?? 0) > 0
    }

    private func lookAgain(
        _ call: Call,
        _ end: EndRequest,
        since time: MonotonicTime,
        look: Int,
        answering connection: Connection
    ) {
        guard look < Self.secondLooks.count, !call.container.isGone else {
            return connection.answer(finish(call, end, since: time))
        }
        after(Self.secondLooks[look]) { [weak self] in
            guard let self, calls[call.id.sequence] != nil else { return }
            if hasEvidence(call) {
                connection.answer(finish(call, end, since: time))
            } else {
                lookAgain(call, end, since: time, look: look + 1, answering: connection)
            }
        }
    }

    private func finish(_ call: Call, _ end: EndRequest, since time: MonotonicTime) -> Response {
        let observation = close(
            call,
            outcome: end.outcome.map(InvocationOutcome.init) ?? .success,
            end,
            at: time
        )
        let answer = EndAnswer(
            id: call.id,
            known: true,
            peak: observation.peak?.bytes,
            peakMethod: observation.peak.flatMap { EndAnswer.PeakMethod(rawValue: $0.method.rawValue) },
            limit: observation.limit == .max ? nil : observation.limit.ceiling,
            outOfMemory: observation.verdict.oomClass.map { kind in
                EndAnswer.OutOfMemory(
                    EndAnswer.OutOfMemory.Class(rawValue: kind.rawValue) ?? .unknown,
                    evidence: observation.verdict.evidence
                )
            },
            thrashing: observation.thrash.isThrashing,
            retryLimit: retryLimit(after: observation, of: call)
        )
        return respond(status: 200, from: time, metrics.server.endDuration) { answer.write(into: &$0) }
    }

    /// Ends a call that nobody reports the end of.
    func abandon(_ call: Call) {
        guard !call.isEnding || call.container.isGone else { return }
        _ = close(call, outcome: .abandoned, EndRequest(), at: Clocks.monotonic())
    }

    /// Reads the meter, tells the ledger, performs what it says and records what was seen.
    private func close(
        _ call: Call,
        outcome: InvocationOutcome,
        _ end: EndRequest,
        at time: MonotonicTime
    ) -> Observation {
        if calls.removeValue(forKey: call.id.sequence) != nil { call.container.openCalls -= 1 }
        call.connection?.invocations.remove(call.id.sequence)
        metrics.invocations.inFlight.set(calls.count)
        let container = call.container
        var facts = EndFacts(
            id: call.id,
            outcome: outcome,
            exitStatus: end.exitStatus,
            httpStatus: end.httpStatus,
            reportedDuration: end.duration,
            time: time,
            epochMilliseconds: Clocks.epochMilliseconds()
        )
        if let run = container.ledger.invocation(call.id) {
            read(container, slot: run.slot, into: &facts)
        }
        let observation: Observation
        if let ended = container.ledger.ended(facts) {
            _ = perform(ended.actions, on: container, at: time)
            if container.ledger.isIdle { rescue.ended(container) }
            observation = ended.observation
        } else {
            observation = Observation.unknown(
                facts,
                function: call.begin.function,
                activation: call.activation,
                container: container.id,
                path: container.path,
                ceiling: container.ledger.ceiling
            )
        }
        record(observation, begin: call.begin)
        return observation
    }

    private func read(_ container: ManagedContainer, slot: UInt8, into facts: inout EndFacts) {
        let isSuspicious = facts.outcome != .success || (facts.exitStatus ?? 0) != 0
        if !container.isGone {
            do {
                facts.reading = try meter.end(container, isSuspicious: isSuspicious, at: facts.time)
                if let current = facts.reading.current { container.notePeak(current: current) }
                facts.peak = container.peak(of: slot)
                facts.limitFound = try container.files.readMax()
                if isSuspicious {
                    facts.populated = (try? container.directory.cgroupEvents())??.populated
                    facts.killsAsGroup = (try? container.directory.oomGroup()) ?? nil
                }
                return
            } catch {
                if error.code == .gone { disappeared(container) }
            }
        }
        facts.reading = meter.vanished(container)
        facts.peak = container.peak(of: slot)
        facts.cgroupVanished = container.isGone
    }

    /// An end of a call that this run of the agent does not know: of an earlier run, or of none.
    private func endUnknown(
        _ id: InvocationID,
        _ end: EndRequest,
        _ request: Request,
        _ connection: Connection,
        at time: MonotonicTime
    ) throws(ErrorAnswer) -> Response {
        guard id.epoch < epoch else { throw Self.unknownInvocation }
        var container: ManagedContainer?
        if connection.role == .function {
            container = try caller(on: connection, naming: nil)
        } else if let text = request.head.first(FuyunHeader.container) {
            container = ContainerReference(text).flatMap { registry.container(named: $0) }
        }
        metrics.invocations.earlierRun.increment()
        if let function = end.function {
            let facts = EndFacts(
                id: id,
                outcome: end.outcome.map(InvocationOutcome.init) ?? .success,
                exitStatus: end.exitStatus,
                httpStatus: end.httpStatus,
                reportedDuration: end.duration,
                time: time,
                epochMilliseconds: Clocks.epochMilliseconds()
            )
            record(
                .unknown(
                    facts,
                    function: function,
                    activation: end.activation,
                    container: container?.id ?? CgroupID(rawValue: 0),
                    path: container?.path ?? "",
                    ceiling: container?.ledger.ceiling ?? .max
                ),
                begin: nil
            )
        }
        let answer = EndAnswer(id: id, known: false)
        return respond(status: 200, from: time, metrics.server.endDuration) { answer.write(into: &$0) }
    }

    private func record(_ observation: Observation, begin: BeginAnswer?) {
        metrics.invocations.outcomes[observation.outcome]?.increment()
        if let kind = observation.verdict.oomClass { metrics.invocations.outOfMemory[kind]?.increment() }
        if observation.thrash.isThrashing { metrics.invocations.thrashing.increment() }
        if observation.rescues > 0 {
            metrics.rescue.saved.increment()
            if let stall = observation.stall { metrics.rescue.stall.recordNanoseconds(stall.some.wholeNanoseconds) }
        }
        if let peak = observation.peak, let method = EndAnswer.PeakMethod(rawValue: peak.method.rawValue) {
            metrics.invocations.peaks[method]?.increment()
        }
        functions.ended(observation)
        learn(from: observation)
        if let begin { history.append(InvocationHistory.Entry(begin: begin, observation: observation)) }
        parts.log.append(observation)
    }
}

extension InvocationOutcome {
    /// The outcome as a caller reports it.
    init(_ outcome: EndRequest.Outcome) {
        switch outcome {
        case .success: self = .success
        case .error: self = .error
        case .timeout: self = .timeout
        case .crashed: self = .crashed
        }
    }
}
