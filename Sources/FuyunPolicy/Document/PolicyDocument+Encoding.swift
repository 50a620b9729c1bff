extension PolicyDocument {
    /// The document as JSON text in its one canonical form: keys in the order of the manual, absent options left out.
    ///
    /// Reading it back gives an equal document.
    public func encoded() -> [UInt8] { json.encoded() }

    var json: JSONValue {
        .object([
            ("schema", .string(Self.schema)),
            ("metadata", metadata.json),
            ("inputs", inputs.json),
            ("logic", logic.json),
            ("safety", safety.json(laws: logic.laws)),
        ])
    }
}

extension PolicyMetadata {
    fileprivate var json: JSONValue {
        .object([
            ("policy_id", .string(policyID)),
            ("version", .number(Double(version))),
            ("status", .string(status.rawValue)),
            ("supersedes", supersedes.map { .number(Double($0)) }),
            ("origin", origin?.json),
            ("updated_at", updatedAt.map { .string($0) }),
        ])
    }
}

extension PolicyOrigin {
    fileprivate var json: JSONValue {
        .object([
            ("kind", .string(kind)),
            ("model", model.map { .string($0) }),
            ("source_digest", sourceDigest.map { .string($0) }),
            ("prompt_digest", promptDigest.map { .string($0) }),
        ])
    }
}

extension PolicyInputs {
    fileprivate var json: JSONValue {
        .object([
            ("source", .string(source.rawValue)),
            ("variables", .array(variables.map(\.json))),
            ("mapping", .object(variables.map { ($0.name, $0.mapping) })),
        ])
    }
}

extension PolicyVariable {
    fileprivate var json: JSONValue {
        .object([
            ("name", .string(name)),
            ("type", .string(kind.word)),
            ("unit", unit.map { .string($0) }),
            ("range", range.map { .array([.number($0.lowerBound), .number($0.upperBound)]) }),
            ("values", categoryValues.map { .array($0.map { .string($0) }) }),
        ])
    }

    fileprivate var mapping: JSONValue {
        let written: (key: String, value: JSONValue?) =
            switch source {
            case .json(let pointer): ("json", .string(pointer))
            case .jsonLength(let pointer): ("json_length", .string(pointer))
            case .numberOf(let pointer): ("number_of", .string(pointer))
            case .bodyBytes: ("body", .string("bytes"))
            case .header(let name): ("header", .string(name))
            }
        return .object([written, ("default", defaultValue.map(defaultJSON))])
    }

    private func defaultJSON(_ value: Double) -> JSONValue {
        guard let values = categoryValues else { return .number(value) }
        return Int(exactly: value).flatMap { values.indices.contains($0) ? .string(values[$0]) : nil } ?? .number(value)
    }
}

extension PolicyLogic {
    fileprivate var json: JSONValue {
        let isPiecewise = family == .piecewiseLinear
        return .object([
            ("type", .string(family.rawValue)),
            ("select", select.map { .string($0) }),
            ("terms", family == .constant ? nil : perLaw { $0.members { .string($0.expression) } }),
            ("coefficients", perLaw { $0.coefficients }),
            ("knots", isPiecewise ? perLaw { $0.knots } : nil),
            ("exponents", family == .power ? perLaw { $0.members { $0.shape.exponent } } : nil),
            ("rates", family == .exponential ? perLaw { $0.members { $0.shape.rate } } : nil),
            ("decision_rationale", rationale.map { .string($0) }),
        ])
    }

    /// One object for the only law, or an object of objects keyed by the category's values.
    private func perLaw(_ part: (PolicyLaw) -> JSONValue) -> JSONValue {
        guard select != nil else { return laws.first.map(part) ?? .object([]) }
        return .object(laws.map { ($0.value ?? "", part($0)) })
    }
}

extension PolicyLaw {
    fileprivate func members(_ value: (PolicyTerm) -> JSONValue?) -> JSONValue {
        .object(terms.map { ($0.name, value($0)) })
    }

    fileprivate var knots: JSONValue { isOpen ? JSONValue(.null) : members { $0.shape.knots } }

    fileprivate var coefficients: JSONValue {
        isOpen
            ? JSONValue(.null)
            : .object([("base", .number(base))] + terms.map { ($0.name, $0.shape.coefficient) })
    }
}

extension PolicyTerm.Shape {
    fileprivate var coefficient: JSONValue? {
        switch self {
        case .linear(let coefficient), .power(let coefficient, _), .exponential(let coefficient, _):
            .number(coefficient)
        case .piecewiseLinear: nil
        }
    }

    fileprivate var knots: JSONValue? {
        guard case .piecewiseLinear(let knots) = self else { return nil }
        return .array(knots.map { .array([.number($0.x), .number($0.y)]) })
    }

    fileprivate var exponent: JSONValue? {
        if case .power(_, let exponent) = self { .number(exponent) } else { nil }
    }

    fileprivate var rate: JSONValue? {
        if case .exponential(_, let rate) = self { .number(rate) } else { nil }
    }
}

extension PolicySafety {
    fileprivate func json(laws: [PolicyLaw]) -> JSONValue {
        let bounds: JSONValue? =
            minimum == nil && maximum == nil
            ? nil
            : .object([
                ("min", minimum.map { .number(Double($0)) }), ("max", maximum.map { .number(Double($0)) }),
            ])
        return .object([
            ("headroom", .number(headroom)),
            ("bounds", bounds),
            ("tier_bytes", tierBytes.map { .number(Double($0)) }),
            ("calibration", calibrations(calibration, lawCalibrations, laws)),
            ("rescue", rescue?.json(laws: laws)),
            ("canary_share", canaryShare.map { .number($0) }),
        ])
    }
}

extension PolicyRescue {
    fileprivate func json(laws: [PolicyLaw]) -> JSONValue {
        .object([
            ("headroom", .number(headroom)),
            ("calibration", calibrations(calibration, lawCalibrations, laws)),
        ])
    }
}

/// One object for all laws, or an object of objects keyed by the category's values.
private func calibrations(
    _ shared: PolicyCalibration?,
    _ perLaw: [String: PolicyCalibration],
    _ laws: [PolicyLaw]
) -> JSONValue? {
    let entries = laws.compactMap { law in
        law.value.flatMap { value in perLaw[value].map { (key: value, value: Optional($0.json)) } }
    }
    return entries.isEmpty ? shared?.json : .object(entries)
}

extension PolicyCalibration {
    fileprivate var json: JSONValue {
        .object([
            ("offset_bytes", .number(Double(offsetBytes))),
            ("scale", .number(scale)),
            ("leverage", leverage.isEmpty ? nil : .array(leverage.map { .array($0.map { .number($0) }) })),
        ])
    }
}
