public import Cgroup
import Glibc
public import Logging
import SystemPackage
public import Systemd

extension ConfigurationSources {
    /// The configuration file when the command line names none.
    public static let standardPath = "/etc/fuyun/agent.json"

    /// The largest configuration file that is read.
    private static let largest = 1 << 20

    /// The sources of this process: a file, its environment, its command line.
    ///
    /// - Parameters:
    ///   - file: The file that the command line names; nil: the standard one, which may be missing.
    ///   - assignments: `KEY=VALUE` from the command line.
    public static func process(
        file: String?,
        assignments: [String]
    ) throws(ConfigurationErrors) -> ConfigurationSources {
        var environment: [String: String] = [:]
        for setting in Setting.all {
            if let value = getenv(setting.environmentName) {
                environment[setting.environmentName] = String(cString: value)
            }
        }
        let path = file ?? getenv("FUYUN_CONFIG").map { String(cString: $0) } ?? standardPath
        do {
            let contents = try read(path)
            return ConfigurationSources(
                file: (path: path, contents: contents),
                environment: environment,
                assignments: assignments
            )
        } catch {
            if error == .noSuchFileOrDirectory, file == nil {
                return ConfigurationSources(file: nil, environment: environment, assignments: assignments)
            }
            throw ConfigurationErrors(diagnostics: [
                ConfigurationDiagnostic(place: path, message: "cannot be read: \(error)")
            ])
        }
    }

    private static func read(_ path: String) throws(Errno) -> [UInt8] {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
            return try descriptor.closeAfter {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 64 * 1024)
                while bytes.count <= largest {
                    let count = try buffer.withUnsafeMutableBytes { try descriptor.read(into: $0) }
                    if count == 0 { return bytes }
                    bytes += buffer[..<count]
                }
                throw Errno.fileTooLarge
            }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}

extension CgroupHierarchy {
    /// The tree that a configuration names; the standard mount point without one.
    public static func configured(_ configuration: AgentConfiguration?) throws(CgroupError) -> CgroupHierarchy {
        try CgroupHierarchy(mountPoint: FilePath(configuration?.cgroups.mount ?? "/sys/fs/cgroup"))
    }
}

extension AgentSurroundings {
    /// This machine: its cgroup tree, its kernel, the service manager's sockets and bus.
    public static func thisMachine(_ configuration: AgentConfiguration, logger: Logger) throws -> AgentSurroundings {
        var sockets: [String: CInt] = [:]
        let names = Set(SocketRole.allCases.map(\.rawValue))
        if var passed = try ListenDescriptors.inherited(expecting: names) {
            for name in passed.names { sockets[name] = try passed.take(name) }
        }
        return AgentSurroundings(
            hierarchy: try .configured(configuration),
            bus: configuration.systemdCeilings ? SystemBus() : nil,
            sockets: sockets,
            logger: logger
        )
    }
}

/// Sets the process's logging up: to the journal under systemd, else to standard error.
public enum AgentLogging {
    /// Sets it up, once per process, and makes the agent's logger.
    public static func bootstrap(level: Logger.Level) throws(SystemdError) -> Logger {
        if JournalLogHandler.isAvailable {
            let factory = try JournalLogHandler.factory(identifier: "fuyun-agent", level: level)
            LoggingSystem.bootstrap(factory, metadataProvider: nil)
        } else {
            LoggingSystem.bootstrap { _ in StandardErrorLogHandler(level: level) }
        }
        return Logger(label: "fuyun.agent")
    }
}
