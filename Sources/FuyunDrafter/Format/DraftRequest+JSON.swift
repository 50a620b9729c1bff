import FuyunPolicy
import MemoryUnits

extension DraftRequest {
    func value(forCoordinator: Bool) -> JSONValue {
        .object([
            ("schema", .string(Self.schema)),
            ("function", .string(function)),
            ("runtime", runtime.map { .string($0) }),
            ("source", source.fitted(bytes: Self.maximumSource).value),
            ("grant", forCoordinator ? nil : grant.value),
            ("payload", payload?.json),
            ("knowledge", forCoordinator || knowledge.isEmpty ? nil : .array(knowledge.map(\.value))),
            ("evidence", forCoordinator ? nil : evidence?.value),
        ])
    }

    init?(
        _ element: JSONElement,
        function given: String?,
        grant granted: SafetyBounds?,
        _ collector: inout DiagnosticCollector
    ) {
        guard var object = element.object(reporting: &collector) else { return nil }
        object.schema(Self.schema, &collector)
        let named = object.optional("function")
        let runtime = object.optional("runtime")?.string(length: 1...128, reporting: &collector)
        let source = object.required("source", reporting: &collector).flatMap { SourceBundle($0, &collector) }
        let bounds = object.optional("grant").flatMap { SafetyBounds($0, &collector) }
        let payload = object.optional("payload").flatMap { PayloadShape($0, reporting: &collector) }
        let notes = object.optional("knowledge")?.elements(count: 0...64, reporting: &collector) ?? []
        let evidence = object.optional("evidence").flatMap { DraftEvidence($0, &collector) }
        object.finish(reporting: &collector)
        let name = given ?? named.flatMap { $0.string(reporting: &collector) }
        guard let name, PolicyDocument.isFunctionName(name) else {
            collector.error(
                at: element.path.key("function"),
                .badValue,
                "expected a function's name such as \"guest/resize\""
            )
            return nil
        }
        guard let grant = granted ?? bounds else {
            collector.error(
                at: element.path.key("grant"),
                .missingKey,
                "what may the function be given? expected bounds"
            )
            return nil
        }
        guard let source else { return nil }
        self.init(
            function: name,
            runtime: runtime,
            source: source,
            grant: grant,
            payload: payload,
            knowledge: notes.compactMap { KnowledgeNote($0, &collector) },
            evidence: evidence
        )
    }
}

extension SourceBundle {
    /// As many files as fit, in the order of the prompt; the others are named among the omissions.
    fileprivate func fitted(bytes: Int) -> SourceBundle {
        var room = bytes
        var fitted = self
        fitted.files = []
        fitted.omitted = Array(omitted.prefix(512))
        for file in PromptSource.ordered(files) {
            let size =
                file.path.utf8.count + file.text.utf8.reduce(0) { $0 + ($1 < 32 || $1 == 0x22 || $1 == 0x5C ? 2 : 1) }
            if size <= room {
                room -= size
                fitted.files.append(file)
            } else {
                fitted.omitted.append(.init(path: file.path, reason: "too_large"))
            }
        }
        fitted.files.sort { $0.path < $1.path }
        return fitted
    }

    fileprivate var value: JSONValue {
        .object([
            ("files", .array(files.map { .object([("path", .string($0.path)), ("text", .string($0.text))]) })),
            (
                "omitted",
                .array(omitted.map { .object([("path", .string($0.path)), ("reason", .string($0.reason))]) })
            ),
            ("digest", .string(digest)),
            ("masked_secrets", .integer(maskedSecrets)),
        ])
    }

    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let files = object.required("files", reporting: &collector)?.elements(count: 0...256, reporting: &collector)
        let omitted = object.optional("omitted")?.elements(count: 0...1024, reporting: &collector) ?? []
        let digest = object.required("digest", reporting: &collector)?.string(length: 0...128, reporting: &collector)
        let masked = object.optional("masked_secrets")?.integer(reporting: &collector) ?? 0
        object.finish(reporting: &collector)
        guard let files, let digest else { return nil }
        self.init(
            files: files.compactMap { Self.pair($0, "path", "text", &collector).map { File(path: $0, text: $1) } },
            omitted: omitted.compactMap {
                Self.pair($0, "path", "reason", &collector).map { Omission(path: $0, reason: $1) }
            },
            digest: digest,
            maskedSecrets: masked
        )
    }

    fileprivate static func pair(
        _ element: JSONElement,
        _ first: String,
        _ second: String,
        _ collector: inout DiagnosticCollector
    ) -> (String, String)? {
        guard var object = element.object(reporting: &collector) else { return nil }
        let left = object.required(first, reporting: &collector)?.string(reporting: &collector)
        let right = object.required(second, reporting: &collector)?.string(reporting: &collector)
        object.finish(reporting: &collector)
        guard let left, let right else { return nil }
        return (left, right)
    }
}

