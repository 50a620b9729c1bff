import Cgroup
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import PrometheusMetrics

/// What was seen of each function since the agent started, bounded by forgetting the one that was silent for longest.
struct FunctionTable {
    /// One function's figures.
    struct Entry {
        /// Calls that began.
        var invocations: UInt64 = 0
        /// Calls that ran out of memory.
        var outOfMemory: UInt64 = 0
        /// The last limit; nil for none.
        var lastLimit: Bytes?
        /// The last peak.
        var lastPeak: Bytes?
        /// The most non-reclaimable memory that a call was seen to use.
        var mostSeen: Bytes = .zero
        /// The last decision's mode.
        var lastMode = "observe"
        /// The last policy's version.
        var policyVersion: Int?
        /// Counts calls of all functions: the higher, the later this one was used.
        var lastUse: UInt64 = 0
        /// Which of its calls have their payload looked at.
        fileprivate var shapes = ShapeSampling()
        /// Its metric series.
        fileprivate var series: FunctionSeries
    }

    /// The most functions that are remembered.
    static let capacity = 10_000

    private var entries: [String: Entry] = [:]
    private var clock: UInt64 = 0
    private var measured = 0
    private let mostMeasured: Int
    private let other: FunctionSeries
    private let registry: PrometheusRegistry

    init(measured: Int, metrics: AgentMetrics) {
        mostMeasured = measured
        registry = metrics.registry
        other = FunctionSeries(function: "other", registry)
    }

    /// All functions with their figures, by name.
    var all: [(name: String, entry: Entry)] { entries.map { ($0.key, $0.value) }.sorted { $0.name < $1.name } }

    /// The most non-reclaimable memory that a call of a function was seen to use.
    func mostSeen(of function: String) -> Bytes { entries[function]?.mostSeen ?? .zero }

    /// A call began; true when its payload's shape should be looked at.
    mutating func began(_ answer: BeginAnswer) -> Bool {
        clock += 1
        if entries[answer.function] == nil { insert(answer.function) }
        guard let place = entries.index(forKey: answer.function) else { return false }
        return entries.values[place].began(answer, at: clock)
    }

    /// A call ended; one that named another function than its container's says nothing of that.
    mutating func ended(_ observation: Observation) {
        guard observation.isKnown, observation.reason != .functionMismatch,
            let place = entries.index(forKey: observation.function)
        else { return }
        entries.values[place].ended(observation)
    }

    private mutating func insert(_ function: String) {
        if entries.count >= Self.capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            forget(oldest.key)
        }
        if measured >= mostMeasured { retireSilentSeries() }
        if measured < mostMeasured {
            measured += 1
            entries[function] = Entry(series: FunctionSeries(function: function, registry))
        } else {
            entries[function] = Entry(series: other)
        }
    }

    private mutating func forget(_ function: String) {
        guard let entry = entries.removeValue(forKey: function), entry.series !== other else { return }
        entry.series.destroy()
        measured -= 1
    }

    /// Takes the series away from the function that was silent for longest, when that was long: more calls than there
    /// are series, so that a crowd of functions in turn does not make and drop series at every call.
    private mutating func retireSilentSeries() {
        let other = other
        let owners = entries.filter { $0.value.series !== other }
        guard let silent = owners.min(by: { $0.value.lastUse < $1.value.lastUse }),
            clock - silent.value.lastUse > UInt64(mostMeasured) * 4
        else { return }
        entries[silent.key]?.series.destroy()
        entries[silent.key]?.series = other
        measured -= 1
    }
}

extension FunctionTable.Entry {
    fileprivate mutating func began(_ answer: BeginAnswer, at clock: UInt64) -> Bool {
        invocations += 1
        lastLimit = answer.limit
        lastMode = answer.mode.rawValue
        policyVersion = answer.decision?.policyVersion
        lastUse = clock
        series.invocations.increment()
        if let limit = answer.limit { series.limit.set(Double(limit.rawValue)) }
        return shapes.chooses(invocations)
    }

    fileprivate mutating func ended(_ observation: Observation) {
        // What several calls used together is no call's need.
        if !observation.isShared { mostSeen = max(mostSeen, observation.need.lower) }
        if let peak = observation.peak {
            lastPeak = peak.bytes
            series.peak.set(Double(peak.bytes.rawValue))
        }
        if observation.verdict.oomClass != nil {
            outOfMemory += 1
            series.outOfMemory.increment()
        }
    }
}

/// The metric series of one function, or of all that have none of their own.
private final class FunctionSeries {
    /// Calls that began.
    let invocations: Counter
    /// Calls that ran out of memory.
    let outOfMemory: Counter
    /// The last limit, in bytes.
    let limit: CoreMetrics.Meter
    /// The last peak, in bytes.
    let peak: CoreMetrics.Meter

    init(function: String, _ registry: PrometheusRegistry) {
        let make = MetricMaker(registry: registry)
        let labels = [("function", function)]
        invocations = make.counter("fuyun_function_invocations_total", "Calls that began, by function.", labels)
        outOfMemory = make.counter("fuyun_function_ooms_total", "Calls that ran out of memory, by function.", labels)
        limit = make.gauge("fuyun_function_limit_bytes", "The limit of a function's last call.", labels)
        peak = make.gauge("fuyun_function_peak_bytes", "The peak of a function's last call.", labels)
    }

    func destroy() {
        invocations.destroy()
        outOfMemory.destroy()
        limit.destroy()
        peak.destroy()
    }
}
