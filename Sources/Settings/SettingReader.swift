internal import Configuration
public import MemoryUnits

/// The settings of a daemon as its sources give them, by key; collects what is wrong with them.
///
/// A value that is not one reads as its default: the reader's owner can go on and find further mistakes.
public struct SettingReader {
    /// What is wrong, so far.
    public private(set) var diagnostics: [ConfigurationDiagnostic]
    private let values: [String: ConfigContent]
    private let overrides: [String: [String: ConfigContent]]

    init(
        values: [String: ConfigContent],
        overrides: [String: [String: ConfigContent]],
        diagnostics: [ConfigurationDiagnostic]
    ) {
        self.values = values
        self.overrides = overrides
        self.diagnostics = diagnostics
    }

    /// Reports what the table cannot say: that two settings do not go together, or that a text is not of the form that it
    /// must have.
    public mutating func report(place: String, _ message: String) {
        diagnostics.append(ConfigurationDiagnostic(place: place, message: message))
    }

    /// Readers of the settings of single things, by name: what such a thing does not say holds as for all.
    public var entries: [String: SettingReader] {
        overrides.mapValues {
            SettingReader(values: values.merging($0) { _, own in own }, overrides: [:], diagnostics: [])
        }
    }

    /// A text or a word.
    public func text(_ key: String) -> String {
        if case .string(let text) = self[key] { text } else { wrongType(key) }
    }

    /// A text; nil when it is empty.
    public func textOrNone(_ key: String) -> String? {
        let text = text(key)
        return text.isEmpty ? nil : text
    }

    /// A list of texts.
    public func texts(_ key: String) -> [String] {
        if case .stringArray(let texts) = self[key] { texts } else { wrongType(key) }
    }

    /// A whole number.
    public func whole(_ key: String) -> Int {
        if case .int(let value) = self[key] { value } else { wrongType(key) }
    }

    /// A number or a share.
    public func number(_ key: String) -> Double {
        if case .double(let value) = self[key] { value } else { wrongType(key) }
    }

    /// `true` or `false`.
    public func flag(_ key: String) -> Bool {
        if case .bool(let value) = self[key] { value } else { wrongType(key) }
    }

    /// An amount of memory.
    public func bytes(_ key: String) -> Bytes { Bytes(UInt64(whole(key))) }

    /// An amount of memory; nil when it is 0.
    public func bytesOrNone(_ key: String) -> Bytes? {
        let bytes = bytes(key)
        return bytes == .zero ? nil : bytes
    }

    /// A time in milliseconds.
    public func milliseconds(_ key: String) -> Duration { .milliseconds(whole(key)) }

    /// A time in seconds.
    public func seconds(_ key: String) -> Duration { .seconds(whole(key)) }

    private subscript(_ key: String) -> ConfigContent? { values[key] }

    private func wrongType(_ key: String) -> Never {
        preconditionFailure("the table has no setting \(key) of this type")
    }
}
