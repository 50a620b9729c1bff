import FuyunPolicy
import FuyunProtocol
import MemoryUnits

/// What the store takes at most, and the errors that say so.
enum Bounds {
    /// Names, words, authors, digests: UTF-8 bytes.
    static let name = 256
    /// Sentences for people: UTF-8 bytes.
    static let message = 4096
    /// An author's notes, a policy's text: UTF-8 bytes.
    static let notes = 256 << 10
    /// The record of a draft: UTF-8 bytes.
    static let draft = 1 << 20
    /// The source that a function is drafted from, with all that was said of it: UTF-8 bytes.
    static let source = 4 << 20
    /// Drafts of a function that stay.
    static let draftsOfFunction = 20
    /// Features of an observation.
    static let features = 64
    /// Rows of one answer.
    static let rows = 100_000
    /// Changes of status at once.
    static let statusChanges = 64

    /// A row count that SQL can be given: a negative one would mean all.
    static func clip(_ limit: Int) -> Int { min(max(limit, 0), rows) }

    /// Checks a text's length, and that it has no NUL.
    static func check(
        _ text: String?,
        _ field: String,
        _ length: ClosedRange<Int>
    ) throws(StoreError) {
        guard let text else { return }
        let count = text.utf8.count
        guard length.contains(count) else {
            throw StoreError(
                .invalid,
                "\(field): found \(count) bytes, expected \(length.lowerBound)…\(length.upperBound)"
            )
        }
        guard !text.utf8.contains(0) else { throw StoreError(.invalid, "\(field): has a NUL character") }
    }

    /// Checks a function's name.
    static func check(function name: String, _ field: String = "function") throws(StoreError) {
        guard PolicyDocument.isFunctionName(name) else {
            throw StoreError(
                .invalid,
                "\(field): found \(clipped(name)), expected 1…256 of A-Z a-z 0-9 . _ @ : / -"
            )
        }
    }

    /// Checks a node's name.
    static func check(node name: String, _ field: String = "node") throws(StoreError) {
        try check(name, field, 1...self.name)
        guard name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw StoreError(.invalid, "\(field): has control characters")
        }
    }

    static func check(_ registration: FunctionRegistration) throws(StoreError) {
        try check(function: registration.name)
        try check(registration.runtime, "runtime", 1...name)
        try check(registration.sourceDigest, "source_digest", 1...name)
        for (field, value) in [
            ("preset_bytes", registration.preset), ("minimum_bytes", registration.minimum),
            ("maximum_bytes", registration.maximum), ("tier_bytes", registration.tier),
        ] {
            guard let value else { continue }
            // What a JSON number carries exactly.
            guard value > .zero, value.rawValue <= 1 << 53 else {
                throw StoreError(.invalid, "\(field): found \(value.rawValue), expected 1…\(UInt64(1) << 53)")
            }
        }
        if let minimum = registration.minimum, let maximum = registration.maximum, minimum > maximum {
            throw StoreError(
                .invalid,
                "minimum_bytes: found \(minimum.rawValue), which is above maximum_bytes \(maximum.rawValue)"
            )
        }
    }

    static func check(_ event: NewEvent) throws(StoreError) {
        try check(event.kind, "kind", 1...name)
        if let function = event.function { try check(function: function) }
        if let node = event.node { try check(node: node) }
        try check(event.message, "message", 0...message)
    }

    static func check(_ result: DraftResult) throws(StoreError) {
        try check(result.model, "model", 1...name)
        try check(result.promptDigest, "prompt_digest", 1...name)
        try check(result.summary, "summary", 0...message)
        try check(result.record, "record", 0...draft)
        guard result.versions.count <= 16, result.calls >= 0, result.promptTokens >= 0, result.completionTokens >= 0,
            result.cost.map({ $0 >= 0 && $0.isFinite }) ?? true
        else { throw StoreError(.invalid, "a draft's figures are out of range") }
    }

    static func check(_ batch: ObservationBatch) throws(StoreError) {
        try check(node: batch.node)
        for (index, entry) in batch.records.enumerated() {
            let record = entry.record
            // The usual record passes without making a text.
            if PolicyDocument.isFunctionName(record.function), record.features.count <= features,
                isWord(record.reason), record.features.allSatisfy(isSound)
            {
                continue
            }
            let place = "observations[\(index)]"
            try check(function: record.function, "\(place).function")
            try check(record.reason, "\(place).reason", 1...name)
            guard record.features.count <= features else {
                throw StoreError(
                    .invalid,
                    "\(place).features: found \(record.features.count), expected at most \(features)"
                )
            }
            for feature in record.features {
                try check(feature.name, "\(place).features", 1...name)
                if case .category(let word) = feature.value {
                    try check(word, "\(place).features.\(feature.name)", 0...name)
                }
            }
        }
    }

    private static func isWord(_ text: String) -> Bool {
        (1...name).contains(text.utf8.count) && !text.utf8.contains(0)
    }

    private static func isSound(_ feature: ObservationRecord.Feature) -> Bool {
        guard isWord(feature.name) else { return false }
        return if case .category(let word) = feature.value { isWord(word) } else { true }
    }

    private static func clipped(_ text: String) -> String {
        text.utf8.count <= 64 ? "\"\(text)\"" : "a text of \(text.utf8.count) bytes"
    }
}
