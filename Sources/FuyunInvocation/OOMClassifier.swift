import Cgroup

/// Tells why a run ended for want of memory, and what speaks for it.
///
/// What the kernel counts, and where (Documentation/admin-guide/cgroup-v2.rst, "Memory Interface Files"):
/// - `oom` moves in the cgroup *whose limit was hit*, and in the `memory.events` of all its ancestors;
/// - `oom_kill` moves in the *victim's* cgroup, and in the `memory.events` of all its ancestors, whichever killer of
///   the kernel did it;
/// - `memory.events.local` (Linux >= 5.2) leaves out what happened further down.
///
/// So a kill here with `oom` here is the container's own limit; a kill here with `oom` at an ancestor is that
/// ancestor's limit; a kill here with `oom` nowhere on the path is the node's. A kill from userspace (SIGKILL by whom
/// ever) moves none of them, which is why an exit status of 137 alone proves nothing.
public enum OOMClassifier {
    /// Classifies a run by its evidence.
    ///
    /// An ancestor's or the node's shortage is named before the extent of the damage, as no limit of this container
    /// would have helped; at the container's own limit the extent (`child_only`, `group`) is the class.
    public static func classify(_ evidence: OOMEvidence) -> OOMVerdict {
        var reasoning = Reasoning(evidence)
        let kills = evidence.kills
        if let kills, kills > 0 { return reasoning.kernelKill(kills) }
        if let count = evidence.userspaceKills, count > 0 {
            reasoning.note("the count of userspace kills (oomd_kill) +\(count)")
            return reasoning.verdict(.userspaceKiller)
        }
        if let verdict = kills == nil ? reasoning.withoutCounters() : reasoning.refusedAllocation() { return verdict }
        return reasoning.withoutKernelEvent()
    }
}

extension OOMEvidence {
    /// Processes of the container that the kernel killed; nil when no counter says.
    var kills: UInt64? {
        switch (events?.oomKill, localEvents?.oomKill) {
        case (let all?, let local?): max(all, local)
        case (let all, let local): all ?? local
        }
    }

    /// Hits of the container's own limit that ended in a failed allocation; nil when no counter says.
    var ownOOM: UInt64? { localEvents?.oom ?? events?.oom }

    /// The signal that ended the function's process: 128 + signal in a shell's form, or the signal as a negative
    /// number.
    var signal: Int? {
        guard let exitStatus else { return nil }
        if exitStatus < 0 { return exitStatus == .min ? nil : -exitStatus }
        return exitStatus > 128 && exitStatus <= 128 + 64 ? exitStatus - 128 : nil
    }

    /// Whether the function's own server answered after all, so that whatever was killed was not the server.
    var serverSurvived: Bool {
        (outcome == .success || outcome == .error) && signal == nil && !cgroupVanished && populated != false
    }

    var hasFailed: Bool { outcome != .success }
}

/// One classification: the evidence, and the lines that were found to speak for the class.
private struct Reasoning {
    let evidence: OOMEvidence
    var lines: [String] = []

    init(_ evidence: OOMEvidence) { self.evidence = evidence }

    mutating func note(_ line: String) { lines.append(line) }

    func verdict(_ oomClass: OOMClass?, ownLimitExceeded: Bool = false) -> OOMVerdict {
        OOMVerdict(oomClass, ownLimitExceeded: ownLimitExceeded, evidence: lines)
    }

    // MARK: - The kernel killed something

