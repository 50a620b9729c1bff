import MemoryUnits

extension CompiledPolicy {
    /// Decides the limit of one invocation.
    ///
    /// predicted → calibrated bound (the safe one, or the rescue's) → headroom → clip into the policy's bounds within the operator's → round **up** to
    /// the larger of both tiers, never above the maximum. A pure function of its arguments: the same features give the same
    /// decision on every machine. It neither allocates nor throws; when the formula cannot decide, the operator's preset
    /// applies and the decision says why.
    ///
    /// - Parameters:
    ///   - features: What `extract` of this policy gave.
    ///   - bounds: What the operator grants the function; it wins over what the policy asks for.
    ///   - rescue: Whether the call can be raised while it runs: the policy's `rescue` bound then applies, where it has one,
    ///     and `Decision.usesRescueBound` says so. Whoever passes true must be able to do it.
    public func decide(
        _ features: FeatureVector,
        within bounds: SafetyBounds,
        rescue: Bool = false
    ) -> Decision {
        let storage = storage
        var lawIndex = 0
        if storage.select >= 0 {
            guard features.state(storage.select).isUsable else {
                return .preset(bounds, because: obstacle(storage.select, features), variable: Int8(storage.select))
            }
            lawIndex = Int(features.value(storage.select))
        }
        guard storage.laws.indices.contains(lawIndex) else {
            return .preset(bounds, because: .unknownCategory, variable: Int8(storage.select))
        }
        let law = storage.laws[lawIndex]
        if law.isOpen { return .preset(bounds, because: .lawOpen, variable: Int8(storage.select)) }
        var needed = law.needed
        while needed != 0 {
            let variable = needed.trailingZeroBitCount
            needed &= needed - 1
            guard features.state(variable).isUsable else {
                return .preset(bounds, because: obstacle(variable, features), variable: Int8(variable))
            }
        }

        let isTight = rescue && storage.hasRescue
        let (predicted, distance) = law.predict(features.values, rescue: isTight)
        guard predicted.isFinite else { return .preset(bounds, because: .notFinite) }
        guard predicted > 0 else { return .preset(bounds, because: .notPositive) }
        let scale = isTight ? law.tight.scale : law.safe.scale
        let headroom = isTight ? law.tight.headroom : law.safe.headroom
        var bound = predicted * scale + (isTight ? law.tight.offset : law.safe.offset)
        let margin = bound - predicted
        let extra = distance == 0 ? 0 : (margin * margin + distance).squareRoot() - margin
        bound += extra
        guard let predictedBytes = Bytes(roundingUp: predicted), let boundBytes = Bytes(roundingUp: bound),
            let wanted = Bytes(roundingUp: bound * (1 + headroom))
        else { return .preset(bounds, because: .notFinite) }

        let (limit, fitted) = fit(wanted, within: bounds)
        let adjustments = isTight ? fitted.union(.rescueBound) : fitted
        let input = (max(predicted - law.atZero, 0) * scale + extra) * (1 + headroom)
        return Decision(
            limit: limit,
            predicted: predictedBytes,
            bound: boundBytes,
            inputPart: min(Bytes(roundingUp: input) ?? limit, limit),
            headroom: headroom,
            reason: .policy,
            law: UInt8(truncatingIfNeeded: lawIndex),
            adjustments: adjustments
        )
    }

    /// The least and greatest limit: the policy's, moved into the operator's.
    func range(within bounds: SafetyBounds) -> (minimum: Bytes, maximum: Bytes) {
        let lower = min(max(storage.minimum, bounds.minimum), bounds.maximum)
        let upper = max(min(storage.maximum, bounds.maximum), bounds.minimum)
        return (min(lower, upper), upper)
    }

    /// Clips and rounds up.
    private func fit(_ wanted: Bytes, within bounds: SafetyBounds) -> (Bytes, LimitAdjustments) {
        let (minimum, maximum) = range(within: bounds)
        var adjustments: LimitAdjustments = []
        var limit = wanted
        if limit < minimum {
            limit = minimum
            adjustments.insert(.raisedToMinimum)
        }
        if limit > maximum {
            limit = maximum
            adjustments.insert(.cutToMaximum)
        }
        let snapped = min(limit.roundedUp(toMultipleOf: max(storage.tier, bounds.tier)), maximum)
        if snapped > limit {
            limit = snapped
            adjustments.insert(.snappedUp)
        }
        return (limit, adjustments)
    }

    /// Why a variable cannot be used.
    ///
    /// What is missing from a payload that could not be read to its end is blamed on that.
    private func obstacle(_ variable: Int, _ features: FeatureVector) -> DecisionReason {
        switch features.state(variable) {
        case .wrongType: .wrongType
        case .outOfRange: .outOfRange
        case .unknownCategory: .unknownCategory
        case .missing, .value, .defaulted:
            if !storage.variables[variable].isInBody {
                .missingFeature
            } else {
                switch features.scanEnd {
                case .complete, .stoppedEarly: .missingFeature
                case .empty: .emptyPayload
                case .cut: .truncatedPayload
                case .malformed: .malformedPayload
                case .tooDeep: .payloadTooDeep
                }
            }
        }
    }
}
