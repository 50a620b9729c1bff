extension CompiledPolicy {
    /// Reads the policy's variables from a request.
    ///
    /// Nothing but numbers and category indexes is kept. Reading the body allocates nothing.
    ///
    /// - Parameters:
    ///   - body: The request body, or its first part.
    ///   - totalLength: The true size of the body in bytes; larger than `body` when that is cut.
    ///   - header: The value of the request's header of a name, compared without case; nil when there is none.
    public func extract(
        body: UnsafeRawBufferPointer,
        totalLength: UInt64,
        header: (String) -> String?
    ) -> FeatureVector {
        let variables = storage.variables
        var features = FeatureVector(count: variables.count)
        if let plan = storage.scanPlan {
            let result = plan.scan(body, isCut: totalLength > UInt64(body.count))
            features.scanEnd = result.end
            for entry in storage.scanned.indices {
                let variable = storage.scanned[entry]
                let value = result.value(entry)
                switch result.outcome(entry) {
                case .found: variables[variable].admit(value, at: variable, into: &features)
                case .absent: variables[variable].fallBack(at: variable, seenWhole: result.end.sawAll, into: &features)
                case .wrongType: features.set(variable, to: 0, .wrongType)
                case .unknownCategory: features.set(variable, to: 0, .unknownCategory)
                }
            }
        }
        for index in variables.indices where !variables[index].isInBody {
            variables[index].readRequest(at: index, totalLength: totalLength, header: header, into: &features)
        }
        return features
    }
}

extension ScanEnd {
    /// Whether what was not found is truly not there, so that a default may take its place.
    ///
    /// Behind a cut, or a place that could not be read, there may be a value that asks for far more memory than the
    /// default does.
    fileprivate var sawAll: Bool {
        switch self {
        case .complete, .stoppedEarly, .empty: true
        case .cut, .malformed, .tooDeep: false
        }
    }
}

extension CompiledPolicy.Variable {
    /// Takes a value that was found.
    fileprivate func admit(_ value: Double, at index: Int, into features: inout FeatureVector) {
        if isInteger, value != value.rounded(.towardZero) {
            features.set(index, to: value, .wrongType)
        } else if value < lower || value > upper {
            features.set(index, to: value, .outOfRange)
        } else {
            features.set(index, to: value, .value)
        }
    }

    /// Takes the default when there is one.
    fileprivate func fallBack(at index: Int, seenWhole: Bool, into features: inout FeatureVector) {
        guard let defaultValue, seenWhole else { return features.set(index, to: 0, .missing) }
        features.set(index, to: defaultValue, .defaulted)
    }

    /// Reads a variable that is not in the body.
    fileprivate func readRequest(
        at index: Int,
        totalLength: UInt64,
        header: (String) -> String?,
        into features: inout FeatureVector
    ) {
        guard case .header(let name) = source else {
            return admit(Double(totalLength), at: index, into: &features)
        }
        guard let text = header(name) else { return fallBack(at: index, seenWhole: true, into: &features) }
        if let categoryValues {
            guard let position = categoryValues.firstIndex(of: text) else {
                return features.set(index, to: 0, .unknownCategory)
            }
            return features.set(index, to: Double(position))
        }
        guard let value = Self.number(text) else { return features.set(index, to: 0, .wrongType) }
        admit(value, at: index, into: &features)
    }

    /// A decimal number with blanks around it, as a header writes one; no `nan`, `inf` or hexadecimal.
    private static func number(_ text: String) -> Double? {
        let blanks: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let trimmed = text.drop(while: blanks)
        guard let end = trimmed.lastIndex(where: { !blanks($0) }) else { return nil }
        let word = trimmed[...end]
        let letters = word.utf8.filter(\.isLetter)
        guard word.utf8.count <= 64, letters.allSatisfy({ $0 | 0x20 == UInt8(ascii: "e") }),
            let value = Double(word), value.isFinite
        else { return nil }
        return value
    }
}
