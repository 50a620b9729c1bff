internal import Configuration

/// One line of a daemon's configuration: its key, what it may hold, and what holds when nobody says anything.
///
/// A daemon's `SettingTable` is the only place where its keys exist: the file, the environment, the command line and the
/// documentation all follow it.
public struct Setting: Sendable {
    /// What values a setting takes.
    enum Kind: Sendable, Equatable {
        /// Text; empty only when `empty`.
        case text(empty: Bool)
        /// A list of texts.
        case texts
        /// A whole number within a range.
        case whole(ClosedRange<Int>)
        /// A number within a range.
        case number(ClosedRange<Double>)
        /// `true` or `false`.
        case flag
        /// One of some words.
        case word([String])
    }

    /// Section and name, separated by a point.
    public let key: String
    /// One line for people, with the unit.
    public let summary: String
    /// What it may hold.
    let kind: Kind
    /// What it holds when nobody says anything.
    let standard: ConfigContent

    private init(_ key: String, _ kind: Kind, _ standard: ConfigContent, _ summary: String) {
        precondition(key.split(separator: ".").count == 2, "\(key): expected section.name")
        self.key = key
        self.kind = kind
        self.standard = standard
        self.summary = summary
    }

    /// Text that is not empty.
    public static func text(_ key: String, _ standard: String, _ summary: String) -> Setting {
        Setting(key, .text(empty: false), .string(standard), summary)
    }

    /// Text that may be left out: empty is none, and so is the default.
    public static func optionalText(_ key: String, _ summary: String) -> Setting {
        Setting(key, .text(empty: true), .string(""), summary)
    }

    /// A list of texts.
    public static func texts(_ key: String, _ standard: [String], _ summary: String) -> Setting {
        Setting(key, .texts, .stringArray(standard), summary)
    }

    /// A whole number within a range.
    public static func whole(
        _ key: String,
        _ range: ClosedRange<Int>,
        _ standard: Int,
        _ summary: String
    ) -> Setting {
        Setting(key, .whole(range), .int(standard), summary)
    }

    /// A number within a range.
    public static func number(
        _ key: String,
        _ range: ClosedRange<Double>,
        _ standard: Double,
        _ summary: String
    ) -> Setting {
        Setting(key, .number(range), .double(standard), summary)
    }

    /// A share between 0 and 1.
    public static func share(_ key: String, _ standard: Double, _ summary: String) -> Setting {
        number(key, 0...1, standard, summary)
    }

    /// `true` or `false`.
    public static func flag(_ key: String, _ standard: Bool, _ summary: String) -> Setting {
        Setting(key, .flag, .bool(standard), summary)
    }

    /// One of some words.
    public static func word(_ key: String, _ words: [String], _ standard: String, _ summary: String) -> Setting {
        Setting(key, .word(words), .string(standard), summary)
    }

    /// The least severe log message that is written; every daemon has it.
    public static let logLevel = word(
        "log.level",
        ["trace", "debug", "info", "notice", "warning", "error", "critical"],
        "info",
        "least severe log message that is written"
    )

    /// The key's parts.
    var components: [String] { key.split(separator: ".").map(String.init) }

    /// What the setting may hold, in words, for diagnostics and the table in the documentation.
    var expectation: String {
        switch kind {
        case .text(let empty): empty ? "text, may be empty" : "text"
        case .texts: "a list of texts"
        case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))"
        case .flag: "true or false"
        case .word(let words): "one of " + words.joined(separator: ", ")
        }
    }

    /// The default as it stands in a JSON file.
    var standardText: String {
        switch standard {
        case .string(let text): "\"\(text)\""
        case .int(let value): String(value)
        case .double(let value): Self.plain(value)
        case .bool(let value): String(value)
        case .stringArray(let texts): "[" + texts.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        default: ""
        }
    }

    private static func plain(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? String(value)
    }

    /// Whether a value of the right type is one that the setting may hold.
    func accepts(_ content: ConfigContent) -> Bool {
        switch (kind, content) {
        case (.text(let empty), .string(let text)): empty || !text.isEmpty
        case (.texts, .stringArray(let texts)): texts.count <= 1000 && !texts.contains("")
        case (.whole(let range), .int(let value)): range.contains(value)
        case (.number(let range), .double(let value)): range.contains(value)
        case (.flag, .bool): true
        case (.word(let words), .string(let word)): words.contains(word)
        default: false
        }
    }

    /// Reads a value from text, as on the command line; nil when it is not one.
    func parse(_ text: String) -> ConfigContent? {
        let content: ConfigContent? =
            switch kind {
            case .text, .word: .string(text)
            case .texts: .stringArray(text.split(separator: ",").map(String.init))
            case .whole: Int(text).map(ConfigContent.int)
            case .number: Double(text).map(ConfigContent.double)
            case .flag: Bool(text).map(ConfigContent.bool)
            }
        guard let content, accepts(content) else { return nil }
        return content
    }
}
