import CoreMetrics
import FuyunPolicy
import FuyunTuning
import PrometheusMetrics

/// What the tuner counts.
struct TunerMetrics: Sendable {
    /// Fits, by what asked for them.
    let refits: [String: Counter]
    /// Versions published, by where they start.
    let publishedActive: Counter
    let publishedCanary: Counter
    /// Fitted versions that were not published, by reason.
    let refused: [PublishDecision.Refusal: Counter]
    /// Fits that came to nothing.
    let unfitted: Counter
    /// Moves of versions that were there already.
    let moves: [RolloutMove: Counter]
    /// Time of a look, from loading to the last write, in seconds.
    let lookDuration: Timer
    /// Time from the news that asked for it to the end of a look that changed something, in seconds.
    let reactionDuration: Timer
    /// Functions that wait for a look.
    let queued: CoreMetrics.Meter
    /// News that found no room.
    let dropped: CoreMetrics.Meter
    /// Looks that the store did not let happen.
    let storeErrors: Counter

    init(_ make: MetricMaker) {
        refits = Dictionary(
            uniqueKeysWithValues: RefitTrigger.words.map { word in
                (word, make.counter("fuyun_tuner_fits_total", "Fits, by what asked for them.", [("trigger", word)]))
            }
        )
        let published = ("fuyun_tuner_published_total", "Versions published, by where they start.")
        publishedActive = make.counter(published.0, published.1, [("status", "active")])
        publishedCanary = make.counter(published.0, published.1, [("status", "canary")])
        refused = make.counters(
            "fuyun_tuner_refused_total",
            "Fitted versions that were not published, by reason.",
            label: "reason",
            of: PublishDecision.Refusal.self
        )
        unfitted = make.counter("fuyun_tuner_unfitted_total", "Fits that came to nothing.")
        moves = make.counters(
            "fuyun_tuner_moves_total",
            "Versions promoted, rolled back, withdrawn or suspended.",
            label: "move",
            of: RolloutMove.self
        )
        lookDuration = make.timer("fuyun_tuner_look_duration_seconds", "Time to look at a function and act.")
        reactionDuration = make.timer(
            "fuyun_tuner_reaction_duration_seconds",
            "Time from an observation's arrival to the change that it brought about."
        )
        queued = make.gauge("fuyun_tuner_queued_functions", "Functions that wait for a look.")
        dropped = make.gauge("fuyun_tuner_dropped_news", "News of functions that found no room since the start.")
        storeErrors = make.counter("fuyun_tuner_store_errors_total", "Looks that failed because of the store.")
    }

    /// Counts what a look did.
    func count(_ steps: [FunctionLook.Step]) {
        for step in steps {
            switch step {
            case .published(_, let plan, let trigger, _):
                refits[trigger.word]?.increment()
                (plan.status == .active ? publishedActive : publishedCanary).increment()
            case .refused(let refusal, let trigger, _):
                refits[trigger.word]?.increment()
                refused[refusal]?.increment()
            case .unfitted(let trigger, _):
                refits[trigger.word]?.increment()
                unfitted.increment()
            case .moved(let move, _, _): moves[move]?.increment()
            }
        }
    }
}
