public import Cgroup

/// Gives every container back the ceiling that the agent stored on it: `fuyun-agent release`, run after each stop, crash
/// and kill of the agent (ExecStopPost=), so that nothing stays tight when nobody is there to loosen it.
public enum CeilingRelease {
    /// What was done.
    public struct Outcome: Sendable, Equatable {
        /// Containers whose limit was raised or was at its ceiling already.
        public var released = 0
        /// What could not be done.
        public var problems: [String] = []
    }

    /// Walks the whole tree.
    public static func run(in hierarchy: CgroupHierarchy) -> Outcome {
        var outcome = Outcome()
        walk("", in: hierarchy, depth: 0, &outcome)
        return outcome
    }

    private static func walk(_ path: String, in hierarchy: CgroupHierarchy, depth: Int, _ outcome: inout Outcome) {
        guard depth <= 32 else { return }
        do {
            let directory = try hierarchy.directory(at: path)
            // In a directory that its user owns the attribute may be the user's word, and a wider limit the user's wish.
            if directory.isOwned {
                if let text = try directory.attribute(Engine.ceilingAttribute) {
                    try release(directory, text, &outcome)
                }
                try liftTripwire(directory)
            }
            for name in try directory.childNames() {
                walk(path.isEmpty ? name : "\(path)/\(name)", in: hierarchy, depth: depth + 1, &outcome)
            }
        } catch {
            // Cgroups come and go while they are looked at.
            if error.code != .absent, error.code != .gone { outcome.problems.append("\(error)") }
        }
    }

    /// Takes a rescue's tripwire away: with nobody to raise it, it would slow the function down for good.
    private static func liftTripwire(_ directory: borrowing CgroupDirectory) throws(CgroupError) {
        guard let text = try directory.attribute(RescueDesk.attribute) else { return }
        let before = MemoryLimit(text: text) ?? .max
        if let found = try directory.memoryHigh(), found != before { try directory.setMemoryHigh(before) }
        _ = try directory.setAttribute(RescueDesk.attribute, nil)
    }

    private static func release(
        _ directory: borrowing CgroupDirectory,
        _ text: String,
        _ outcome: inout Outcome
    ) throws(CgroupError) {
        guard let ceiling = MemoryLimit(text: text) else {
            outcome.problems.append(
                "\(directory.path): the attribute \(Engine.ceilingAttribute) holds no limit: \(text)"
            )
            return
        }
        // Wider than the ceiling: the platform has given it a new one meanwhile.
        if let found = try directory.memoryMax(), found.ceiling < ceiling.ceiling {
            try directory.setMemoryMax(ceiling)
        }
        _ = try directory.setAttribute(Engine.ceilingAttribute, nil)
        outcome.released += 1
    }
}
