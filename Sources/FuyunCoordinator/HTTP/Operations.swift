import FuyunProtocol
import FuyunStore
import Hummingbird
import Logging
import Synchronization

/// What the API does, route by route, on the coordinator's parts.
struct Operations: Sendable {
    let store: any Store
    let ingest: Ingest
    let feed: PolicyFeed
    let events: EventHub
    let tuner: TunerService
    let drafter: DrafterService
    let nodes: NodeBook
    let sampling: SamplingRates
    let bodies: RequestBodies
    let limits: CoordinatorConfiguration.Limits
    let metrics: CoordinatorMetrics
    let clock: WallClock
    let startedAt: Timestamp
    let counts = OpenCounts()

    /// The largest body of an operator's request: a policy document.
    static let largestDocument = 1 << 20
    /// The largest body of an operator's other requests.
    static let largestRequest = 64 << 10

    /// Performs a route whose caller was let in.
    func perform(
        _ route: APIRoute,
        _ target: RequestTarget,
        _ request: Request
    ) async throws(ErrorAnswer) -> Response {
        switch route {
        case .health: return .text("application/json", "{\"status\":\"ok\"}")
        case .ready: return try await ready()
        case .metrics: return metricsPage()
        case .openAPI: return .text("application/json", OpenAPIDocument.text)
        case .nodePolicies(let node): return try await nodePolicies(node, target, request)
        case .nodeObservations(let node): return try await nodeObservations(node, request)
        case .nodeShapes: return try await nodeShapes(request)
        case .listFunctions: return try await listFunctions(target)
        case .getFunction(let name): return try await getFunction(name)
        case .putFunction(let name): return try await putFunction(name, request)
        case .deleteFunction(let name): return try await deleteFunction(name)
        case .changeFunctionSwitches(let name): return try await changeSwitches(of: name, request)
        case .getSwitches: return try await getSwitches()
        case .changeSwitches: return try await changeSwitches(request)
        case .listPolicies(let name): return try await listPolicies(name, target)
        case .addPolicy(let name): return try await addPolicy(name, request)
        case .getPolicy(let name, let version): return try await getPolicy(name, version)
        case .diffPolicy(let name, let version): return try await diffPolicy(name, version, target)
        case .activate(let name, let version): return try await activate(name, version, request)
        case .retire(let name, let version): return try await retire(name, version, request)
        case .rollBack(let name): return try await rollBack(name, request)
        case .tune(let name): return try await tune(name, target)
        case .listDrafts(let name): return try await listDrafts(name, target)
        case .addDraft(let name): return try await addDraft(name, target, request)
        case .getDraft(let name, let id): return try await getDraft(name, id, target)
        case .getShape(let name): return try await getShape(name)
        case .listObservations(let name): return try await listObservations(name, target)
        case .nodes: return try await listNodes(target)
        case .events: return try await events(target, request)
        case .status: return try await status()
        }
    }

    /// Does something with the store; its errors become refusals.
    func stored<Value>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(ErrorAnswer) -> Value {
        do throws(StoreError) {
            return try await body()
        } catch {
            throw ErrorAnswer(error)
        }
    }

    /// Reads a request's body as a value; an absent one reads as `empty`, where that is allowed.
    func body<Value: WireValue>(
        _ request: Request,
        as document: String,
        orEmpty empty: Value? = nil
    ) async throws(ErrorAnswer) -> Value {
        try await bodies.read(request, atMost: Self.largestRequest) { body throws(ErrorAnswer) in
            if body.readableBytes == 0, let empty { return empty }
            do throws(JSONError) {
                return try Value(parsing: body)
            } catch {
                throw ErrorAnswer(error, in: document)
            }
        }
    }

    /// Agents, followers and the tuner hear of what an operator changed.
    func announce(_ function: String? = nil) {
        feed.publish()
        events.wake()
        if let function { tuner.changed(function) }
    }
}

/// Long polls and streams that are open.
final class OpenCounts: Sendable {
    private let polls = Mutex(0)
    private let streams = Mutex(0)

    /// Counts a poll in, unless there are too many.
    func openPoll(atMost limit: Int) -> Int? { Self.open(polls, limit) }
    /// Counts a poll out.
    func closePoll() -> Int { Self.close(polls) }
    /// Counts a stream in, unless there are too many.
    func openStream(atMost limit: Int) -> Int? { Self.open(streams, limit) }
    /// Counts a stream out.
    func closeStream() -> Int { Self.close(streams) }

    private static func open(_ count: borrowing Mutex<Int>, _ limit: Int) -> Int? {
        count.withLock { count in
            guard count < limit else { return nil }
            count += 1
            return count
        }
    }

    private static func close(_ count: borrowing Mutex<Int>) -> Int {
        count.withLock { count in
            count -= 1
            return count
        }
    }
}
