import FuyunPolicy
import FuyunProtocol
import Glibc
import SystemPackage

/// What the doctor looks at in systemd and in `/run/fuyun`.
struct ServiceFindings {
    let machine: Machine
    let settings: AgentSettings

    /// The sockets' names and modes.
    private static let sockets: [(name: String, mode: mode_t)] = [
        ("function", 0o666), ("platform", 0o600), ("admin", 0o600),
    ]
    private static let service = "fuyun-agent.service"

    /// All findings, that of the agent's own answer included.
    func findings() async -> [Finding] {
        let units = hasSystemd ? units : [:]
        var findings = [systemd]
        if hasSystemd {
            findings += [service(units), socketUnits(units)]
        } else {
            findings.append(.skipped("units", "systemd is not running"))
        }
        findings += Self.sockets.map { socket($0.name, mode: $0.mode) }
        let isActive = units.isEmpty || units[Self.service]?["ActiveState"] == "active"
        findings.append(await answer(isActive: isActive, hasSocket: findings.last?.state == .good))
        return findings
    }

    // MARK: systemd

    private var hasSystemd: Bool { machine.exists("/run/systemd/system") }

    private var systemd: Finding {
        guard hasSystemd else {
            return .warning(
                "systemd",
                "not running here",
                "The agent works without it: start fuyun-agent yourself, as root, and keep it running. It then makes "
                    + "its own sockets."
            )
        }
        let text = machine.run(["systemctl", "--version"])?.output ?? ""
        let version = text.split(separator: "\n").first.map(String.init) ?? ""
        guard let number = version.split(separator: " ").dropFirst().first.flatMap({ Int($0.prefix { $0.isNumber }) })
        else {
            return .warning(
                "systemd",
                "running, but systemctl does not tell its version",
                "Look whether systemctl works: systemctl --version"
            )
        }
        guard number >= 249 else {
            return .warning(
                "systemd",
                version,
                "The units are made for systemd 252 and newer; older ones ignore some of their lines."
            )
        }
        return .good("systemd", version)
    }

