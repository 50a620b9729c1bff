public import MemoryUnits

/// A decision with everything that led to it, for people.
///
/// Made by `CompiledPolicy.explain`, off the fast path.
public struct DecisionExplanation: Sendable {
    /// A variable and what was read for it.
    public struct Variable: Sendable {
        /// The name.
        public var name: String
        /// The unit, where the policy names one.
        public var unit: String?
        /// Where it is read: `json /object/width`.
        public var source: String
        /// What became of it.
        public var state: FeatureState
        /// The number; nil for a category and when there is none.
        public var number: Double?
        /// The category's value as the policy spells it; nil for a number and when there is none.
        public var category: String?
        /// Whether the law that decides reads it.
        public var isNeeded: Bool
    }

    /// A term and what it added.
    public struct Term: Sendable {
        /// The name.
        public var name: String
        /// The expression.
        public var expression: String
        /// What makes bytes of the expression's value, with its figures: `1.3 × x`.
        public var shape: String
        /// The coefficient; nil for a polyline.
        public var coefficient: Double?
        /// The expression's value; nil when it has none.
        public var value: Double?
        /// The bytes that it adds; nil when there is no such number.
        public var contribution: Double?
    }

    /// The function and version of the policy.
    public var policyID: String
    /// The version of the policy.
    public var version: Int
    /// Where the version stands on the ladder.
    public var status: PolicyStatus
    /// The form of the law.
    public var family: PolicyLogic.Family
    /// The category value that chose the law; nil when there is just one law or none could be chosen.
    public var law: String?
    /// How the reading of the payload ended.
    public var scanEnd: ScanEnd
    /// The variables, in the policy's order.
    public var variables: [Variable]
    /// The part of the prediction that does not depend on the input; nil when no law could be chosen.
    public var base: Double?
    /// The terms of the law; empty when none could be chosen.
    public var terms: [Term]
    /// What the policy adds for the residuals of earlier runs, of the law that decides.
    public var calibration: PolicyCalibration
    /// What is not known of the law at this input, the leverage's |W φ|, in bytes; it adds to the margin in squares.
    ///
    /// Zero without a leverage, nil when the formula did not decide.
    public var uncertainty: Double?
    /// The least limit that was possible: the policy's bounds within the operator's.
    public var minimum: Bytes
    /// The greatest limit that was possible.
    public var maximum: Bytes
    /// Limits are rounded up to a multiple of this: the larger of the policy's and the operator's tier.
    public var tier: Bytes
    /// The decision itself.
    public var decision: Decision
    /// The decision's reason as a sentence, with the name of the variable and what to do.
    public var reason: String
}

extension CompiledPolicy {
    /// Decides like `decide`, and says how it came about.
    ///
    /// - Parameters:
    ///   - features: What `extract` of this policy gave.
    ///   - bounds: What the operator grants the function.
    ///   - rescue: Whether the call can be raised while it runs.
    public func explain(
        _ features: FeatureVector,
        within bounds: SafetyBounds,
        rescue: Bool = false
    ) -> DecisionExplanation {
        let decision = decide(features, within: bounds, rescue: rescue)
        let safety = document.safety
        let lawIndex = chosenLaw(features)
        let needed = lawIndex.map { storage.laws[$0].needed } ?? 0
        let variables = document.inputs.variables.enumerated().map { index, variable in
            explain(
                variable,
                value: features.value(index),
                state: features.state(index),
                isNeeded: index == storage.select || needed & (1 << UInt16(index)) != 0
            )
        }
        let terms = lawIndex.map { explainTerms(of: $0, features) } ?? []
        let (minimum, maximum) = range(within: bounds)
        let name = decision.variable >= 0 ? document.inputs.variables[Int(decision.variable)].name : nil
        return DecisionExplanation(
            policyID: id,
            version: version,
            status: status,
            family: document.logic.family,
            law: lawIndex.flatMap { document.logic.laws[$0].value },
            scanEnd: features.scanEnd,
            variables: variables,
            base: lawIndex.map { storage.laws[$0].base },
            terms: terms,
            calibration: lawIndex.flatMap { place in
                let law = document.logic.laws[place]
                return rescue && hasRescue ? safety.rescue?.calibration(of: law) : safety.calibration(of: law)
            } ?? PolicyCalibration(),
            uncertainty: decision.reason == .policy
                ? lawIndex.map { place in
                    storage.laws[place].predict(features.values, rescue: rescue && hasRescue).distance.squareRoot()
                } : nil,
            minimum: minimum,
            maximum: maximum,
            tier: max(storage.tier, bounds.tier),
            decision: decision,
            reason: decision.reason.sentence(variable: name)
        )
    }

