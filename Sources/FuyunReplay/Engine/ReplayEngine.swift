public import FuyunPolicy

/// Replays traces through strategies.
///
/// The outcome depends on the trace, the strategies and the options only: not on the number of cores, the clock or the
/// order in which tasks end.
public struct ReplayEngine: Sendable {
    /// The strategies.
    public var strategies: [StrategyName]
    /// How it goes.
    public var options: ReplayOptions
    /// The policy documents that the strategies get for a group.
    public var policies: @Sendable (_ group: String) -> [PolicyDocument]
    /// Told, now and then, which share of the work is done.
    public var progress: @Sendable (Double) -> Void

    /// Makes an engine.
    public init(
        strategies: [StrategyName],
        options: ReplayOptions,
        policies: @escaping @Sendable (_ group: String) -> [PolicyDocument] = { _ in [] },
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) {
        self.strategies = strategies
        self.options = options
        self.policies = policies
        self.progress = progress
    }

    /// One lane to run: which strategy on which group, in which run.
    private struct Job: Sendable {
        var place: Int
        var strategy: Int
        var run: Int
    }

    /// A group's calls, apart from the others'.
    private struct Part: Sendable {
        var name: String
        var layout: FeatureLayout
        var rows: [TraceRow]
    }

    /// Replays traces that are held in memory; their groups are put side by side.
    ///
    /// - Throws: `CancellationError`.
    public func replay(_ traces: [Trace], title: String) async throws -> ReplayResult {
        let parts = traces.flatMap(parts)
        let runs = options.order.runs
        // Big groups first, so that no core is left with one of them at the end.
        var jobs: [Job] = []
        for place in parts.indices.sorted(by: { (-parts[$0].rows.count, $0) < (-parts[$1].rows.count, $1) }) {
            for strategy in strategies.indices {
                for run in 0..<runs { jobs.append(Job(place: place, strategy: strategy, run: run)) }
            }
        }
        var table = LaneTable(strategies: strategies.count, groups: parts.count, runs: runs)
        var (started, ended) = (0, 0)
        try await withThrowingTaskGroup(of: (Job, LaneRecord).self) { group in
            // Enough to keep every core busy, and few enough that cancelling is quick.
            while started < min(jobs.count, 64) {
                add(jobs[started], parts, to: &group)
                started += 1
            }
            for try await (job, record) in group {
                table[job.strategy, job.place, job.run] = record
                ended += 1
                if ended % 16 == 0 { progress(Double(ended) / Double(jobs.count)) }
                guard started < jobs.count else { continue }
                add(jobs[started], parts, to: &group)
                started += 1
            }
        }
        progress(1)
        let infos = parts.map { ReplayResult.GroupInfo(name: $0.name, rows: $0.rows.count) }
        return result(title, infos, table)
    }

    private func add(
        _ job: Job,
        _ parts: [Part],
        to group: inout ThrowingTaskGroup<(Job, LaneRecord), any Error>
    ) {
        let part = parts[job.place]
        group.addTask { (job, try run(job, part)) }
    }

    private func run(_ job: Job, _ part: Part) throws -> LaneRecord {
        let context = context(part.name, part.layout)
        var lane = Lane(strategies[job.strategy], context, options, keepsCalls: options.keepsCalls && job.run == 0)
        switch options.order {
        case .given: for row in part.rows { lane.take(row) }
        case .shuffled:
            // The order depends on the group and the run alone: every strategy sees the same one.
            let seed = StableHash.hash(part.name) ^ StableHash.hash(options.seed) &+ UInt64(job.run) &* 0x9E37_79B9
            var generator = SeededGenerator(seed: seed)
            for place in generator.order(of: part.rows.count) { lane.take(part.rows[place]) }
        }
        try Task.checkCancellation()
        return lane.record
    }

    private func context(_ group: String, _ layout: FeatureLayout) -> StrategyContext {
        StrategyContext(group: group, layout: layout, grant: options.grant, policies: policies(group))
    }

    private func parts(of trace: Trace) -> [Part] {
        var rows = Array(repeating: [TraceRow](), count: trace.groups.count)
        for row in trace.rows { rows[row.group].append(row) }
        return zip(trace.groups, rows).filter { !$1.isEmpty }.map { Part(name: $0, layout: trace.layout, rows: $1) }
    }

    // MARK: - Streaming

