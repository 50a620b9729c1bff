public import FuyunPolicy
import MemoryUnits

extension ReplayResult {
    /// The result as JSON: every figure that a table shows, with its interval, and each group's score.
    ///
    /// Bytes are bytes, shares are between 0 and 1.
    public func json() -> JSONValue {
        .object([
            ("schema", .string("fuyun.replay/v1")),
            ("title", .string(title)),
            ("rows", .number(Double(rows))),
            ("runs", .number(Double(options.order.runs))),
            ("shuffled", JSONValue(.bool(options.order != .given))),
            ("seed", .number(Double(options.seed))),
            ("preset_bytes", .number(Double(options.grant.preset.rawValue))),
            ("tier_bytes", .number(Double(options.grant.tier.rawValue))),
            ("time_to_failure", .number(options.timeToFailure)),
            ("learns_first", options.learnsFirst.map { .number(Double($0)) }),
            (
                "groups",
                .array(
                    groups.map { .object([("name", .string($0.name)), ("rows", .number(Double($0.rows)))]) }
                )
            ),
            ("strategies", .array(strategies.map { $0.json(groups) })),
        ])
    }
}

extension StrategyResult {
    fileprivate func json(_ groups: [ReplayResult.GroupInfo]) -> JSONValue {
        .object([
            ("name", .string(name)),
            ("summary", .string(summary)),
            ("median_calls_to_reliability", medianReliableAfter.map { .number(Double($0)) } ?? JSONValue(.null)),
            ("refits_per_100_calls", .number(refitsPer100)),
            ("windows", .array(windows.map { $0.json(groups) })),
        ])
    }
}

extension WindowResult {
    fileprivate func json(_ groups: [ReplayResult.GroupInfo]) -> JSONValue {
        .object([
            ("window", .string(window.description)),
            ("calls", .number(Double(pooled.calls))),
            ("distinct_calls", .number(distinctCalls)),
            ("first_attempt_failures", firstFailures.json),
            ("mean_failures", meanFailures?.json),
            ("mean_waste", meanWaste?.json),
            ("mean_rescued", meanRescued?.json),
            ("final_success", .number(pooled.finalSuccess)),
            ("waste", pooled.waste.map { .number($0) }),
            ("waste_over_use", wasteOverUse?.json),
            ("allocation_quality", pooled.allocationQuality.map { .number($0) }),
            ("gigabyte_seconds", .number(pooled.gigabyteSeconds)),
            ("gigabyte_seconds_lost", .number(pooled.lost / 1e9)),
            ("retries_per_call", .number(pooled.retriesPerCall)),
            ("exact_or_over", .number(pooled.exactOrOverShare)),
            ("stalled_seconds", .number(pooled.stalled)),
            ("presets", .number(Double(pooled.presets))),
            (
                "matched",
                matched.map {
                    .object([
                        ("target", .number($0.target)), ("factor", .number($0.factor)),
                        ("failures", .number($0.failureShare)), ("waste", .number($0.waste)),
                    ])
                }
            ),
            (
                "groups",
                .array(
                    zip(groups, self.groups).map { info, score in
                        .object([
                            ("name", .string(info.name)),
                            ("calls", .number(Double(score.calls))),
                            ("failures", .number(score.failureShare)),
                            ("waste", score.waste.map { .number($0) }),
                            ("waste_over_use", score.wasteOverUse.map { .number($0) }),
                            ("rescued", .number(score.rescuedShare)),
                        ])
                    }
                )
            ),
        ])
    }
}

extension Estimate {
    fileprivate var json: JSONValue {
        .object([("value", .number(value)), ("lower", .number(lower)), ("upper", .number(upper))])
    }
}
