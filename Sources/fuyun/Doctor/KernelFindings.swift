import Cgroup
import MemoryUnits

/// What the doctor looks at in the kernel.
struct KernelFindings {
    let machine: Machine
    let settings: AgentSettings

    /// All findings, and the tree when there is one that can be used.
    func findings() -> (findings: [Finding], hierarchy: CgroupHierarchy?) {
        var findings = [release, mount]
        let hierarchy = try? CgroupHierarchy(
            mountPoint: machine.path(settings.mount),
            check: machine.cgroupCheck
        )
        guard findings[1].state != .problem, let hierarchy else {
            findings += ["memory controller", "kernel features"].map {
                .skipped($0, "there is no cgroup v2 tree to look at")
            }
            return (findings + [swap], nil)
        }
        findings.append(mountOptions(hierarchy))
        findings += ControllerFindings(machine: machine, settings: settings, hierarchy: hierarchy).findings()
        return (findings + [swap], hierarchy)
    }

    // MARK: Version and mount

    private var release: Finding {
        let numbers = machine.release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        let words = "Linux \(machine.release)"
        guard numbers.count == 2 else {
            return .warning("kernel", "\(words): its version is not understood", "Linux 6.12 or newer is best.")
        }
        switch (numbers[0], numbers[1]) {
        case (6, 12...), (7..., _): return .good("kernel", words)
        case (5, 19...), (6, _):
            return .warning(
                "kernel",
                "\(words): memory.peak cannot be reset before 6.12",
                "Peaks of warm containers are then upper bounds only. Linux 6.12 or newer measures each call for "
                    + "itself."
            )
        case (5, _), (4, 5...):
            return .warning(
                "kernel",
                "\(words): has no memory.peak (5.19)",
                "Peaks are then sampled and short ones missed. Linux 6.12 or newer measures each call for itself."
            )
        default:
            return .problem("kernel", "\(words): too old for cgroup v2", "Linux 6.12 or newer is best, 5.19 the least.")
        }
    }

    private struct Mount {
        var point: String
        var type: String
        var options: [Substring]
        var root: String
    }

    /// The cgroup mounts of `/proc/self/mountinfo` (proc(5)).
    private var mounts: [Mount] {
        (machine.text("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let mark = fields.firstIndex(of: "-"), mark >= 6, fields.count > mark + 3 else { return nil }
            let type = String(fields[mark + 1])
            guard type.hasPrefix("cgroup") else { return nil }
            return Mount(
                point: String(fields[4]),
                type: type,
                options: fields[mark + 3].split(separator: ","),
                root: String(fields[3])
            )
        }
    }

    private static let bootAdvice =
        "Boot with systemd.unified_cgroup_hierarchy=1 (and without cgroup v1 options), as all distributions do since "
        + "about 2021. "
        + "To try Fuyun on this machine all the same: deploy/quickstart makes a virtual machine."

    private var mount: Finding {
        let subject = "cgroup v2"
        let mounts = mounts
        let hasV1Memory = mounts.contains { $0.type == "cgroup" && $0.options.contains("memory") }
        if let found = mounts.first(where: { $0.type == "cgroup2" && $0.point == settings.mount }) {
            if hasV1Memory {
                return .problem(
                    subject,
                    "mounted on \(found.point), but cgroup v1 has the memory controller",
                    Self.bootAdvice
                )
            }
            guard found.root == "/" else {
                return .warning(
                    subject,
                    "mounted on \(found.point), of which only \(found.root) is seen",
                    "This is the view from inside a container; the agent belongs on the node, or needs its cgroup "
                        + "namespace."
                )
            }
            return .good(subject, "mounted on \(found.point)")
        }
        if let elsewhere = mounts.first(where: { $0.type == "cgroup2" }) {
            if hasV1Memory {
                return .problem(
                    subject,
                    "cgroup v1 has the memory controller; the v2 tree on \(elsewhere.point) has no memory.max",
                    Self.bootAdvice
                )
            }
            return .problem(
                subject,
                "mounted on \(elsewhere.point), not on \(settings.mount)",
                "Set cgroup.mount to \"\(elsewhere.point)\" in \(AgentSettings.standardPath)."
            )
        }
        if hasV1Memory { return .problem(subject, "not mounted; this machine uses cgroup v1", Self.bootAdvice) }
        return .problem(
            subject,
            "not mounted",
            "systemd mounts it on /sys/fs/cgroup; by hand: mount -t cgroup2 none \(settings.mount)"
        )
    }

    private func mountOptions(_ hierarchy: CgroupHierarchy) -> Finding {
        let own = mounts.first { $0.type == "cgroup2" && $0.point == settings.mount }
        if own?.options.contains("memory_localevents") ?? hierarchy.mountOptions.localEvents {
            return .warning(
                "mount options",
                "memory_localevents is on: kills below a cgroup are not counted in it",
                "Some out-of-memory kills will not be explained. Mount cgroup v2 without memory_localevents."
            )
        }
        return .good("mount options", "memory events are counted upwards")
    }

    private var swap: Finding {
        let lines = (machine.text("/proc/swaps") ?? "").split(separator: "\n").dropFirst()
        guard !lines.isEmpty else { return .good("swap", "none") }
        let kibibytes = lines.compactMap { line -> UInt64? in
            let fields = line.split { $0 == " " || $0 == "\t" }
            return fields.count > 2 ? UInt64(fields[2]) : nil
        }
        return .warning(
            "swap",
            "\(Bytes.kibibytes(kibibytes.reduce(0, +))) on",
            "A container that may swap slows down instead of failing at its limit. Give containers as much memory as "
                + "memory and swap "
                + "together (docker: --memory-swap equal to --memory), so that memory.swap.max is 0; the agent keeps "
                + "it so."
        )
    }
}
