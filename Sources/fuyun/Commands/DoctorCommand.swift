import ArgumentParser
import FuyunPolicy

/// `fuyun doctor`.
struct DoctorCommand: ConsoleCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks whether this node is fit for the agent, and says what to do about it.",
        discussion: """
            Changes nothing. As root it tries what the kernel can do in an empty cgroup of its own, which it removes \
            again; otherwise it looks at what anybody may see.

            Exit status 0 when there are no problems (warnings are none), else 1.

            EXAMPLES
              sudo fuyun doctor
              fuyun doctor --json | jq '.findings[] | select(.state == "problem")'
            """
    )

    @Option(
        help: ArgumentHelp(
            "The agent's socket for operators; else FUYUN_ADMIN_SOCKET, else that in its runtime directory.",
            valueName: "path"
        )
    )
    var socket: String?

    @Flag(help: "Print one JSON document, for programs.")
    var json = false

    @OptionGroup var display: DisplayOptions

    func run(on console: Console) async throws -> Outcome {
        let path = socket ?? Console.environment("FUYUN_ADMIN_SOCKET") ?? AdminSocket.standardPath
        let report = await Doctor.examine(.this(admin: AdminSocket(path: path, deadline: .seconds(2))))
        if json {
            console.raw(report.json.encoded())
        } else {
            report.write(to: console)
        }
        return report.isGood ? .good : .problem
    }
}

/// Examines a machine.
enum Doctor {
    /// Looks at everything, from the kernel up.
    static func examine(_ machine: Machine) async -> DoctorReport {
        let settings = AgentSettings(of: machine)
        let (kernel, hierarchy) = KernelFindings(machine: machine, settings: settings).findings()
        var findings = kernel
        findings += ConfigurationFindings(machine: machine, settings: settings).findings()
        findings += await ServiceFindings(machine: machine, settings: settings).findings()
        findings += ContainerFindings(machine: machine, settings: settings).findings(in: hierarchy)
        findings.append(clock(machine))
        return DoctorReport(findings: findings)
    }

    private static func clock(_ machine: Machine) -> Finding {
        let answer = machine.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
        switch answer?.output.split(separator: "\n").first {
        case "yes": return .good("clock", "synchronised")
        case "no":
            return .warning(
                "clock",
                "not synchronised",
                "Deadlines that other machines give (Fuyun-Deadline) and the times of observations are off by as "
                    + "much as the clock is. "
                    + "Start an NTP client: systemctl enable --now systemd-timesyncd"
            )
        default: return .skipped("clock", "timedatectl does not tell whether it is synchronised")
        }
    }
}
