import Glibc
public import Logging

/// Writes log events to standard error for people: `warning  message key=value`.
///
/// For runs from a terminal or under a supervisor that keeps the time itself; each event is one line and one write.
public struct StandardErrorLogHandler: LogHandler {
    /// The least severe level that is written.
    public var logLevel: Logger.Level
    /// Metadata of every event of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata from the context of the call.
    public var metadataProvider: Logger.MetadataProvider?

    /// Makes a handler.
    public init(level: Logger.Level = .info, metadataProvider: Logger.MetadataProvider? = nil) {
        self.logLevel = level
        self.metadataProvider = metadataProvider
    }

    /// Metadata of every event of this logger, by key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event.
    public func log(event: LogEvent) {
        var line = Self.line(for: event, metadata: merged(event))
        line.withUTF8 { bytes in
            // Nothing sensible is left to do when standard error is gone.
            _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }

    /// The line for an event, its line break included.
    static func line(for event: LogEvent, metadata: Logger.Metadata) -> String {
        let level = event.level.rawValue
        let padding = String(repeating: " ", count: max(1, 9 - level.count))
        let message = ServiceNotifier.singleLine(event.message.description, longest: JournalFields.longestMessage)
        let values = JournalFields.keyValues(JournalFields.flattened(metadata))
        return level + padding + message + (values.isEmpty ? "" : " " + values) + "\n"
    }
}