    private func chosenLaw(_ features: FeatureVector) -> Int? {
        guard storage.select >= 0 else { return 0 }
        guard features.state(storage.select).isUsable else { return nil }
        let index = Int(features.value(storage.select))
        return storage.laws.indices.contains(index) && !storage.laws[index].isOpen ? index : nil
    }

    private func explain(
        _ variable: PolicyVariable,
        value: Double,
        state: FeatureState,
        isNeeded: Bool
    ) -> DecisionExplanation.Variable {
        let hasValue = state.isUsable || state == .outOfRange
        let word = variable.categoryValues.flatMap { values -> String? in
            guard state.isUsable, let index = Int(exactly: value), values.indices.contains(index) else { return nil }
            return values[index]
        }
        return DecisionExplanation.Variable(
            name: variable.name,
            unit: variable.unit,
            source: variable.source.description,
            state: state,
            number: hasValue && variable.categoryValues == nil ? value : nil,
            category: word,
            isNeeded: isNeeded
        )
    }

    private func explainTerms(of lawIndex: Int, _ features: FeatureVector) -> [DecisionExplanation.Term] {
        let needed = storage.laws[lawIndex].needed
        let isKnown = storage.variables.indices.allSatisfy { index in
            needed & (1 << UInt16(index)) == 0 || features.state(index).isUsable
        }
        return zip(document.logic.laws[lawIndex].terms, storage.laws[lawIndex].terms).map { term, compiled in
            let value = compiled.program.evaluate(features.values)
            let contribution = term.shape.bytes(for: value)
            return DecisionExplanation.Term(
                name: term.name,
                expression: term.expression,
                shape: term.shape.description,
                coefficient: term.shape.coefficientValue,
                value: isKnown && value.isFinite ? value : nil,
                contribution: isKnown && contribution.isFinite ? contribution : nil
            )
        }
    }
}

extension PolicyTerm.Shape: CustomStringConvertible {
    /// The shape as a formula over the expression's value x.
    public var description: String {
        switch self {
        case .linear(let coefficient): "\(decimal(coefficient)) × x"
        case .power(let coefficient, let exponent): "\(decimal(coefficient)) × x ^ \(decimal(exponent))"
        case .exponential(let coefficient, let rate): "\(decimal(coefficient)) × e ^ (\(decimal(rate)) × x)"
        case .piecewiseLinear(let knots): "polyline of \(knots.count) knots"
        }
    }

    fileprivate var coefficientValue: Double? {
        switch self {
        case .linear(let coefficient), .power(let coefficient, _), .exponential(let coefficient, _): coefficient
        case .piecewiseLinear: nil
        }
    }
}

extension DecisionReason {
    /// The reason as a sentence for an operator.
    ///
    /// - Parameter variable: The name of the variable that it speaks of.
    public func sentence(variable: String? = nil) -> String {
        let name = variable.map { "\"\($0)\"" } ?? "a variable"
        return switch self {
        case .policy: "The policy's formula decided."
        case .noPolicy: "There is no policy for the function; the preset applies."
        case .missingFeature:
            "The payload has no \(name) and the policy has no default for it; the preset applies. "
                + "Check the mapping, or give it a default."
        case .wrongType:
            "The payload's \(name) is not of the declared type; the preset applies. "
                + "A number written as a string is read by \"number_of\"."
        case .outOfRange:
            "The payload's \(name) is outside the declared range; the preset applies. "
                + "Widen the range if the formula holds there."
        case .unknownCategory: "The payload's \(name) is none of the declared values; the preset applies."
        case .emptyPayload: "The payload is empty, and the policy needs \(name); the preset applies."
        case .malformedPayload:
            "The payload is not JSON, and \(name) was not found before the mistake; the preset applies."
        case .payloadTooDeep:
            "The payload is nested too deep, and \(name) was not found before that place; the preset applies."
        case .truncatedPayload:
            "Only a part of the payload was sent, and \(name) was not found in it; the preset applies."
        case .notFinite:
            "The formula's result, or a step towards it, is not a finite number (a division by zero, an overflow, "
                + "the root or logarithm of a negative number); the preset applies."
        case .notPositive: "The formula's result is zero or negative; the preset applies."
        case .lawOpen:
            "The law for this value of \(name) has no numbers yet; the preset applies. "
                + "The tuner fills it in when it has seen enough calls."
        }
    }
}
