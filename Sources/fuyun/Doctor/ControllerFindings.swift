import Cgroup

/// What the doctor looks at in the memory controller: where it is on, and which of its files the kernel has.
struct ControllerFindings {
    let machine: Machine
    let settings: AgentSettings
    let hierarchy: CgroupHierarchy

    /// All findings.
    func findings() -> [Finding] {
        let controller = controller
        guard controller.state != .problem else {
            return [controller, .skipped("kernel features", "the memory controller is not there")]
        }
        return [controller, parents] + features
    }

    // MARK: The memory controller

    private var controller: Finding {
        let subject = "memory controller"
        guard let controllers = machine.words("\(settings.mount)/cgroup.controllers") else {
            return .problem(
                subject,
                "\(settings.mount)/cgroup.controllers cannot be read",
                "Look whether cgroup v2 is mounted there."
            )
        }
        guard controllers.contains("memory") else {
            return .problem(
                subject,
                "the kernel does not offer it in \(settings.mount)",
                "Take cgroup_disable=memory off the kernel's command line (on a Raspberry Pi: add "
                    + "cgroup_enable=memory), or free the "
                    + "controller from cgroup v1."
            )
        }
        guard machine.words("\(settings.mount)/cgroup.subtree_control")?.contains("memory") == true else {
            return .problem(
                subject,
                "offered, but not passed on to the cgroups below \(settings.mount)",
                "systemd passes it on once a unit asks (MemoryAccounting=yes); by hand: "
                    + "echo +memory > \(settings.mount)/cgroup.subtree_control"
            )
        }
        return .good(subject, "on, and passed on to the cgroups below \(settings.mount)")
    }

    /// The parents of containers that the agent looks into.
    private var parents: Finding {
        let subject = "container parents"
        let existing = settings.roots.filter { machine.exists("\(settings.mount)/\($0)") }
        guard !existing.isEmpty else {
            return .warning(
                subject,
                "none of \(settings.roots.joined(separator: ", ")) is there yet",
                "They come with the first container; if yours live elsewhere, set cgroup.roots or "
                    + "cgroup.containers in "
                    + "\(AgentSettings.standardPath)."
            )
        }
        var blind: [String] = []
        for parent in existing {
            let directory = "\(settings.mount)/\(parent)"
            let offers = machine.words("\(directory)/cgroup.controllers")?.contains("memory") ?? false
            let passesOn = machine.words("\(directory)/cgroup.subtree_control")?.contains("memory") ?? false
            // A slice without children passes nothing on until systemd starts a unit in it that is accounted for.
            if !offers || (!passesOn && hasChildren(parent)) { blind.append(parent) }
        }
        guard blind.isEmpty else {
            return .warning(
                subject,
                "the memory controller is off below \(blind.joined(separator: ", "))",
                "Containers in there have no memory.max. systemctl set-property \(blind[0]) "
                    + "MemoryAccounting=yes; or start the "
                    + "containers with a memory limit."
            )
        }
        return .good(subject, "\(existing.joined(separator: ", ")): memory controller on")
    }

    private func hasChildren(_ parent: String) -> Bool {
        guard let directory = try? hierarchy.directory(at: parent) else { return false }
        return (try? directory.childNames(limit: 1).isEmpty) == false
    }

    // MARK: Features

    private var features: [Finding] {
        let features: KernelFeatures
        switch machine.tryFeatures(hierarchy) {
        case .features(let found): features = found
        case .notTried(let reason):
            return [
                .skipped(
                    "kernel features",
                    reason,
                    machine.isRoot ? nil : "Run fuyun doctor as root: it tries them in a cgroup of its own."
                )
            ]
        }
        return [
            peak(features),
            features.reclaim
                ? .good("memory.reclaim", "there: page cache is given back between calls")
                : .warning(
                    "memory.reclaim",
                    "not there (Linux 5.19)",
                    "Page cache that calls leave can then hold limits above the decision; nothing is ever killed for "
                        + "it."
                ),
            features.pressure
                ? .good("pressure (PSI)", "on")
                : .warning(
                    "pressure (PSI)",
                    "off",
                    "Thrashing is then guessed from limit hits. Boot with psi=1, or use a kernel with CONFIG_PSI."
                ),
            features.swapMax
                ? .good("memory.swap.max", "there")
                : .warning("memory.swap.max", "not there", "The kernel counts no swap (CONFIG_SWAP, swapaccount=1)."),
            features.localEvents
                ? .good("memory.events.local", "there")
                : .warning(
                    "memory.events.local",
                    "not there (Linux 5.2)",
                    "A container's own limit and that of its parent cannot be told apart in kills."
                ),
            identity(features),
        ]
    }

    private func peak(_ features: KernelFeatures) -> Finding {
        let subject = "memory.peak"
        guard features.peak else {
            return .warning(subject, "not there (Linux 5.19)", "Peaks are sampled, and short ones missed.")
        }
        if features.peakReset { return .good(subject, "there, and a reset works: each call has a peak of its own") }
        if !machine.isRoot {
            return .skipped(subject, "there; its reset can only be tried as root", "sudo fuyun doctor")
        }
        return .warning(
            subject,
            "there, but cannot be reset (Linux 6.12)",
            "Peaks of warm containers are upper bounds only, and recorded as such."
        )
    }

    private func identity(_ features: KernelFeatures) -> Finding {
        let subject = "caller identity"
        if features.peerPidfd, features.pidfdCgroupID {
            return .good(subject, "by pidfd and cgroup id")
        }
        if features.peerPidfd {
            return .good(subject, "by pidfd and /proc/PID/cgroup (the cgroup id of a pidfd comes with Linux 6.13)")
        }
        return .warning(
            subject,
            "by process id and /proc/PID/cgroup (pidfds of peers come with Linux 6.5)",
            "A caller that ends at once could be taken for another process; Linux 6.5 or newer rules that out."
        )
    }
}
