import FuyunPolicy
import SystemPackage

/// What the doctor looks at in `/etc/fuyun`.
struct ConfigurationFindings {
    let machine: Machine
    let settings: AgentSettings

    /// All findings.
    func findings() -> [Finding] {
        guard let agent = machine.program("fuyun-agent") else {
            return [
                .problem(
                    "fuyun-agent",
                    "the program is not in /usr/bin nor another usual place",
                    "install -m 0755 fuyun-agent fuyun-shim fuyun /usr/bin/"
                ),
                file, policies,
            ]
        }
        guard let answer = machine.run([agent, "--check"]) else {
            return [
                .problem(
                    "configuration",
                    "\(agent) --check cannot be started",
                    "Look whether it runs: \(agent) --version"
                ), policies,
            ]
        }
        let lines = answer.output.split(separator: "\n").map { line in
            line.hasPrefix("fuyun-agent: ") ? String(line.dropFirst(13)) : String(line)
        }
        if answer.status == 0 { return [.good("configuration", lines.last ?? "good")] }
        let shown = lines.prefix(5).joined(separator: "; ") + (lines.count > 5 ? "; and \(lines.count - 5) more" : "")
        let found = shown.isEmpty ? "\(agent) --check failed without a word" : shown
        return [
            .problem(
                "configuration",
                found,
                "Mend \(settings.path) or the policies; look again with: fuyun-agent --check"
            )
        ]
    }

    /// As much of the configuration file as can be told without the agent.
    private var file: Finding {
        guard machine.exists(settings.path) else { return .good("configuration", "no \(settings.path): all defaults") }
        guard let text = machine.text(settings.path) else {
            return .skipped(
                "configuration",
                "\(settings.path) cannot be read",
                machine.isRoot ? nil : "sudo fuyun doctor"
            )
        }
        do throws(JSONSyntaxError) {
            _ = try JSONDocument.parse(Array(text.utf8))
            return .good("configuration", "\(settings.path) is JSON; the agent checks the rest")
        } catch {
            return .problem(
                "configuration",
                "\(settings.path):\(Diagnostic(error))",
                "Mend it; then: fuyun-agent --check"
            )
        }
    }

    private var policies: Finding {
        let subject = "policies"
        let directory = machine.path(settings.policies).string
        guard machine.exists(settings.policies) else {
            return .warning(
                subject,
                "no \(settings.policies)",
                "Without policies every call keeps its platform's limit; docs/policy-language.md"
            )
        }
        let checked = PolicyFiles.check([directory], input: .standardInput)
        let bad = checked.filter { $0.errors > 0 }
        guard bad.isEmpty else {
            return .problem(
                subject,
                "\(bad.count) of \(checked.count) documents are bad",
                "fuyun policy check \(settings.policies)"
            )
        }
        let good = checked.count { $0.policy != nil }
        guard good > 0 else {
            return .warning(
                subject,
                "no document in \(settings.policies)",
                "Without policies every call keeps its platform's limit; docs/policy-language.md"
            )
        }
        return .good(subject, "\(good) documents good in \(settings.policies)")
    }
}
