import FuyunPolicy
import FuyunProtocol
import FuyunStore
import Glibc
import Logging
import MemoryUnits
import PrometheusMetrics
import Synchronization
import Testing

@testable import FuyunCoordinator

/// A clock that stands still until it is told to go on.
final class ManualTime: Sendable {
    private let milliseconds = Mutex<Int64>(1_750_000_000_000)

    var clock: WallClock { WallClock { Timestamp(milliseconds: self.milliseconds.withLock { $0 }) } }

    func advance(by duration: Duration) {
        milliseconds.withLock { $0 += Int64(duration / .milliseconds(1)) }
    }
}

/// SplitMix64, so that a failing run can be had again.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A bell with this width around 1, at most three widths away.
    mutating func noise(_ width: Double) -> Double {
        let sum = (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
        return 1 + width * min(max(sum, -3), 3)
    }
}

/// A coordinator's store and tuner with simulated nodes, in one process and in simulated time.
///
/// A node decides with the versions that the store hands out, just as an agent does; what a call needs is the world's.
final class Cluster {
    static let function = "guest/video"
    static let preset = Bytes.mebibytes(2048)

    let store: any Store
    let time: ManualTime
    let tuner: TunerService
    let feed: PolicyFeed
    var dice: Dice
    /// What a call of so many megapixels really needs, in bytes, before noise.
    var law: (_ megapixels: Double, _ operation: String) -> Double = { megapixels, _ in 40e6 + megapixels * 24e6 }
    var noise = 0.02
    /// Page cache that a call fills when there is room, in bytes.
    var cache = 0.0
    var operations = ["blur"]
    /// Between what the number of copies lies that a payload asks for, and what each of them really needs, in bytes.
    var copies = 1...1
    var copyBytes = 0.0
    private(set) var calls = 0
    private(set) var misses = 0
    private(set) var granted: [Bytes] = []
    private var policies: (revision: Int64, set: PolicySet) = (-1, PolicySet())

    init(
        seed: Int = 1,
        store: any Store,
        time: ManualTime = ManualTime(),
        fit: FunctionFitter? = nil,
        settings: TunerSettings = TunerSettings()
    ) {
        self.store = store
        self.time = time
        dice = Dice(seed: seed)
        feed = PolicyFeed(store: store)
        tuner = Self.tuner(store, time, feed, settings, fit)
    }

    /// A coordinator's tuner on this store; a second one is what a restarted coordinator is.
    static func tuner(
        _ store: any Store,
        _ time: ManualTime,
        _ feed: PolicyFeed? = nil,
        _ settings: TunerSettings = TunerSettings(),
        _ fit: FunctionFitter? = nil
    ) -> TunerService {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return TunerService(
            store: store,
            feed: feed ?? PolicyFeed(store: store),
            events: EventHub(store: store, clock: time.clock, logger: logger),
            settings: settings,
            clock: time.clock,
            metrics: PrometheusRegistry(),
            logger: logger,
            fit: fit ?? TunerFitting.fitter(settings.fitting)
        )
    }

    /// A function with a first version in shadow, `factor` times what is right.
    func draft(_ factor: Double, select: Bool = false) async throws {
        try await register()
        try await add(factor, .shadow, select: select)
    }

    /// The function without a version.
    func register() async throws {
        var registration = FunctionRegistration(name: Self.function)
        registration.preset = Self.preset
        registration.maximum = .gibibytes(4)
        registration.tier = .mebibytes(1)
        _ = try await store.register(registration, at: time.clock.now)
    }

    /// Another version by hand.
    @discardableResult
    func add(_ factor: Double, _ status: PolicyStatus, select: Bool = false) async throws -> Int {
        let document = try #require(PolicyCompiler.compile(Array(Self.text(factor, select: select).utf8)).document)
        return try await store.addPolicy(
            NewPolicy(document: document, status: status, author: "operator", reason: "a test"),
            at: time.clock.now
        ).version
    }

    private static func text(_ factor: Double, select: Bool) -> String {
        let law = #"{"pixels": "megapixels"}"#
        let numbers = #"{"base": \#(40e6 * factor), "pixels": \#(24e6 * factor)}"#
        let logic =
            select
            ? #""select": "op", "terms": {"blur": \#(law), "gif": \#(law)}, "coefficients": {"blur": \#(numbers), "gif": \#(numbers)}"#
            : #""terms": \#(law), "coefficients": \#(numbers)"#
        return """
            {"schema": "fuyun.policy/v1",
             "metadata": {"policy_id": "\(function)", "version": 1, "status": "shadow"},
             "inputs": {"source": "payload",
               "variables": [{"name": "megapixels", "type": "number", "range": [0, 1000]},
                 {"name": "op", "type": "category", "values": ["blur", "gif"]}],
               "mapping": {"megapixels": {"json": "/mp"}, "op": {"json": "/op", "default": "blur"}}},
             "logic": {"type": "linear", \(logic)},
             "safety": {"headroom": 0.05}}
            """
    }

