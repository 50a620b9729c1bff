import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import Logging
import MemoryUnits
import NIOCore

extension Engine {
    /// The most calls of one container that are kept account of at once, those that the ledger does not follow included.
    static let mostCallsPerConnection = 256
    /// The same for all connections of a container.
    static let mostCallsPerContainer = 1024

    /// Begins a call: reads what is there, decides, has the limit written, and answers.
    ///
    /// Nothing waits.
    func begin(_ request: Request, on connection: Connection) throws(ErrorAnswer) -> Response {
        let time = Clocks.monotonic()
        let wall = Clocks.wall()
        let begin = try BeginRequest(headers: request.head.fields)
        if let deadline = begin.deadline, deadline.nanosecondsSinceEpoch < Int64(clamping: wall) {
            metrics.server.deadlinesPassed.increment()
            throw ErrorAnswer(.deadlinePassed, "the caller has stopped waiting; nothing was changed")
        }
        guard !isStopping else {
            throw ErrorAnswer(.unavailable, "the agent is stopping; pass the call on without Fuyun")
        }
        guard connection.invocations.count < Self.mostCallsPerConnection else {
            throw ErrorAnswer(.overloaded, "too many calls of this connection have not ended; end them first")
        }
        let container = try caller(on: connection, naming: begin.container)
        guard container.openCalls < Self.mostCallsPerContainer else {
            throw ErrorAnswer(.overloaded, "too many calls of this container have not ended; end them first")
        }
        let above = meter.ancestors(of: container, at: time)
        container.ledger.ancestorsChanged(to: above.limit)
        lastSequence += 1
        let id = InvocationID(epoch: epoch, sequence: lastSequence)
        var judgement = judge(begin, request, container)
        var attempt: UInt8 = 0
        if !bumps.isEmpty || begin.retryOf != nil { attempt = raise(&judgement, of: begin, in: container) }
        // The long part is over: what is written next is measured against use as it is now.
        let reading: MeterReading
        let limitFound: MemoryLimit?
        do {
            reading = try meter.begin(container, above.readings)
            limitFound = try container.files.readMax()
        } catch {
            throw unreadable(container, error)
        }
        let facts = BeginFacts(
            id: id,
            activation: begin.activation,
            function: begin.function,
            claimant: connection.role == .platform ? .platform : .peer,
            decision: judgement.decision,
            mode: judgement.mode,
            isInCanaryShare: judgement.mode == .canary,
            shadow: judgement.shadow,
            features: judgement.features,
            time: time,
            epochMilliseconds: Int64(wall / 1_000_000),
            limitFound: limitFound,
            reading: reading
        )
        let outcome = container.ledger.began(facts)
        let written = perform(outcome.actions, on: container, at: time, begin: id)
        let limit = written ? outcome.effectiveLimit : container.ledger.effectiveLimit
        let answer = BeginAnswer(
            id: id,
            function: begin.function,
            limit: limit == .max ? nil : limit.ceiling,
            applied: outcome.isApplied && written,
            held: outcome.isHeld,
            mode: judgement.mode,
            decision: judgement.report
        )
        let call = Call(
            id: id,
            container: container,
            connection: connection,
            activation: begin.activation,
            begin: answer,
            isTracked: outcome.isTracked
        )
        call.attempt = attempt
        calls[lastSequence] = call
        container.openCalls += 1
        connection.invocations.insert(lastSequence)
        if count(answer, outcome, judgement, container) { shapes?.take(request, of: begin) }
        propose(for: container)
        return respond(status: 201, from: time, metrics.server.beginDuration) { answer.write(into: &$0) }
    }

    private func judge(_ begin: BeginRequest, _ request: Request, _ container: ManagedContainer) -> Judgement {
        // The binding is the container's function; a peer that names another one shops for its limit and gets none.
        let function = policies.functions[begin.function]
        var grant = configuration.grant(for: begin.function)
        if let narrowing = function?.narrowing { grant.narrow(by: narrowing) }
        return Judgement(
            of: function,
            grant: grant,
            ceiling: min(container.ledger.ceiling.ceiling, container.ledger.ancestorLimit.ceiling),
            canRescue: container.ledger.isRescuable,
            activationHash: begin.activation.map { StableHash.hash($0) } ?? StableHash.hash(lastSequence),
            payload: request.body,
            length: begin.payloadLength ?? request.bodyLength
        ) { request.head.first($0) }
    }

    /// Counts a call; true when its payload's shape should be looked at.
    private func count(
        _ answer: BeginAnswer,
        _ outcome: BeginOutcome,
        _ judgement: Judgement,
        _ container: ManagedContainer
    ) -> Bool {
        metrics.invocations.began.increment()
        metrics.invocations.inFlight.set(calls.count)
        metrics.invocations.reasons[outcome.reason]?.increment()
        metrics.invocations.decisions[judgement.decision?.decision.reason ?? .noPolicy]?.increment()
        if !outcome.isTracked { metrics.invocations.untracked.increment() }
        // One name for each container: a peer that names others in turn neither fills the table nor counts for them.
        return container.ledger.function == answer.function && functions.began(answer)
    }

    /// Writes an answer's body, and records how long it took since its request was whole.
    func respond(
        status: Int,
        from time: MonotonicTime,
        _ timer: CoreMetrics.Timer,
        _ write: (inout ByteBuffer) -> Void
    ) -> Response {
        var body = ByteBuffer()
        body.reserveCapacity(512)
        write(&body)
        timer.recordNanoseconds(Clocks.monotonic().since(time).wholeNanoseconds)
        return Response(status: status, body: body)
    }

    /// The refusal for a container whose files cannot be read.
    func unreadable(_ container: ManagedContainer, _ error: CgroupError) -> ErrorAnswer {
        if error.code == .gone {
            disappeared(container)
            return ErrorAnswer(.unknownContainer, "the container's cgroup is gone")
        }
        logger.warning("cannot read a container's cgroup", metadata: ["file": "\(error.file)", "error": "\(error)"])
        return ErrorAnswer(.unavailable, "the container's cgroup cannot be read: \(error)")
    }
}