extension KnowledgeNote {
    fileprivate var value: JSONValue { .object([("name", .string(name)), ("text", .string(text))]) }

    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard let (name, text) = SourceBundle.pair(element, "name", "text", &collector) else { return nil }
        self.init(name: name, text: text)
    }
}

extension SafetyBounds {
    /// A maximum or preset without end is left out.
    fileprivate var value: JSONValue {
        .object([
            ("min", .integer(minimum.rawValue)), ("max", maximum == .max ? nil : .integer(maximum.rawValue)),
            ("preset", preset == .max ? nil : .integer(preset.rawValue)), ("tier_bytes", .integer(tier.rawValue)),
        ])
    }

    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let minimum = object.required("min", reporting: &collector)?.integer(reporting: &collector)
        let maximum = object.optional("max").map { $0.integer(reporting: &collector) }
        let preset = object.optional("preset").map { $0.integer(reporting: &collector) }
        let tier = object.required("tier_bytes", reporting: &collector)?.integer(reporting: &collector)
        object.finish(reporting: &collector)
        guard let minimum, let tier else { return nil }
        self.init(
            minimum: Bytes(UInt64(minimum)),
            maximum: (maximum ?? nil).map { Bytes(UInt64($0)) } ?? .max,
            preset: (preset ?? nil).map { Bytes(UInt64($0)) } ?? .max,
            tier: Bytes(UInt64(tier))
        )
    }
}

extension DraftEvidence {
    fileprivate var value: JSONValue {
        .object([
            ("reason", .string(reason)),
            ("features", .array(features.map { .string($0) })),
            (
                "rows",
                .array(
                    rows.map {
                        .object([
                            ("values", .array($0.values.map { .string($0) })), ("need", .integer($0.need.rawValue)),
                            ("censored", JSONValue(.bool($0.isCensored))),
                            ("predicted", $0.predicted.map { .integer($0.rawValue) }),
                        ])
                    }
                )
            ),
            (
                "tried",
                .array(
                    tried.map {
                        .object([("formula", .string($0.formula)), ("relative_error", .number($0.relativeError))])
                    }
                )
            ),
        ])
    }

    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let reason = object.required("reason", reporting: &collector)?.string(reporting: &collector)
        let features = object.required("features", reporting: &collector)?.elements(
            count: 0...64,
            reporting: &collector
        )
        let rows = object.required("rows", reporting: &collector)?.elements(count: 0...1000, reporting: &collector)
        let tried = object.required("tried", reporting: &collector)?.elements(count: 0...64, reporting: &collector)
        object.finish(reporting: &collector)
        guard let reason, let features, let rows, let tried else { return nil }
        self.init(
            reason: reason,
            features: features.compactMap { $0.string(reporting: &collector) },
            rows: rows.compactMap { Row($0, &collector) },
            tried: tried.compactMap { Attempt($0, &collector) }
        )
    }
}

extension DraftEvidence.Row {
    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let values = object.required("values", reporting: &collector)?.elements(count: 0...64, reporting: &collector)
        let need = object.required("need", reporting: &collector)?.integer(reporting: &collector)
        let censored = object.required("censored", reporting: &collector)?.bool(reporting: &collector)
        let predicted = object.optional("predicted")?.integer(reporting: &collector)
        object.finish(reporting: &collector)
        guard let values, let need, let censored else { return nil }
        self.init(
            values: values.compactMap { $0.string(reporting: &collector) },
            need: Bytes(UInt64(need)),
            isCensored: censored,
            predicted: predicted.map { Bytes(UInt64($0)) }
        )
    }
}

extension DraftEvidence.Attempt {
    fileprivate init?(_ element: JSONElement, _ collector: inout DiagnosticCollector) {
        guard var object = element.object(reporting: &collector) else { return nil }
        let formula = object.required("formula", reporting: &collector)?.string(reporting: &collector)
        // An error without end is written as null.
        let error = object.optional("relative_error").flatMap {
            $0.isNull ? .infinity : $0.number(reporting: &collector)
        }
        object.finish(reporting: &collector)
        guard let formula, let error else { return nil }
        self.init(formula: formula, relativeError: error)
    }
}