    /// Replays a trace in its own order, chunk by chunk: as much memory as the groups take, however long the trace is.
    ///
    /// - Throws: What `next` throws, and `CancellationError`.
    public func replay(
        streaming layout: FeatureLayout,
        groups: [String],
        title: String,
        rows total: Int,
        next: () throws -> [TraceRow]
    ) async throws -> ReplayResult {
        var lanes = groups.map { group in
            strategies.map { Lane($0, context(group, layout), options, keepsCalls: options.keepsCalls) }
        }
        var infos = groups.map { ReplayResult.GroupInfo(name: $0, rows: 0) }
        var done = 0
        while case let chunk = try next(), !chunk.isEmpty {
            var rows = Array(repeating: [TraceRow](), count: groups.count)
            for row in chunk { rows[row.group].append(row) }
            try await withThrowingTaskGroup(of: (Int, Int, Lane).self) { group in
                for place in rows.indices where !rows[place].isEmpty {
                    let part = rows[place]
                    infos[place].rows += part.count
                    for strategy in strategies.indices {
                        let lane = lanes[place][strategy]
                        group.addTask {
                            var lane = lane
                            for row in part { lane.take(row) }
                            try Task.checkCancellation()
                            return (place, strategy, lane)
                        }
                    }
                }
                for try await (place, strategy, lane) in group { lanes[place][strategy] = lane }
            }
            done += chunk.count
            progress(Double(done) / Double(max(total, 1)))
        }
        var table = LaneTable(strategies: strategies.count, groups: groups.count, runs: 1)
        for place in groups.indices {
            for strategy in strategies.indices { table[strategy, place, 0] = lanes[place][strategy].record }
        }
        return result(title, infos, table)
    }

    // MARK: - Putting together

    private func result(_ title: String, _ groups: [ReplayResult.GroupInfo], _ table: LaneTable) -> ReplayResult {
        ReplayResult(
            title: title,
            rows: groups.reduce(0) { $0 + $1.rows },
            groups: groups,
            options: options,
            strategies: strategies.indices.map { table.result(of: $0, strategies[$0], groups, options) }
        )
    }
}

/// The records of all lanes.
private struct LaneTable {
    private var records: [LaneRecord?]
    private let groups: Int
    private let runs: Int

    init(strategies: Int, groups: Int, runs: Int) {
        records = Array(repeating: nil, count: strategies * groups * runs)
        (self.groups, self.runs) = (groups, runs)
    }

    subscript(strategy: Int, group: Int, run: Int) -> LaneRecord? {
        get { records[(strategy * groups + group) * runs + run] }
        set { records[(strategy * groups + group) * runs + run] = newValue }
    }

    /// What a strategy came to.
    func result(
        of strategy: Int,
        _ name: StrategyName,
        _ infos: [ReplayResult.GroupInfo],
        _ options: ReplayOptions
    ) -> StrategyResult {
        let lanes = (0..<groups).map { group in (0..<runs).compactMap { self[strategy, group, $0] } }
        let refits = lanes.joined().reduce(0) { $0 + $1.refits }
        let calls = lanes.joined().reduce(0) { $0 + $1.calls }
        return StrategyResult(
            name: name.text,
            summary: name.kind.summary,
            windows: options.windows.indices.map { window($0, lanes, options) },
            reliableAfter: lanes.map { runs in
                runs.map { $0.lastFailure < $0.calls || $0.calls == 0 ? $0.lastFailure : nil }
            },
            refitsPer100: calls == 0 ? 0 : 100 * Double(refits) / Double(calls),
            firstRuns: !options.keepsCalls
                ? []
                : zip(infos, lanes).compactMap { info, runs in
                    runs.first.map { GroupRun(group: info.name, calls: $0.kept, fits: $0.fits) }
                }
        )
    }

    private func window(_ place: Int, _ lanes: [[LaneRecord]], _ options: ReplayOptions) -> WindowResult {
        let scores = lanes.map { runs in runs.map { $0.scores[place] } }
        let groups = scores.map { $0.reduce(Score(), +) }
        let pooled = groups.reduce(Score(), +)
        let distinct = Double(pooled.calls) / Double(max(options.order.runs, 1))
        func mean(_ figure: (Score) -> (numerator: Double, denominator: Double)) -> Estimate? {
            Statistics.meanOverGroups(
                scores.map { $0.map(figure) },
                resamples: options.resamples,
                seed: options.seed
            )
        }
        let rescues = pooled.raises > 0
        return WindowResult(
            window: options.windows[place],
            pooled: pooled,
            distinctCalls: distinct,
            groups: groups,
            firstFailures: Statistics.share(failures: pooled.failureShare * distinct, of: distinct),
            meanFailures: mean { (Double($0.firstFailures), Double($0.calls)) },
            meanWaste: mean { ($0.given - $0.needed, $0.given) },
            meanRescued: mean { (Double($0.rescued), Double($0.calls)) },
            wasteOverUse: Statistics.ratioOfSums(
                scores.map { $0.map { ($0.reserved - $0.used, $0.used) } },
                resamples: options.resamples,
                seed: options.seed
            ),
            matched: rescues
                ? nil
                : options.matchedFailures.flatMap { target in
                    MatchedFailure.find(
                        lanes.map { runs in runs.flatMap { $0.predictions[place] } },
                        target: target,
                        tier: options.grant.tier,
                        maximum: options.grant.maximum
                    )
                }
        )
    }
}