    /// The properties of our units, by name.
    private var units: [String: [String: String]] {
        let names = [Self.service] + Self.sockets.map { "fuyun-\($0.name).socket" }
        let command =
            ["systemctl", "show", "--property=Id,LoadState,ActiveState,SubState,UnitFileState,Result"] + names
        guard let answer = machine.run(command), answer.status == 0 else { return [:] }
        var units: [String: [String: String]] = [:]
        var unit: [String: String] = [:]
        for line in answer.output.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.isEmpty {
                if let name = unit["Id"] { units[name] = unit }
                unit = [:]
            } else if let mark = line.firstIndex(of: "=") {
                unit[String(line[..<mark])] = String(line[line.index(after: mark)...])
            }
        }
        if let name = unit["Id"] { units[name] = unit }
        return units
    }

    private func service(_ units: [String: [String: String]]) -> Finding {
        let subject = Self.service
        guard let unit = units[subject] else {
            return .warning(
                subject,
                "systemctl show does not tell about it",
                "Look yourself: systemctl status fuyun-agent"
            )
        }
        let states = [unit["ActiveState"], unit["SubState"], unit["UnitFileState"]].compactMap(\.self).filter {
            !$0.isEmpty
        }
        let words = states.joined(separator: ", ")
        if unit["LoadState"] == "not-found" {
            return .problem(
                subject,
                "not installed",
                "Copy systemd/* of Fuyun to /etc/systemd/system, then: systemctl daemon-reload && systemctl enable "
                    + "--now fuyun-agent"
            )
        }
        if unit["LoadState"] != "loaded" {
            return .problem(
                subject,
                "systemd cannot load it: \(unit["LoadState"] ?? "?")",
                "systemctl status fuyun-agent says why."
            )
        }
        guard unit["ActiveState"] == "active" else {
            let result = unit["Result"].map { $0 == "success" ? "" : ", result \($0)" } ?? ""
            return .problem(
                subject,
                words + result,
                "systemctl enable --now fuyun-agent; why it ended: journalctl -u fuyun-agent -e"
            )
        }
        guard unit["UnitFileState"] == "enabled" else {
            return .warning(subject, words, "It will not start with the machine: systemctl enable fuyun-agent")
        }
        return .good(subject, words)
    }

    private func socketUnits(_ units: [String: [String: String]]) -> Finding {
        let subject = "socket units"
        let names = Self.sockets.map { "fuyun-\($0.name).socket" }
        let missing = names.filter { units[$0]?["LoadState"] != "loaded" }
        guard missing.isEmpty else {
            return .problem(
                subject,
                "not installed: \(missing.joined(separator: ", "))",
                "Without them calls go on without Fuyun while the agent restarts. Copy systemd/* of Fuyun to /etc/systemd/system."
            )
        }
        let idle = names.filter { units[$0]?["ActiveState"] != "active" }
        guard idle.isEmpty else {
            return .problem(
                subject,
                "not active: \(idle.joined(separator: ", "))",
                "systemctl enable --now \(idle.joined(separator: " "))"
            )
        }
        return .good(subject, "\(names.joined(separator: ", ")) active")
    }

    // MARK: Sockets

    private func socket(_ name: String, mode: mode_t) -> Finding {
        let path = "\(settings.runtime)/\(name).sock"
        let subject = "\(name).sock"
        var facts = stat()
        guard lstat(machine.path(path).string, &facts) == 0 else {
            let reason = Errno(rawValue: errno)
            return .problem(
                subject,
                reason == .noSuchFileOrDirectory ? "\(path) is not there" : "\(path): \(reason)",
                remedy(name)
            )
        }
        guard facts.st_mode & S_IFMT == S_IFSOCK else {
            return .problem(subject, "\(path) is no socket", "Move it away. \(remedy(name))")
        }
        let found = facts.st_mode & 0o777
        guard found == mode else {
            let consequence =
                found & ~mode != 0
                ? "Others than root can reach it and speak for any container, or see every tenant's functions."
                : "Those who need it cannot connect."
            return .problem(
                subject,
                "\(path) has mode \(octal(found)), not \(octal(mode))",
                "\(consequence) chmod \(octal(mode)) \(path)"
            )
        }
        guard isListening(path) != false else {
            return .problem(
                subject,
                "\(path) is there, but nobody listens",
                "An agent or a socket unit that ended left it. \(remedy(name))"
            )
        }
        return .good(subject, "\(path), mode \(octal(found))")
    }

    private func remedy(_ name: String) -> String {
        hasSystemd
            ? "systemctl restart fuyun-\(name).socket" : "Start fuyun-agent: it makes the sockets that it is not given."
    }

    /// Whether somebody listens: `/proc/net/unix` has the path with the flag `__SO_ACCEPTCON`; nil when that cannot be
    /// read.
    private func isListening(_ path: String) -> Bool? {
        guard let table = machine.text("/proc/net/unix") else { return nil }
        return table.split(separator: "\n").contains { line in
            let fields = line.split(separator: " ")
            return fields.count >= 8 && fields[7] == path && fields[3] == "00010000"
        }
    }

    private func octal(_ mode: mode_t) -> String { "0" + String(mode, radix: 8) }

    // MARK: The agent

    private func answer(isActive: Bool, hasSocket: Bool) async -> Finding {
        let subject = "agent"
        // Asking would start it: the sockets are systemd's.
        guard isActive, hasSocket else { return .skipped(subject, "not asked: it does not run") }
        switch await machine.askAgent() {
        case .failure(let failure):
            let lines = failure.description.split(separator: "\n")
            if !machine.isRoot { return .skipped(subject, "not asked: admin.sock is root's", "sudo fuyun doctor") }
            return .problem(subject, lines.first.map(String.init) ?? "no answer", "journalctl -u fuyun-agent -e")
        case .success(let status):
            let version = status["version"]?.text ?? "?"
            let problems = status["policies"]?["problems"]?.elements.count ?? 0
            if status["ready"]?.flag == false {
                return .problem(subject, "version \(version), not ready", "journalctl -u fuyun-agent -e")
            }
            if problems > 0 {
                return .problem(
                    subject,
                    "version \(version) refused \(problems) policy documents",
                    "fuyun status says why."
                )
            }
            if version != FuyunVersion.text {
                return .warning(
                    subject,
                    "version \(version), but this is fuyun \(FuyunVersion.text)",
                    "Install both from one release; after an upgrade: systemctl restart fuyun-agent"
                )
            }
            return .good(subject, "version \(version), ready")
        }
    }
}
