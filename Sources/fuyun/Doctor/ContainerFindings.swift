import Cgroup
import FuyunPolicy

/// What the doctor looks at in container runtimes: who owns the scopes of containers, and where they are.
struct ContainerFindings {
    let machine: Machine
    let settings: AgentSettings

    /// The most cgroups that are walked through.
    private static let mostCgroups = 20_000

    /// All findings.
    func findings(in hierarchy: CgroupHierarchy?) -> [Finding] {
        var findings = [docker, podman, kubernetes, crun].compactMap(\.self)
        if findings.isEmpty {
            findings.append(
                .warning(
                    "container runtimes",
                    "no docker, podman, kubelet or crun found",
                    "Cgroups of other makers are managed when cgroup.containers in \(settings.path) names them."
                )
            )
        }
        if let hierarchy { findings.append(containers(in: hierarchy)) }
        return findings
    }

    private var hasSystemd: Bool { machine.exists("/run/systemd/system") }

    private static let ownedBySystemd =
        "systemd owns the scopes, so the agent tells it each ceiling, and a daemon-reload loses nothing"

    // MARK: Runtimes

    private var docker: Finding? {
        guard machine.program("dockerd") != nil || machine.program("docker") != nil else { return nil }
        guard machine.program("dockerd") != nil || machine.exists("/run/docker.sock") else {
            return .good("docker", "only the client is here")
        }
        let options = machine.text("/etc/docker/daemon.json")
            .flatMap { try? JSONDocument.parse(Array($0.utf8)).root }?["exec-opts"]?.elements.compactMap(\.text)
        let driver = options?.last { $0.hasPrefix("native.cgroupdriver=") }?.dropFirst(20)
        return owner(
            "docker",
            isSystemd: driver.map { $0 == "systemd" } ?? hasSystemd,
            systemd: "system.slice",
            plain: "docker"
        )
    }

    private var podman: Finding? {
        guard machine.program("podman") != nil else { return nil }
        let manager = ["/etc/containers/containers.conf", "/usr/share/containers/containers.conf"]
            .lazy.compactMap { machine.text($0) }.compactMap { Self.value("cgroup_manager", inTOML: $0) }.first
        return owner(
            "podman",
            isSystemd: manager.map { $0 == "systemd" } ?? hasSystemd,
            systemd: "machine.slice",
            plain: "libpod_parent"
        )
    }

    private var kubernetes: Finding? {
        guard machine.program("kubelet") != nil || machine.exists("/var/lib/kubelet/config.yaml") else { return nil }
        let driver = machine.text("/var/lib/kubelet/config.yaml")?.split(separator: "\n")
            .first { $0.hasPrefix("cgroupDriver:") }?.dropFirst(13).drop { $0 == " " }
        return owner(
            "kubernetes",
            isSystemd: driver.map { $0 == "systemd" } ?? true,
            systemd: "kubepods.slice",
            plain: "kubepods"
        )
    }

    private var crun: Finding? {
        guard machine.program("crun") != nil else { return nil }
        return .good(
            "crun",
            "there; under systemd its processes live in SCOPE/container, with the limit on both levels, and the "
                + "agent knows"
        )
    }

    private func owner(_ runtime: String, isSystemd: Bool, systemd: String, plain: String) -> Finding {
        let parent = isSystemd ? systemd : plain
        let driver = isSystemd ? "cgroup driver systemd, \(Self.ownedBySystemd)" : "cgroup driver cgroupfs"
        let patterns = settings.containers.compactMap { ContainerPath.PlainRoot($0)?.path }
        guard (settings.roots + patterns).contains(parent) else {
            return .problem(
                runtime,
                "its containers are below \(parent), where the agent does not look",
                "Add \"\(parent)\" to cgroup.roots in \(settings.path)."
            )
        }
        return .good(runtime, "containers below \(parent); \(driver)")
    }

    /// The value of a key of a TOML file, when it is a plain string on a line of its own.
    static func value(_ key: String, inTOML text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, parts[0].filter({ $0 != " " && $0 != "\t" }) == key else { continue }
            let quoted = parts[1].drop { $0 == " " || $0 == "\t" }
            guard let quote = quoted.first, quote == "\"" || quote == "'" else { return nil }
            return String(quoted.dropFirst().prefix { $0 != quote })
        }
        return nil
    }

    // MARK: Containers

    private func containers(in hierarchy: CgroupHierarchy) -> Finding {
        let subject = "containers"
        let plainRoots = settings.containers.compactMap { ContainerPath.PlainRoot($0) }
        var counts: [ContainerPath.Runtime: Int] = [:]
        var blind: [String] = []
        var open = settings.roots + plainRoots.map(\.path).filter { !settings.roots.contains($0) }
        var walked = 0
        while let path = open.popLast(), walked < Self.mostCgroups {
            walked += 1
            guard let directory = try? hierarchy.directory(at: path) else { continue }
            if let container = ContainerPath.parse(path, plainRoots: plainRoots), container.path == path {
                counts[container.runtime, default: 0] += 1
                if (try? directory.hasMemoryController()) == false { blind.append(path) }
                continue
            }
            open += ((try? directory.childNames(limit: Self.mostCgroups)) ?? []).map { "\(path)/\($0)" }
        }
        if let first = blind.first {
            return .problem(
                subject,
                "\(blind.count) without memory.max, such as /\(first)",
                "The memory controller is off there: start the containers with a memory limit, or systemctl "
                    + "set-property their slice "
                    + "MemoryAccounting=yes."
            )
        }
        let total = counts.values.reduce(0, +)
        guard total > 0 else { return .good(subject, "none is running") }
        let kinds = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
        return .good(subject, "\(total) running: \(kinds.joined(separator: ", "))")
    }
}