    mutating func kernelKill(_ kills: UInt64) -> OOMVerdict {
        note("memory.events oom_kill +\(kills)")
        if let oom = evidence.ownOOM, oom > 0 {
            note("\(evidence.localEvents?.oom == nil ? "memory.events" : "memory.events.local") oom +\(oom)")
            return ownLimit()
        }
        if let scope = hitScope {
            note(scope)
            return ownLimit()
        }
        if let ancestor = hitAncestor {
            note(ancestor)
            return outsideLimit(.ancestorLimit)
        }
        if let nested = evidence.events?.oom, nested > 0 {
            note(
                "memory.events oom +\(nested) but memory.events.local oom +0: a limit below the container's own was hit"
            )
            return verdict(.unknown)
        }
        guard evidence.ownOOM != nil else {
            if let hits = evidence.localEvents?.max ?? evidence.events?.max, hits > 0 {
                note("memory.events max +\(hits); this kernel does not count oom")
                return ownLimit()
            }
            note("this kernel does not count oom: the limit that was hit is not known")
            return verdict(.unknown)
        }
        guard let ancestors = evidence.ancestors, ancestors.allSatisfy(\.isReadable) else {
            note("memory.events.local oom +0; the ancestors' counters could not be read")
            return outsideLimit(.unknown)
        }
        note("oom +0 here and on all \(ancestors.count) ancestors: no limit on the path was hit")
        return outsideLimit(.global)
    }

    /// The container's own limit was hit and something was killed: the extent decides.
    private mutating func ownLimit() -> OOMVerdict {
        let groupKills = evidence.events?.oomGroupKill ?? evidence.localEvents?.oomGroupKill
        if let groupKills, groupKills > 0 {
            note("memory.events oom_group_kill +\(groupKills)")
            return verdict(.group, ownLimitExceeded: true)
        }
        if groupKills == nil, evidence.killsAsGroup == true {
            note("memory.oom.group 1")
            return verdict(.group, ownLimitExceeded: true)
        }
        guard evidence.serverSurvived else {
            noteEnd()
            return verdict(.ownLimit, ownLimitExceeded: true)
        }
        noteSurvivor()
        return verdict(.childOnly, ownLimitExceeded: true)
    }

    private mutating func outsideLimit(_ oomClass: OOMClass) -> OOMVerdict {
        if evidence.serverSurvived { noteSurvivor() } else { noteEnd() }
        return verdict(oomClass)
    }

    // MARK: - The kernel killed nothing, or nobody can say

    /// An allocation failed at the limit, and the function gave up without being killed.
    mutating func refusedAllocation() -> OOMVerdict? {
        guard evidence.hasFailed else { return nil }
        if let oom = evidence.ownOOM, oom > 0 {
            note("memory.events oom +\(oom), oom_kill +0: an allocation was refused at the limit")
        } else if let scope = hitScope {
            note(scope)
            note("memory.events oom_kill +0: an allocation was refused at the limit")
        } else {
            return nil
        }
        noteEnd()
        return verdict(.ownLimit, ownLimitExceeded: true)
    }

    /// The container's counters are lost, most often with the container: its ancestors and systemd remember.
    mutating func withoutCounters() -> OOMVerdict? {
        guard evidence.hasFailed else { return nil }
        note(
            evidence.cgroupVanished ? "the container's cgroup is gone, and its counters with it" : "no oom_kill counter"
        )
        if let oom = evidence.ownOOM, oom > 0 {
            note("memory.events oom +\(oom)")
            noteEnd()
            return verdict(.ownLimit, ownLimitExceeded: true)
        }
        if let scope = hitScope {
            note(scope)
            return verdict(.ownLimit, ownLimitExceeded: true)
        }
        if let ancestor = hitAncestor {
            note(ancestor)
            return verdict(.ancestorLimit)
        }
        if let nearest = evidence.ancestors?.first, let kills = nearest.events?.oomKill, kills > 0 {
            note("\(nearest.shortPath) memory.events oom_kill +\(kills)")
            if let oom = nearest.events?.oom, oom > 0, nearest.local?.oom == 0 {
                note("\(nearest.shortPath) memory.events oom +\(oom), local +0: a limit right below it was hit")
                return verdict(.ownLimit, ownLimitExceeded: true)
            }
            if nearest.events?.oom == 0, evidence.ancestors?.allSatisfy(\.isReadable) == true {
                note("oom +0 on all ancestors: no limit on the path was hit")
                return verdict(.global)
            }
            return verdict(.unknown)
        }
        guard evidence.unitResultIsOOM == true else { return nil }
        note("systemd: the unit's result is oom-kill")
        guard evidence.nearLimit == true else { return verdict(.unknown) }
        note("the last use seen was within a tenth of the limit")
        return verdict(.ownLimit, ownLimitExceeded: true)
    }

