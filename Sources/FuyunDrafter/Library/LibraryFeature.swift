import FuyunPolicy

/// Something of payloads that a library form can follow: a number, a length, a size.
struct LibraryFeature {
    /// The most features that are taken; a policy has at most 16 variables.
    static let maximum = 12

    /// What a name suggests.
    enum Role {
        case width, height, rate, duration
        /// The edge of something square.
        case order
        case other
    }

    var variable: PolicyVariable
    var role: Role
    /// What it is, in words.
    var meaning: String
    /// About the largest that was seen.
    var largest: Double
    var isBytes: Bool
    private var score: Double

    var name: String { variable.name }

    /// The features of payloads, what is likely to matter first.
    static func features(of shape: PayloadShape) -> [LibraryFeature] {
        var found: [LibraryFeature] = []
        var pointers: Set<String> = []
        // A place that holds numbers in some payloads and numeric texts in others is read by `number_of`, which takes both.
        let mixed = Set(shape.leaves.filter { $0.kind == .numericText }.map(\.pointer))
        for leaf in shape.leaves where !leaf.pointer.split(separator: "/").contains("*") && !leaf.pointer.isEmpty {
            guard !pointers.contains(leaf.pointer),
                let feature = LibraryFeature(leaf, isText: mixed.contains(leaf.pointer))
            else { continue }
            pointers.insert(leaf.pointer)
            found.append(feature)
        }
        if let range = shape.bodyBytes, range.upper > 0 { found.append(LibraryFeature(bodyBytes: range)) }
        let best = found.enumerated()
            .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
            .prefix(maximum)
            .map(\.element)
        return named(best)
    }

    private init?(_ leaf: PayloadLeaf, isText: Bool) {
        guard let range = leaf.range, range.upper > 0, range.lower >= 0 else { return nil }
        let source: FeatureSource
        let words: String
        switch leaf.kind {
        case .number, .numericText:
            source = isText ? .numberOf(pointer: leaf.pointer) : .json(pointer: leaf.pointer)
            words = "the number at \(leaf.pointer)"
        case .array:
            source = .jsonLength(pointer: leaf.pointer)
            words = "the elements of \(leaf.pointer)"
        case .object:
            // Most objects always have the same members.
            guard range.upper >= 4 * max(range.lower, 1) else { return nil }
            source = .jsonLength(pointer: leaf.pointer)
            words = "the members of \(leaf.pointer)"
        case .text:
            // Short texts are names and words.
            guard range.upper >= 256 else { return nil }
            source = .jsonLength(pointer: leaf.pointer)
            words = "the length of the text at \(leaf.pointer)"
        case .boolean, .null: return nil
        }
        let word = leaf.pointer.split(separator: "/").last.map(String.init) ?? "value"
        self.init(word: word, source: source, range: range, meaning: words, isText: leaf.kind == .text)
    }

    private init(bodyBytes range: MagnitudeRange) {
        self.init(word: "body_bytes", source: .bodyBytes, range: range, meaning: "the length of the body", isText: true)
    }

    private init(word: String, source: FeatureSource, range: MagnitudeRange, meaning: String, isText: Bool) {
        let lower = word.lowercased()
        role = Self.role(lower)
        self.meaning = meaning
        largest = range.upper
        isBytes = isText || lower.hasSuffix("bytes")
        // What varies by large factors is what memory can follow.
        var factor = range.upper / max(range.lower, 1)
        score = 0
        while factor > 1, score < 20 {
            factor /= 2
            score += 1
        }
        if role != .other { score += 8 }
        if Self.sizes.contains(where: { lower.contains($0) }) { score += 6 }
        if Self.labels.contains(where: { lower.hasSuffix($0) || lower.hasPrefix($0) }) { score -= 12 }
        if case .bodyBytes = source { score -= 2 }
        variable = PolicyVariable(
            name: Self.identifier(lower),
            kind: .number,
            unit: isBytes ? Unit.bytes.rawValue : nil,
            range: 0...max(range.upper, 1) * 64,
            source: source
        )
    }

    private static let sizes = [
        "size", "length", "count", "num", "len", "rows", "columns", "pages", "items", "limit", "bytes", "pixels",
        "frames",
        "vertices", "nodes", "edges", "batch", "depth",
    ]
    private static let labels = [
        "id", "time", "date", "timestamp", "port", "seed", "version", "year", "phone", "zip", "code",
    ]

    private static func role(_ word: String) -> Role {
        switch word {
        case "width", "w", "image_width", "video_width": .width
        case "height", "h", "image_height", "video_height": .height
        case "fps", "framerate", "frame_rate", "frames_per_second": .rate
        case "duration", "duration_s", "seconds", "length_s": .duration
        case "n", "size", "dim", "dimension", "order", "matrix_size": .order
        default: .other
        }
    }

    /// A name as a policy's variables have it.
    private static func identifier(_ word: String) -> String {
        var name = ""
        for byte in word.utf8.prefix(40) {
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            name += isLetter || isDigit ? String(Character(Unicode.Scalar(byte))) : "_"
        }
        let isTaken = ["min", "max", "abs", "sqrt", "log", "ceil", "floor", "base", ""].contains(name)
        return isTaken || name.first?.isNumber == true ? "x_" + name : name
    }

    /// Gives features of the same name numbers.
    private static func named(_ features: [LibraryFeature]) -> [LibraryFeature] {
        var taken: Set<String> = []
        return features.map { feature in
            var feature = feature
            let name = feature.variable.name
            var number = 2
            while !taken.insert(feature.variable.name).inserted {
                feature.variable.name = "\(name)_\(number)"
                number += 1
            }
            return feature
        }
    }

    /// A number of three digits, so that nobody takes a placeholder for a measurement.
    static func rounded(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return 0 }
        var scale = 1.0
        while value * scale < 100, scale < 1e15 { scale *= 10 }
        return (value * scale).rounded() / scale
    }
}
