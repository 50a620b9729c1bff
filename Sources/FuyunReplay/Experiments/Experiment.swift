import FuyunPolicy
import MemoryUnits

/// The experiments that come with the project.
public enum Experiment: String, Hashable, Sendable, CaseIterable {
    /// How many samples it takes: learn on the first ones of an order, score on all others.
    case convergence
    /// Every function online, from its first call.
    case overview
    /// The tuner with one ingredient missing at a time, and with coarser tiers.
    case ablation
    /// The tuner on what a language model drafted from the source, on a formula by hand, on the library and on a constant.
    case drafts

    /// What it shows, in a line.
    public var summary: String {
        switch self {
        case .convergence: "learn on the first inputs of a random order, score on all others"
        case .overview: "every measured function online, from its first call"
        case .ablation: "the tuner without one of its ingredients, and with coarser tiers; with and without rescue"
        case .drafts:
            "skeletons that a language model drafted from the source, against none, a constant and one by hand"
        }
    }

    /// The strategies that it compares when none are named.
    public var strategies: [String] {
        switch self {
        case .convergence:
            ["static:2GiB", "static:4GiB", "static:8GiB"] + RivalStrategies.kinds.map(\.word)
                + ["fuyun-paper", "fuyun-tuner", "fuyun-tuner-rescue"]
        case .overview:
            ["preset", "oracle"] + RivalStrategies.kinds.map(\.word) + FuyunStrategies.kinds.map(\.word)
        case .ablation: ["fuyun-tuner", "fuyun-tuner-rescue"] + FuyunStrategies.ablations.map(\.word)
        case .drafts: []
        }
    }

    /// The numbers of samples that `convergence` learns from.
    public static let sampleCounts = [4, 6, 9, 12, 18, 24]

    /// How an experiment is run.
    public struct Settings: Sendable {
        /// The folder with the data.
        public var folder: String
        /// Random orders.
        public var runs: Int
        /// The seed of the orders.
        public var seed: UInt64
        /// The strategies; nil: the experiment's own.
        public var strategies: [StrategyName]?
        /// The function of `convergence`.
        public var group = "video-processing/frames"
        /// Told which share of the work is done.
        public var progress: @Sendable (Double) -> Void = { _ in }

        /// Makes settings.
        public init(folder: String, runs: Int = 20, seed: UInt64 = 1, strategies: [StrategyName]? = nil) {
            self.folder = folder
            self.runs = runs
            self.seed = seed
            self.strategies = strategies
        }
    }

    /// Runs it.
    ///
    /// - Returns: One result, or one for each number of samples or tier.
    /// - Throws: `TraceError` for data that cannot be read, and `CancellationError`.
    public func run(_ settings: Settings) async throws -> [ReplayResult] {
        let data = try MeasuredFunctions(folder: settings.folder, firstRepetition: self == .convergence)
        var names = settings.strategies ?? []
        if settings.strategies == nil {
            if self == .drafts { names = try DraftedFunctions(folder: settings.folder).strategies(data.policies) }
            for name in strategies { names.append(try StrategyCatalog.strategy(name)) }
        }
        var options = ReplayOptions(grant: ReplayOptions.defaultGrant)
        options.order = .shuffled(runs: settings.runs)
        options.seed = settings.seed
        options.keepsCalls = true
        let policies = data.policies
        func replay(_ title: String, _ traces: [Trace], part: Int = 0, of parts: Int = 1) async throws -> ReplayResult {
            let engine = ReplayEngine(strategies: names, options: options) { group in
                policies[group].map { [$0] } ?? []
            } progress: { done in
                settings.progress((Double(part) + done) / Double(parts))
            }
            return try await engine.replay(traces, title: title)
        }
        switch self {
        case .overview:
            options.windows = [CallWindow(first: 3, last: 9), CallWindow(first: 10)]
            options.matchedFailures = 0.005
            return [try await replay("Every function online, \(settings.runs) random orders", data.traces)]
        case .drafts:
            options.windows = [CallWindow(first: 3, last: 9), CallWindow(first: 10)]
            return [try await replay("Where skeletons come from, \(settings.runs) random orders", data.traces)]
        case .convergence:
            let traces = data.traces.compactMap { $0.only(settings.group) }
            guard !traces.isEmpty else {
                throw TraceError(path: settings.folder, "there is no function \(settings.group) in the data")
            }
            let counts = Self.sampleCounts
            var results: [ReplayResult] = []
            for (part, count) in counts.enumerated() {
                options.learnsFirst = count
                options.windows = [CallWindow(first: count)]
                let title = "\(settings.group), \(count) samples, scored on the others, \(settings.runs) random orders"
                results.append(try await replay(title, traces, part: part, of: counts.count))
            }
            return results
        case .ablation:
            options.windows = [CallWindow(first: 3, last: 9), CallWindow(first: 10)]
            options.matchedFailures = 0.005
            var results = [
                try await replay("Without one ingredient, \(settings.runs) random orders", data.traces, of: 4)
            ]
            names = names.filter { $0.kind.word.hasPrefix("fuyun-tuner") }
            for (part, mebibytes) in [16, 64, 128].enumerated() where !names.isEmpty {
                options.grant.tier = .mebibytes(UInt64(mebibytes))
                let title = "Tiers of \(mebibytes) MiB, \(settings.runs) random orders"
                results.append(try await replay(title, data.traces, part: part + 1, of: 4))
            }
            return results
        }
    }
}

extension Trace {
    /// The calls of one group; nil when there are none.
    fileprivate func only(_ group: String) -> Trace? {
        guard let place = groups.firstIndex(of: group) else { return nil }
        let rows = rows.filter { $0.group == place }
        return rows.isEmpty ? nil : Trace(layout: layout, groups: groups, rows: rows)
    }
}
