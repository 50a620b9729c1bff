import Cgroup
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore
import PrometheusMetrics
import SystemPackage

extension Engine {
    /// The most functions or containers that a list holds; operators look at the metrics for more.
    static let longestList = 10_000

    /// Answers what operators ask on `admin.sock`.
    func administer(_ route: Route) throws(ErrorAnswer) -> Response {
        var body = ByteBuffer()
        switch route {
        case .metrics:
            body.writeString(metrics.registry.page())
            return Response(status: 200, contentType: .prometheus, body: body)
        case .healthz:
            // That this is answered at all shows that the loop turns.
            body.writeStaticString("ok\n")
            return Response(status: 200, contentType: .text, body: body)
        case .readyz:
            guard isReady else {
                throw ErrorAnswer(
                    .unavailable,
                    isStopping ? "the agent is stopping" : "the policies are not loaded yet"
                )
            }
            body.writeStaticString("ok\n")
            return Response(status: 200, contentType: .text, body: body)
        case .status: body.writeJSON { writeStatus(&$0) }
        case .functions: body.writeJSON { writeFunctions(&$0) }
        case .containers: body.writeJSON { writeContainers(&$0) }
        case .explain(let id): try explain(id, into: &body)
        case .invocations, .end:
            throw ErrorAnswer(.wrongSocket, "calls begin and end on function.sock or platform.sock")
        }
        body.writeStaticString("\n")
        return Response(status: 200, body: body)
    }

    /// Whether sockets listen (nobody could ask otherwise) and a policy snapshot is in use.
    var isReady: Bool { policies.revision > 0 && !isStopping }

    private func writeStatus(_ json: inout JSONWriter) {
        json.beginObject()
        json.field("version", FuyunVersion.text)
        json.field("epoch", InvocationID(epoch: epoch, sequence: 0).description.prefix(8).description)
        json.field("uptime_seconds", Clocks.monotonic().since(startedAt).inSeconds.rounded())
        json.field("ready", isReady)
        json.key("kernel")
        writeKernel(&json)
        json.key("counts")
        json.beginObject()
        json.field("containers", registry.count)
        json.field("functions", functions.all.count)
        json.field("in_flight", calls.count)
        json.field("connections", connections.count)
        json.field("history", history.count)
        json.field("watches", watcher?.watchCount ?? 0)
        json.field("settle_queue", parts.settler.depth)
        json.endObject()
        json.key("policies")
        json.beginObject()
        json.field("directory", configuration.paths.policies)
        json.field("revision", policies.revision)
        json.field("documents", policies.documents)
        json.field("functions", policies.functions.count)
        json.key("problems")
        json.beginArray()
        for problem in policies.problems.prefix(100) {
            json.beginObject()
            json.field("file", problem.file)
            json.key("messages")
            json.beginArray()
            for message in problem.messages { json.value(message) }
            json.endArray()
            json.field("kept_version", problem.keptVersion)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        json.key("coordinator")
        if let sync { sync.write(to: &json) } else { json.null() }
        json.key("sockets")
        json.beginObject()
        for role in SocketRole.allCases {
            json.key(named: role.rawValue)
            if let path = sockets[role] { json.value(path) } else { json.null() }
        }
        json.endObject()
        json.endObject()
    }

    private func writeKernel(_ json: inout JSONWriter) {
        json.beginObject()
        json.field("cgroup_mount", parts.hierarchy.mountPoint.string)
        json.key("peer_methods")
        json.beginArray()
        for method in PeerIdentity.Method.allCases where peerMethods.contains(method) { json.value(method.rawValue) }
        json.endArray()
        if let features {
            let table: [(StaticString, Bool)] = [
                ("memory_peak", features.peak), ("memory_peak_reset", features.peakReset),
                ("memory_reclaim", features.reclaim), ("memory_events_local", features.localEvents),
                ("memory_pressure", features.pressure), ("memory_swap_max", features.swapMax),
                ("peer_pidfd", features.peerPidfd), ("pidfd_cgroup_id", features.pidfdCgroupID),
            ]
            for (name, isThere) in table { json.field(name, isThere) }
        }
        json.endObject()
    }

    private func writeFunctions(_ json: inout JSONWriter) {
        let seen = functions.all
        let names = Set(seen.map(\.name)).union(policies.functions.keys)
        let entries = Dictionary(uniqueKeysWithValues: seen.map { ($0.name, $0.entry) })
        json.beginObject()
        json.key("functions")
        json.beginArray()
        for name in names.sorted().prefix(Self.longestList) {
            let entry = entries[name]
            let set = policies.functions[name]?.set
            json.beginObject()
            json.field("function", name)
            json.field("invocations", entry?.invocations ?? 0)
            json.field("out_of_memory", entry?.outOfMemory ?? 0)
            json.field("last_limit_bytes", entry?.lastLimit)
            json.field("last_peak_bytes", entry?.lastPeak)
            json.field("active_version", set?.active?.version)
            json.field("candidate_version", set?.candidate?.version)
            json.field("candidate_status", set?.candidate?.status.rawValue)
            json.field("mode_cap", grant(for: name).mode.rawValue)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private func writeContainers(_ json: inout JSONWriter) {
        json.beginObject()
        json.key("containers")
        json.beginArray()
        for container in registry.all.sorted(by: { $0.path < $1.path }).prefix(Self.longestList) {
            let ledger = container.ledger
            json.beginObject()
            json.field("id", container.identity.id)
            json.field("runtime", container.identity.runtime.rawValue)
            json.field("pod", container.identity.podUID)
            json.field("cgroup", "/" + container.path)
            json.field("function", ledger.function)
            json.field("ceiling_bytes", ledger.ceiling.bytesOrNone)
            json.field("limit_bytes", ledger.appliedLimit.bytesOrNone)
            json.field("effective_limit_bytes", ledger.effectiveLimit.bytesOrNone)
            json.field("current_bytes", (try? container.files.current()) ?? nil)
            json.field("resident_bytes", ledger.idleResident)
            json.field("in_flight", ledger.inFlight.count)
            json.field("invocations", ledger.invocationCount)
            json.field("overwrites", ledger.overwriteCount)
            json.field("frozen", ledger.isFrozen)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    private func explain(_ id: InvocationID, into body: inout ByteBuffer) throws(ErrorAnswer) {
        if id.epoch == epoch, let call = calls[id.sequence] {
            body.writeStaticString("{\"state\":\"running\",\"cgroup\":")
            body.writeJSON { $0.value("/" + call.container.path) }
            body.writeStaticString(",\"begin\":")
            call.begin.write(into: &body)
            body.writeStaticString(",\"observation\":null}")
        } else if id.epoch == epoch, let entry = history[id.sequence] {
            body.writeStaticString("{\"state\":\"ended\",\"cgroup\":")
            body.writeJSON { $0.value("/" + entry.observation.path) }
            body.writeStaticString(",\"begin\":")
            entry.begin.write(into: &body)
            body.writeStaticString(",\"observation\":")
            var line: [UInt8] = []
            entry.observation.appendJSONLine(to: &line)
            if line.last == UInt8(ascii: "\n") { line.removeLast() }
            body.writeBytes(line)
            body.writeStaticString("}")
        } else {
            throw ErrorAnswer(
                .unknownInvocation,
                "not among the calls in flight or the last \(InvocationHistory.capacity) of this run; look in the observation log"
            )
        }
    }
}

extension MemoryLimit {
    /// The limit in bytes; nil for none.
    var bytesOrNone: Bytes? { self == .max ? nil : ceiling }
}
