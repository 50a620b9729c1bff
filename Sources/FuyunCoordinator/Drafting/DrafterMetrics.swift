import CoreMetrics
import FuyunDrafter
import FuyunStore
import ModelClient
import PrometheusMetrics

/// Drafts and what a model was asked for them.
struct DrafterMetrics: Sendable {
    /// How a draft ends, for metrics.
    enum Ending: String, CaseIterable, Sendable {
        case drafted, unusable, library, empty, failed
    }

    let waiting: Meter
    let duration: Timer
    let shapes: Counter
    private let drafts: [NewDraft.Cause: [Ending: Counter]]
    private let answered: Counter
    private let failed: [ModelFailure.Code: Counter]
    private let callDuration: Timer
    private let promptTokens: Counter
    private let completionTokens: Counter
    private let cost: Counter

    init(_ maker: MetricMaker) {
        waiting = maker.gauge("fuyun_coordinator_drafts_waiting", "Drafts that wait or are being made.")
        duration = maker.timer("fuyun_coordinator_draft_duration_seconds", "Time that a draft took.")
        shapes = maker.counter("fuyun_coordinator_shapes_total", "Shapes of payloads that nodes sent.")
        var drafts: [NewDraft.Cause: [Ending: Counter]] = [:]
        for cause in NewDraft.Cause.allCases {
            for ending in Ending.allCases {
                drafts[cause, default: [:]][ending] = maker.counter(
                    "fuyun_coordinator_drafts_total",
                    "Drafts that ended, by who asked and what came of them.",
                    [("cause", cause.rawValue), ("outcome", ending.rawValue)]
                )
            }
        }
        self.drafts = drafts
        func calls(_ result: String) -> Counter {
            maker.counter(
                "fuyun_coordinator_model_calls_total",
                "Requests to the model, each try counted, by what came of them.",
                [("result", result)]
            )
        }
        answered = calls("answered")
        failed = Dictionary(uniqueKeysWithValues: ModelFailure.Code.allCases.map { ($0, calls($0.rawValue)) })
        callDuration = maker.timer(
            "fuyun_coordinator_model_call_duration_seconds",
            "Time that a request to the model took."
        )
        func tokens(_ kind: String) -> Counter {
            maker.counter("fuyun_coordinator_model_tokens_total", "Tokens by kind.", [("kind", kind)])
        }
        promptTokens = tokens("prompt")
        completionTokens = tokens("completion")
        cost = maker.counter(
            "fuyun_coordinator_model_cost_millionths_total",
            "What the model cost, in millionths of the price list's currency."
        )
    }

    func ended(_ cause: NewDraft.Cause, _ ending: Ending) { drafts[cause]?[ending]?.increment() }

    func called(_ call: ModelCall) {
        if let failure = call.failure { failed[failure]?.increment() } else { answered.increment() }
        callDuration.recordNanoseconds(Int64(call.duration / .nanoseconds(1)))
        promptTokens.increment(by: Int64(call.usage.promptTokens))
        completionTokens.increment(by: Int64(call.usage.completionTokens))
        if let spent = call.usage.cost, spent > 0, spent < 1e9 { cost.increment(by: Int64(spent * 1e6)) }
    }
}

extension DrafterMetrics.Ending {
    /// How a draft that was made ends.
    init(_ outcome: Draft.Outcome) {
        self =
            switch outcome {
            case .drafted: .drafted
            case .unusable: .unusable
            case .library: .library
            case .empty: .empty
            }
    }
}
