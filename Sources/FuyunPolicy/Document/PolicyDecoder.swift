/// Reads a policy document out of a JSON tree and reports everything that is wrong with its shape and its parts'
/// references to each other.
///
/// What its expressions mean is `PolicyChecks`' part.
struct PolicyDecoder {
    var collector: DiagnosticCollector
    /// What the inputs declare, also when something else is wrong with it: later sections are checked against it.
    var declared: [String: DeclaredVariable] = [:]
    var declaredNames: [String] = []
    /// Whether every variable's declaration could be read.
    var declarationsAreWhole = true

    struct DeclaredVariable {
        var isCategory: Bool
        var values: [String]?
    }

    init(root: JSONValue) { collector = DiagnosticCollector(root: root) }

    mutating func document(_ root: JSONValue) -> PolicyDocument? {
        guard var object = JSONElement(root).object(reporting: &collector) else { return nil }
        checkSchema(object.required("schema", reporting: &collector))
        let metadata = object.required("metadata", reporting: &collector).flatMap { readMetadata($0) }
        let inputs = object.required("inputs", reporting: &collector).flatMap { readInputs($0) }
        let logic = object.required("logic", reporting: &collector).flatMap { readLogic($0) }
        let safety = object.required("safety", reporting: &collector).flatMap { readSafety($0, logic: logic) }
        object.finish(reporting: &collector)
        guard let metadata, let inputs, let logic, let safety, !collector.hasErrors else { return nil }
        return PolicyDocument(metadata: metadata, inputs: inputs, logic: logic, safety: safety)
    }

    private mutating func checkSchema(_ element: JSONElement?) {
        guard let element, let text = element.string(reporting: &collector), text != PolicyDocument.schema else {
            return
        }
        collector.error(
            at: element.path,
            .unknownSchema,
            "found \(quoted(text)), this version reads \"\(PolicyDocument.schema)\""
        )
    }

    // MARK: Metadata

    private mutating func readMetadata(_ element: JSONElement) -> PolicyMetadata? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let policyID = object.required("policy_id", reporting: &collector).flatMap { functionName($0) }
        let version = object.required("version", reporting: &collector)?.integer(
            in: 1...Int(Int32.max),
            reporting: &collector
        )
        let status = object.required("status", reporting: &collector)?.word(PolicyStatus.self, reporting: &collector)
        let supersedes = object.optional("supersedes")
        let superseded = supersedes?.integer(in: 1...Int(Int32.max), reporting: &collector)
        let origin = object.optional("origin").flatMap { readOrigin($0) }
        let updatedAt = object.optional("updated_at")?.string(length: 1...64, reporting: &collector)
        object.finish(reporting: &collector)
        if let supersedes, let superseded, let version, superseded >= version {
            collector.error(
                at: supersedes.path,
                .outOfRange,
                "found \(superseded), expected a version before this one, which is \(version)"
            )
        }
        guard let policyID, let version, let status else { return nil }
        return PolicyMetadata(
            policyID: policyID,
            version: version,
            status: status,
            supersedes: superseded,
            origin: origin,
            updatedAt: updatedAt
        )
    }

    private mutating func functionName(_ element: JSONElement) -> String? {
        guard let text = element.string(reporting: &collector) else { return nil }
        guard PolicyDocument.isFunctionName(text) else {
            collector.error(
                at: element.path,
                .badValue,
                "found \(quoted(text)), expected a function name: 1 to 256 of A-Z a-z 0-9 . _ @ : / -"
            )
            return nil
        }
        return text
    }

    private mutating func readOrigin(_ element: JSONElement) -> PolicyOrigin? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let kind = object.required("kind", reporting: &collector)?.string(length: 1...32, reporting: &collector)
        let model = object.optional("model")?.string(length: 1...128, reporting: &collector)
        let sourceDigest = object.optional("source_digest")?.string(length: 1...256, reporting: &collector)
        let promptDigest = object.optional("prompt_digest")?.string(length: 1...256, reporting: &collector)
        object.finish(reporting: &collector)
        guard let kind else { return nil }
        return PolicyOrigin(kind: kind, model: model, sourceDigest: sourceDigest, promptDigest: promptDigest)
    }

    // MARK: Safety

    private mutating func readSafety(_ element: JSONElement, logic: PolicyLogic?) -> PolicySafety? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let headroom = object.required("headroom", reporting: &collector)?.number(in: 0...10, reporting: &collector)
        let bounds = object.optional("bounds").map { readBounds($0) }
        let tier = object.optional("tier_bytes")?.integer(in: 4096...(1 << 30), reporting: &collector)
        let calibration = object.optional("calibration").map { readCalibrations($0, logic: logic) }
        let rescue = object.optional("rescue").map { readRescue($0, logic: logic) }
        let canaryShare = object.optional("canary_share")?.number(in: 0...1, reporting: &collector)
        object.finish(reporting: &collector)
        guard let headroom else { return nil }
        return PolicySafety(
            headroom: headroom,
            minimum: bounds?.minimum,
            maximum: bounds?.maximum,
            tierBytes: tier,
            calibration: calibration?.shared,
            lawCalibrations: calibration?.perLaw ?? [:],
            rescue: rescue ?? nil,
            canaryShare: canaryShare
        )
    }

    private mutating func readRescue(_ element: JSONElement, logic: PolicyLogic?) -> PolicyRescue? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let headroom = object.required("headroom", reporting: &collector)?.number(in: 0...10, reporting: &collector)
        let calibration = object.optional("calibration").map { readCalibrations($0, logic: logic) }
        object.finish(reporting: &collector)
        guard let headroom else { return nil }
        return PolicyRescue(
            headroom: headroom,
            calibration: calibration?.shared,
            lawCalibrations: calibration?.perLaw ?? [:]
        )
    }

    private mutating func readBounds(_ element: JSONElement) -> (minimum: Int?, maximum: Int?) {
        guard var object = element.object(reporting: &collector) else { return (nil, nil) }
        let minimum = object.optional("min")?.integer(reporting: &collector)
        let maximum = object.optional("max")?.integer(in: 4096...(1 << 53), reporting: &collector)
        object.finish(reporting: &collector)
        if let minimum, let maximum, minimum > maximum {
            collector.error(
                at: element.path,
                .boundsReversed,
                "min is \(minimum), which is above max, \(maximum); swap them"
            )
        }
        return (minimum, maximum)
    }

    // MARK: Names

    /// Reports a name that is none: 1 to 64 letters, digits and underscores, not a digit first, not a function's name.
    mutating func isName(_ name: String, at path: JSONPath) -> Bool {
        let bytes = name.utf8
        guard (1...64).contains(bytes.count), bytes.allSatisfy(\.isWordByte), bytes.first?.isDigit == false else {
            collector.error(
                at: path,
                .badValue,
                "found \(quoted(name)), expected a name: 1 to 64 letters, digits and underscores, no digit first"
            )
            return false
        }
        guard !ExpressionCompiler.functions.contains(where: { $0.name == name }) else {
            collector.error(at: path, .badValue, "the name \"\(name)\" is taken by a function, choose another")
            return false
        }
        return true
    }
}

extension Diagnostic.Code {
    /// The document says that it is of a form that is not known.
    public static let unknownSchema: Self = "unknown_schema"
    /// The least bound is above the greatest.
    public static let boundsReversed: Self = "bounds_reversed"
}
