public import Cgroup
public import Logging
import SystemPackage
public import Systemd

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