    /// No kernel event explains the end: the exit status, the clock and the container's fate have to.
    mutating func withoutKernelEvent() -> OOMVerdict {
        guard evidence.hasFailed else { return .none }
        let isCounted = evidence.kills != nil
        if isCounted { note("memory.events oom_kill +0") }
        if evidence.unitResultIsOOM == true {
            note("systemd: the unit's result is oom-kill")
            return verdict(.unknown)
        }
        let wasKilled = evidence.signal == 9 || evidence.signal == 15 || evidence.cgroupVanished
        if evidence.outcome == .timeout || (evidence.deadlinePassed && wasKilled) {
            note(evidence.outcome == .timeout ? "the caller reports a timeout" : "the call's deadline had passed")
            noteEnd()
            return verdict(.timeoutKill)
        }
        switch evidence.signal {
        case 5, 6:
            // SIGABRT, and SIGTRAP from V8: what runtimes do when their own heap is full.
            noteEnd()
            return verdict(.runtimeHeap)
        case 11 where evidence.nearLimit == true:
            noteEnd()
            note("use was within a tenth of the limit")
            return verdict(.runtimeHeap)
        case 9:
            noteEnd()
            return verdict(isCounted ? .externalKill : .unknown)
        default:
            break
        }
        if evidence.exitStatus == 3, evidence.outcome == .crashed, evidence.nearLimit == true {
            // A Java virtual machine with ExitOnOutOfMemoryError.
            noteEnd()
            note("use was within a tenth of the limit")
            return verdict(.runtimeHeap)
        }
        guard evidence.exitStatus == nil, evidence.outcome == .abandoned || evidence.outcome == .crashed else {
            return .none
        }
        if evidence.cgroupVanished {
            note("the container went away during the call, without a report")
            return verdict(isCounted ? .externalKill : .unknown)
        }
        if evidence.populated == false || evidence.outcome == .crashed {
            note("the function's process went away, and nobody reported how")
            return verdict(.unknown)
        }
        return .none
    }

    // MARK: - What the lines say

    /// The container's own scope, one level above its processes, when its limit was hit.
    private var hitScope: String? {
        guard let scope = evidence.ancestors?.first(where: \.isContainerScope), let oom = scope.local?.oom, oom > 0
        else { return nil }
        return
            "\(scope.shortPath) memory.events.local oom +\(oom) (the container's scope, one level above its processes)"
    }

    /// The nearest ancestor beyond the container whose limit was hit.
    private var hitAncestor: String? {
        for ancestor in evidence.ancestors ?? [] where !ancestor.isContainerScope {
            if let oom = ancestor.local?.oom, oom > 0 {
                return "\(ancestor.shortPath) memory.events.local oom +\(oom)"
            }
        }
        return nil
    }

    private mutating func noteSurvivor() {
        let status = evidence.httpStatus.map { " (HTTP \($0))" } ?? ""
        note("survivor: the server answered\(status) after the kill")
    }

    private mutating func noteEnd() {
        if let status = evidence.exitStatus {
            note("exit status \(status)\(evidence.signal.map { " (signal \($0))" } ?? "")")
        } else if evidence.cgroupVanished {
            note("the container is gone")
        } else if evidence.outcome == .abandoned {
            note("nobody reported the end")
        }
    }
}

extension AncestorReading {
    /// Whether it can be told if this level's limit was hit.
    var isReadable: Bool { local?.oom != nil || events?.oom == 0 }

    /// The path's last 96 characters, so that evidence stays short.
    var shortPath: String { path.count <= 96 ? path : "…" + path.suffix(96) }
}
