public import Logging
public import Systemd

/// Sets the process's logging up: to the journal under systemd, else to standard error.
public enum CoordinatorLogging {
    /// Sets it up, once per process, and makes the coordinator's logger.
    public static func bootstrap(level: Logger.Level) throws(SystemdError) -> Logger {
        if JournalLogHandler.isAvailable {
            let factory = try JournalLogHandler.factory(identifier: "fuyun-coordinator", level: level)
            LoggingSystem.bootstrap(factory, metadataProvider: nil)
        } else {
            LoggingSystem.bootstrap { _ in StandardErrorLogHandler(level: level) }
        }
        return Logger(label: "fuyun.coordinator")
    }
}
