extension PolicyDecoder {
    /// The calibrations of a policy: one for all laws, or one for each.
    typealias Calibrations = (shared: PolicyCalibration?, perLaw: [String: PolicyCalibration])

    /// Reads `calibration`: one object for all laws, or, where a category selects the law, an object keyed by its values.
    ///
    /// The latter is known by its members being objects, so a category may well have a value "scale".
    mutating func readCalibrations(_ element: JSONElement, logic: PolicyLogic?) -> Calibrations {
        guard case .object(let members) = element.value.content, members.contains(where: \.value.isObject) else {
            return (readCalibration(element, laws: logic?.laws ?? []), [:])
        }
        // What else is wrong with the logic is reported; which laws there are is not known then.
        guard let logic else { return (nil, [:]) }
        guard logic.select != nil, let entries = element.entries(reporting: &collector) else {
            collector.error(
                at: element.path,
                .badValue,
                "there is one law for all inputs, expected its \"offset_bytes\", \"scale\" and \"leverage\" right here"
            )
            return (nil, [:])
        }
        let names = logic.laws.compactMap(\.value)
        for entry in entries where !names.contains(entry.key) {
            collector.error(
                at: entry.element.path,
                .lawUnknown,
                "\(quoted(entry.key)) is no value of the category that selects the law, "
                    + "expected \(alternatives(names))\(suggestion(for: entry.key, among: names))"
            )
        }
        var perLaw: [String: PolicyCalibration] = [:]
        for law in logic.laws {
            guard let name = law.value else { continue }
            let entry = entries.first { $0.key == name }
            if law.isOpen, entry?.element.value.isNull != false { continue }
            if let entry {
                perLaw[name] = readCalibration(entry.element, laws: [law])
            } else {
                collector.error(
                    at: element.path.key(name),
                    .lawMissing,
                    "the value \(quoted(name)) of the category that selects the law has no entry here"
                )
            }
        }
        return (nil, perLaw)
    }

    private mutating func readCalibration(_ element: JSONElement, laws: [PolicyLaw]) -> PolicyCalibration? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let offset = object.optional("offset_bytes").map { $0.integer(reporting: &collector) } ?? 0
        let scale = object.optional("scale").map { $0.number(in: 0...100, reporting: &collector) } ?? 0
        let leverage = object.optional("leverage").map { readLeverage($0, laws: laws) } ?? []
        object.finish(reporting: &collector)
        guard let offset, let scale, let leverage else { return nil }
        return PolicyCalibration(offsetBytes: offset, scale: scale, leverage: leverage)
    }

    /// Reads a lower triangle: rows of one, two, three … numbers, one row more than each law has terms.
    private mutating func readLeverage(_ element: JSONElement, laws: [PolicyLaw]) -> [[Double]]? {
        guard let rows = element.elements(count: 1...(PolicyDocument.maximumTerms + 1), reporting: &collector) else {
            return nil
        }
        for law in laws where !law.isOpen && law.terms.count + 1 != rows.count {
            let name = law.value.map { " \(quoted($0))" } ?? ""
            collector.error(
                at: element.path,
                .leverageShape,
                "found \(rows.count) rows, expected \(law.terms.count + 1): "
                    + "one for the base and one for each term of the law\(name)"
            )
            return nil
        }
        var triangle: [[Double]] = []
        for (index, row) in rows.enumerated() {
            guard case .array(let numbers) = row.value.content, numbers.count == index + 1 else {
                collector.error(
                    at: row.path,
                    .leverageShape,
                    "expected an array of \(index + 1) number\(index == 0 ? "" : "s"): "
                        + "row \(index + 1) of a lower triangle ends on its diagonal"
                )
                return nil
            }
            var values: [Double] = []
            for (column, number) in numbers.enumerated() {
                let element = JSONElement(number, at: row.path.index(column))
                guard let value = element.number(reporting: &collector) else { return nil }
                values.append(value)
            }
            triangle.append(values)
        }
        return triangle
    }
}

extension JSONValue {
    fileprivate var isObject: Bool { if case .object = content { true } else { false } }
}

extension Diagnostic.Code {
    /// A leverage is no lower triangle of as many rows as the law has terms and one more.
    public static let leverageShape: Self = "leverage_shape"
}
