/// A value at its path, read strictly: each function gives the value as a type or reports why it cannot and gives nil.
public struct JSONElement: Sendable {
    /// The value.
    public let value: JSONValue
    /// Its path.
    public let path: JSONPath

    /// Makes an element.
    public init(_ value: JSONValue, at path: JSONPath = .root) {
        self.value = value
        self.path = path
    }

    /// A string of so many UTF-8 bytes.
    public func string(
        length: ClosedRange<Int> = 0...JSONDocument.maximumSize,
        reporting collector: inout DiagnosticCollector
    ) -> String? {
        guard case .string(let text) = value.content else { return refuse("a string", &collector) }
        guard length.contains(text.utf8.count) else {
            collector.error(
                at: path,
                .outOfRange,
                "the string has \(text.utf8.count) bytes, expected \(length.lowerBound) to \(length.upperBound)"
            )
            return nil
        }
        return text
    }

    /// A number within a range.
    public func number(
        in range: ClosedRange<Double> = -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude,
        reporting collector: inout DiagnosticCollector
    ) -> Double? {
        guard case .number(let number) = value.content else { return refuse("a number", &collector) }
        guard range.contains(number) else {
            collector.error(
                at: path,
                .outOfRange,
                "found \(decimal(number)), expected \(inWords(range))"
            )
            return nil
        }
        return number
    }

    /// A whole number within a range.
    ///
    /// `1e6` and `1.0` are whole; beyond 2^53 nothing is, for a double cannot hold it.
    public func integer(
        in range: ClosedRange<Int> = 0...(1 << 53),
        reporting collector: inout DiagnosticCollector
    ) -> Int? {
        guard case .number(let number) = value.content else { return refuse("a whole number", &collector) }
        guard let whole = Int(exactly: number), whole.magnitude <= 1 << 53 else {
            collector.error(at: path, .wrongType, "found \(decimal(number)), expected a whole number")
            return nil
        }
        guard range.contains(whole) else {
            collector.error(
                at: path,
                .outOfRange,
                "found \(whole), expected \(range.lowerBound) to \(range.upperBound)"
            )
            return nil
        }
        return whole
    }

    /// A boolean.
    public func bool(reporting collector: inout DiagnosticCollector) -> Bool? {
        guard case .bool(let flag) = value.content else { return refuse("true or false", &collector) }
        return flag
    }

    /// A word out of an enumeration.
    public func word<Word: RawRepresentable<String> & CaseIterable>(
        _ type: Word.Type = Word.self,
        reporting collector: inout DiagnosticCollector
    ) -> Word? {
        guard let text = string(reporting: &collector) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map(\.rawValue)
        collector.error(
            at: path,
            .badValue,
            "found \(quoted(text)), expected \(alternatives(words))\(suggestion(for: text, among: words))"
        )
        return nil
    }

    /// The elements of an array of so many.
    public func elements(
        count: ClosedRange<Int> = 0...Int.max,
        reporting collector: inout DiagnosticCollector
    ) -> [JSONElement]? {
        guard case .array(let elements) = value.content else { return refuse("an array", &collector) }
        guard count.contains(elements.count) else {
            collector.error(
                at: path,
                .outOfRange,
                "the array has \(elements.count) elements, expected \(count.lowerBound) to \(count.upperBound)"
            )
            return nil
        }
        return elements.enumerated().map { JSONElement($0.element, at: path.index($0.offset)) }
    }

    /// The members of an object whose keys are names of the writer's choice.
    public func entries(
        reporting collector: inout DiagnosticCollector
    ) -> [(key: String, element: JSONElement)]? {
        guard case .object(let members) = value.content else { return refuse("an object", &collector) }
        return members.map { ($0.key, JSONElement($0.value, at: path.key($0.key))) }
    }

    /// The object, for reading its members by known keys.
    public func object(reporting collector: inout DiagnosticCollector) -> JSONObjectReader? {
        guard case .object = value.content else { return refuse("an object", &collector) }
        return JSONObjectReader(self)
    }

    private func refuse<Value>(_ expected: String, _ collector: inout DiagnosticCollector) -> Value? {
        collector.error(at: path, .wrongType, "found \(value.kind), expected \(expected)")
        return nil
    }
}

/// Reads the members of an object by their known keys; what was never asked for is unknown.
///
///     guard var object = element.object(reporting: &collector) else { return }
///     let name = object.required("name", reporting: &collector)?.string(reporting: &collector)
///     let note = object.optional("note")?.string(reporting: &collector)
///     object.finish(reporting: &collector)
public struct JSONObjectReader: Sendable {
    /// The path of the object.
    public var path: JSONPath { element.path }
    private let element: JSONElement
    private var asked: [String] = []

    fileprivate init(_ element: JSONElement) { self.element = element }

    /// A member that may be missing.
    public mutating func optional(_ key: String) -> JSONElement? {
        asked.append(key)
        return element.value[key].map { JSONElement($0, at: path.key(key)) }
    }

    /// A member that must be there; nil when it is not, which is reported.
    public mutating func required(
        _ key: String,
        reporting collector: inout DiagnosticCollector
    ) -> JSONElement? {
        if let member = optional(key) { return member }
        collector.error(at: path.key(key), .missingKey, "the key \"\(key)\" is missing")
        return nil
    }

    /// Reports every member that was never asked for.
    public func finish(reporting collector: inout DiagnosticCollector) {
        guard case .object(let members) = element.value.content else { return }
        for member in members where !asked.contains(member.key) {
            let hint = suggestion(for: member.key, among: asked)
            let known = asked.isEmpty ? "no keys" : alternatives(asked)
            collector.error(
                at: path.key(member.key),
                .unknownKey,
                "the key \(quoted(member.key)) is unknown here, expected \(known)\(hint)"
            )
        }
    }
}

/// `one of "a", "b"`.
func alternatives(_ words: [String]) -> String {
    let list = words.prefix(20).map { "\"\($0)\"" }.joined(separator: ", ")
    return words.count == 1 ? list : "one of \(list)\(words.count > 20 ? ", …" : "")"
}

private func inWords(_ range: ClosedRange<Double>) -> String {
    switch (range.lowerBound.magnitude < .greatestFiniteMagnitude, range.upperBound < .greatestFiniteMagnitude) {
    case (true, true): "\(decimal(range.lowerBound)) to \(decimal(range.upperBound))"
    case (true, false): "at least \(decimal(range.lowerBound))"
    case (false, true): "at most \(decimal(range.upperBound))"
    case (false, false): "a number"
    }
}
