import FuyunPolicy
public import MemoryUnits

/// One strategy on one group in one run: it takes call after call and keeps the score.
public struct Lane: Sendable {
    private var strategy: any SizingStrategy
    private let isOracle: Bool
    private let grant: SafetyBounds
    private let options: ReplayOptions
    private let keepsCalls: Bool
    private var call = 0
    private var seenRefits = 0
    /// What it came to.
    public private(set) var record: LaneRecord

    /// Starts a lane.
    public init(_ name: StrategyName, _ context: StrategyContext, _ options: ReplayOptions, keepsCalls: Bool = false) {
        strategy = name.make(context)
        isOracle = name.kind.word == StrategyCatalog.oracle
        grant = context.grant
        self.options = options
        self.keepsCalls = keepsCalls
        record = LaneRecord(windows: options.windows.count)
    }

    /// Takes the next call: predicts, runs, learns.
    public mutating func take(_ row: TraceRow) {
        call += 1
        if let first = options.learnsFirst {
            guard call > first else {
                strategy.learn(.finished(row.features, need: row.need, limit: max(grant.maximum, row.need)))
                noteFit()
                return
            }
            run(row)
        } else {
            run(row)
            noteFit()
        }
    }

    private mutating func noteFit() {
        guard keepsCalls, record.fits.count < options.mostKeptCalls else { return }
        let refits = strategy.refits
        guard refits != seenRefits else { return }
        seenRefits = refits
        record.fits.append(FitRecord(call: call, coefficients: strategy.coefficients))
    }

    /// Runs a call, attempt after attempt.
    private mutating func run(_ row: TraceRow) {
        let learns = options.learnsFirst == nil
        let raw = isOracle ? row.need : strategy.limit(for: row.features)
        var limit = raw.map(settled) ?? min(row.preset ?? grant.preset, grant.maximum)
        let first = limit
        var score = Score()
        score.calls = 1
        score.presets = raw == nil ? 1 : 0
        score.exactOrOver = limit >= row.need ? 1 : 0
        var attempt = 1
        while true {
            var raises = 0
            var seconds = row.seconds
            if attempt == 1, raw != nil, let rule = strategy.rescue {
                let ceiling = min(rule.ceiling ?? grant.maximum, grant.maximum)
                while row.need > rule.tripwire(below: limit), limit < ceiling {
                    limit = max(min(settled(rule.raised(limit)), ceiling), min(limit + Bytes(1), ceiling))
                    raises += 1
                }
                score.raises += raises
                let stalled = Double(raises) * rule.stallSeconds
                score.stalled += stalled
                seconds += stalled
            }
            if row.need <= limit {
                let need = Double(row.need.rawValue)
                score.rescued = raises > 0 && row.need > first ? 1 : 0
                if attempt == 1 {
                    score.given = Double(limit.rawValue)
                    score.needed = need
                }
                score.used = need * row.seconds
                score.reserved += Double(limit.rawValue) * seconds
                if learns { strategy.learn(.finished(row.features, need: row.need, limit: limit)) }
                break
            }
            if attempt == 1 { score.firstFailures = 1 }
            let loss = Double(limit.rawValue) * (row.seconds * options.timeToFailure + seconds - row.seconds)
            score.reserved += loss
            score.lost += loss
            if learns { strategy.learn(.killed(row.features, limit: limit)) }
            guard attempt <= options.retries, limit < grant.maximum else {
                score.finalFailures = 1
                break
            }
            attempt += 1
            score.retries += 1
            let wanted = strategy.limit(for: row.features, afterKillAt: limit, attempt: attempt)
            limit = next(after: limit, wanted)
        }
        count(score, row, raw: raw, first: first, last: limit)
    }

    /// A limit that is more than the one that failed; the last attempt is at the greatest limit there is.
    private func next(after limit: Bytes, _ wanted: Bytes?) -> Bytes {
        let wanted = settled(wanted ?? limit.multiplied(by: 2))
        return wanted > limit ? wanted : settled(limit.multiplied(by: 2))
    }

    /// A limit as it is set: within the grant, and up to a tier.
    private func settled(_ limit: Bytes) -> Bytes {
        min(max(limit, grant.minimum).roundedUp(toMultipleOf: grant.tier), grant.maximum)
    }

    private mutating func count(_ score: Score, _ row: TraceRow, raw: Bytes?, first: Bytes, last: Bytes) {
        for (place, window) in options.windows.enumerated() where window.contains(call - 1) {
            record.scores[place] += score
            if options.matchedFailures != nil, let raw {
                record.predictions[place].append(
                    Prediction(raw: Double(raw.rawValue), need: Double(row.need.rawValue))
                )
            }
        }
        if score.firstFailures > 0 { record.lastFailure = call }
        record.refits = strategy.refits
        record.calls = call
        if keepsCalls, record.kept.count < options.mostKeptCalls {
            record.kept.append(
                CallRecord(
                    call: call,
                    need: row.need,
                    limit: first,
                    finalLimit: last,
                    isPredicted: raw != nil,
                    failed: score.firstFailures > 0,
                    rescued: score.rescued > 0
                )
            )
        }
    }
}

/// What a lane came to.
public struct LaneRecord: Sendable {
    /// The score of each window.
    public var scores: [Score]
    /// Calls taken.
    public var calls = 0
    /// The last call whose first attempt failed; 0 for none.
    public var lastFailure = 0
    /// How often the strategy was fitted.
    public var refits = 0
    /// The calls, where they are kept.
    public var kept: [CallRecord] = []
    /// The coefficients after each fit, where calls are kept.
    public var fits: [FitRecord] = []
    /// What was predicted in each window, where limits are to be scaled later.
    var predictions: [[Prediction]]

    init(windows: Int) {
        scores = Array(repeating: Score(), count: windows)
        predictions = Array(repeating: [], count: windows)
    }
}

/// What a strategy asked for, before clipping and rounding, and what was needed; in bytes.
struct Prediction: Hashable, Sendable {
    var raw: Double
    var need: Double
}

/// One call, for figures.
public struct CallRecord: Hashable, Sendable {
    /// Its place in the order, from 1.
    public var call: Int
    /// What it needed.
    public var need: Bytes
    /// What it was given first.
    public var limit: Bytes
    /// What it was given at last.
    public var finalLimit: Bytes
    /// Whether the strategy predicted; else it is the preset.
    public var isPredicted: Bool
    /// Whether the first attempt was killed.
    public var failed: Bool
    /// Whether it was raised in flight.
    public var rescued: Bool
}

/// What a fit came to, for figures.
public struct FitRecord: Hashable, Sendable {
    /// The call after which it was.
    public var call: Int
    /// The formula's numbers.
    public var coefficients: [NamedNumber]
}