    /// The versions in use, as an agent has them.
    func versionsInUse() async throws -> PolicySet {
        let changes = try await store.policyChanges(after: nil)
        guard changes.revision != policies.revision else { return policies.set }
        var set = PolicySet()
        let function = changes.functions.first { $0.registration.name == Self.function }
        for document in function?.documents ?? [] {
            set.insert(try #require(PolicyCompiler.compile(document).policy))
        }
        policies = (changes.revision, set)
        return set
    }

    /// One call on a node, reported at once; then the tuner looks.
    @discardableResult
    func call(_ megapixels: Double? = nil, operation: String? = nil, looking: Bool = true) async throws
        -> ObservationRecord
    {
        let size = megapixels ?? Double.random(in: 0.5...25, using: &dice)
        let word = operation ?? operations.randomElement(using: &dice) ?? "blur"
        let record = try await run(size, word)
        time.advance(by: .seconds(1))
        _ = try await store.ingest(
            [ObservationBatch(node: "n1", epoch: 1, records: [(sequence: UInt64(calls), record: record)])],
            at: time.clock.now
        )
        if looking { _ = try await tuner.lookNow(Self.function) }
        return record
    }

    private func run(_ megapixels: Double, _ operation: String) async throws -> ObservationRecord {
        calls += 1
        let count = copies.count > 1 ? Int.random(in: copies, using: &dice) : copies.lowerBound
        let body = Array(#"{"mp": \#(megapixels), "op": "\#(operation)", "object": {"copies": \#(count)}}"#.utf8)
        let set = try await versionsInUse()
        let plan = set.plan(activationHash: StableHash.hash(UInt64(calls)), cap: .enforce)
        let bounds = SafetyBounds(minimum: .zero, maximum: .gibibytes(4), preset: Self.preset, tier: .mebibytes(1))
        func features(_ policy: CompiledPolicy) -> FeatureVector {
            body.withUnsafeBytes { policy.extract(body: $0, totalLength: UInt64($0.count), header: { _ in nil }) }
        }
        func decide(_ policy: CompiledPolicy) -> Decision { policy.decide(features(policy), within: bounds) }
        func summary(_ policy: CompiledPolicy, _ decision: Decision) -> ObservationRecord.DecisionSummary {
            let isDecided = decision.reason == .policy
            return .init(
                version: policy.version,
                reason: decision.reason,
                predicted: isDecided ? decision.predicted : nil,
                bound: isDecided ? decision.bound : nil,
                limit: decision.limit
            )
        }
        let policy = plan.applied ?? plan.recorded
        let decision = policy.map(decide)
        let isApplied = plan.applied != nil && decision?.reason == .policy
        let limit = plan.applied != nil ? decision?.limit ?? Self.preset : Self.preset
        let need = Bytes(UInt64((law(megapixels, operation) + copyBytes * Double(count)) * dice.noise(noise)))
        let isMiss = need > limit
        let peak = min(limit, need + Bytes(UInt64(cache)))
        var record = ObservationRecord(
            id: InvocationID(epoch: 1, sequence: UInt64(calls)),
            function: Self.function,
            beganAt: time.clock.now.milliseconds,
            duration: .milliseconds(200),
            needLower: isMiss ? limit : need,
            needUpper: isMiss ? nil : peak,
            outcome: isMiss ? .crashed : .success
        )
        record.mode = plan.mode
        record.reason = isApplied ? "policy" : plan.applied == nil ? "shadow" : "preset"
        if let policy, let decision { record.decision = summary(policy, decision) }
        if plan.applied != nil, let second = plan.recorded { record.shadow = summary(second, decide(second)) }
        record.features = policy.map { Self.recorded($0, features($0)) } ?? []
        // As an agent does: both versions' features where the active one decides and another one is only recorded.
        if let policy, plan.applied?.version == set.active?.version, let second = plan.recorded, plan.applied != nil {
            let own = Set(policy.document.inputs.variables.map(\.name))
            record.features += Self.recorded(second, features(second)).filter { !own.contains($0.name) }
        }
        record.limit = limit
        record.ceiling = Self.preset
        record.peak = peak
        record.isCensored = isMiss
        record.limitHits = peak == limit && !isMiss ? 40 : 0
        if isMiss {
            misses += 1
            record.ownLimitExceeded = true
            record.oomClass = .ownLimit
        }
        granted.append(limit)
        return record
    }

    private static func recorded(
        _ policy: CompiledPolicy,
        _ vector: FeatureVector
    ) -> [ObservationRecord.Feature] {
        policy.document.inputs.variables.enumerated().compactMap { index, variable in
            guard vector.state(index).isUsable else { return nil }
            guard case .category(let words) = variable.kind else {
                return .init(variable.name, .number(vector.value(index)))
            }
            return .init(variable.name, .category(words[Int(vector.value(index))]))
        }
    }

    /// The status of each version.
    func statuses() async throws -> [Int: PolicyStatus] {
        let policies = try await store.policies(of: Self.function, before: nil, limit: 100)
        return Dictionary(uniqueKeysWithValues: policies.map { ($0.version, $0.status) })
    }

    /// The active version.
    func active() async throws -> Int? { try await store.function(Self.function)?.activeVersion }

    /// The active version, which must be there.
    func requireActive() async throws -> Int {
        let active = try await active()
        return try #require(active)
    }

    /// What happened to all versions, for messages.
    func history() async throws -> String {
        try await store.policies(of: Self.function, before: nil, limit: 100).reversed()
            .map { "v\($0.version) \($0.status.rawValue): \($0.reason)" }.joined(separator: "\n")
    }

    /// So many calls; how many of them ran out.
    func missesInNext(_ count: Int) async throws -> Int {
        let before = misses
        for _ in 0..<count { try await call() }
        return misses - before
    }
}

/// A store in a directory of its own, for one test.
func withStore(_ body: (SQLiteStore) async throws -> Void) async throws {
    var template = Array("/tmp/fuyun-tuner-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw StoreError(.failed, "no temporary directory: errno \(errno)") }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let path = directory + "/fuyun.db"
    defer {
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        rmdir(directory)
    }
    let store = try await SQLiteStore.open(path: path)
    try await body(store)
    try await store.close()
}
