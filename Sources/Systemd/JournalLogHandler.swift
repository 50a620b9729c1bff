import Glibc
public import Logging

/// Writes log events to the systemd journal, with each metadata value as a field of its own.
///
/// Fields: MESSAGE (message and metadata in one line), PRIORITY, SYSLOG_IDENTIFIER, CODE_FILE, CODE_LINE, CODE_FUNC,
/// the logger's label, and `FUYUN_<KEY>` for every metadata key. Logging does not wait for journald (an error at most 5
/// ms): what it does not take is dropped, and the next entry that arrives says how many were lost before it.
public struct JournalLogHandler: LogHandler {
    /// The least severe level that is written.
    public var logLevel: Logger.Level
    /// Metadata of every event of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Adds metadata from the context of the call.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let identifier: String
    private let prefix: String
    private let socket: JournalSocket

    /// Makes a factory for `LoggingSystem.bootstrap`; all its loggers share one socket.
    ///
    /// - Parameters:
    ///   - identifier: SYSLOG_IDENTIFIER, the program's name.
    ///   - level: The least severe level that is written.
    ///   - prefix: What metadata fields begin with: upper-case letters and `_`, and a letter first.
    ///
    /// Throws `SystemdError` when no socket can be made.
    public static func factory(
        identifier: String,
        level: Logger.Level = .info,
        prefix: String = "FUYUN_"
    ) throws(SystemdError) -> @Sendable (_ label: String, _ provider: Logger.MetadataProvider?) -> any LogHandler {
        try factory(identifier: identifier, level: level, prefix: prefix, path: JournalSocket.defaultPath)
    }

    static func factory(
        identifier: String,
        level: Logger.Level = .info,
        prefix: String = "FUYUN_",
        path: String
    ) throws(SystemdError) -> @Sendable (_ label: String, _ provider: Logger.MetadataProvider?) -> any LogHandler {
        let socket = try JournalSocket(path: path)
        return { label, provider in
            JournalLogHandler(
                logLevel: level,
                metadataProvider: provider,
                label: label,
                identifier: identifier,
                prefix: prefix,
                socket: socket
            )
        }
    }

    private init(
        logLevel: Logger.Level,
        metadataProvider: Logger.MetadataProvider?,
        label: String,
        identifier: String,
        prefix: String,
        socket: JournalSocket
    ) {
        self.logLevel = logLevel
        self.metadataProvider = metadataProvider
        self.label = label
        self.identifier = identifier
        self.prefix = prefix
        self.socket = socket
    }

    /// Whether standard error is connected to the journal, so that its entries belong there and not on a terminal.
    ///
    /// systemd names the connection's device and inode in `JOURNAL_STREAM`; a redirection since then shows as another
    /// inode.
    public static var isAvailable: Bool {
        var status = stat()
        guard let variable = getenv("JOURNAL_STREAM"), fstat(STDERR_FILENO, &status) == 0 else { return false }
        return access(JournalSocket.defaultPath, F_OK) == 0
            && isStream(String(cString: variable), device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Whether the variable's `device:inode` is this file.
    static func isStream(_ variable: String, device: UInt64, inode: UInt64) -> Bool {
        variable == "\(device):\(inode)"
    }

    /// Metadata of every event of this logger, by key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one event.
    public func log(event: LogEvent) {
        let dropped = socket.takeDropped()
        var all = merged(event)
        if dropped > 0 { all["dropped_before"] = .stringConvertible(dropped) }
        let fields = JournalFields.fields(
            for: event,
            metadata: all,
            label: label,
            identifier: identifier,
            prefix: prefix
        )
        socket.send(JournalFields.encoded(fields), carrying: dropped, isImportant: event.level >= .error)
    }
}

extension LogHandler {
    /// The logger's own metadata, the provider's, the event's and its error; later ones win.
    func merged(_ event: LogEvent) -> Logger.Metadata {
        var all = metadata
        if let provider = metadataProvider { all.merge(provider.get()) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        if let error = event.error { all["error"] = .string("\(error)") }
        return all
    }
}
