import FuyunPolicy
import Synchronization

/// Turns the directory's documents into snapshots, keeping the last good version of each file.
///
/// Blocking, for a worker; each file that did not change since is not compiled again.
final class PolicyStore: Sendable {
    private struct Known {
        /// Hash and size of the contents that were looked at last.
        var hash: UInt64
        var size: Int
        /// The last good policy of this file.
        var policy: CompiledPolicy?
        /// What is wrong with the contents; empty when they are good.
        var messages: [String]
    }

    private struct State {
        var known: [String: Known] = [:]
        var revision = 0
    }

    private let files: PolicyFiles
    private let state = Mutex(State())

    init(files: PolicyFiles) { self.files = files }

    /// Reads the directory.
    ///
    /// A file that is gone is gone with its policy; a bad one is refused, and its last good version stays.
    ///
    /// - Returns: The snapshot, and how many documents were refused now that were not before.
    func load() -> (snapshot: PolicySnapshot, refused: Int) {
        let (found, directoryProblem) = files.read()
        return state.withLock { state in
            var known: [String: Known] = [:]
            var refused = 0
            for file in found {
                let (entry, isNewRefusal) = Self.look(at: file, before: state.known[file.name])
                known[file.name] = entry
                if isNewRefusal { refused += 1 }
            }
            state.known = known
            state.revision += 1
            let entries = known.sorted { $0.key < $1.key }.compactMap { name, entry in
                entry.policy.map { PolicyCatalog.Entry(name: name, policy: $0) }
            }
            let (catalog, duplicates) = PolicyCatalog.build(entries)
            var problems = known.sorted { $0.key < $1.key }.filter { !$0.value.messages.isEmpty }.map {
                PolicySnapshot.Problem(file: $0.key, messages: $0.value.messages, keptVersion: $0.value.policy?.version)
            }
            let general = duplicates.map(\.description) + [directoryProblem].compactMap(\.self)
            if !general.isEmpty {
                problems.append(PolicySnapshot.Problem(file: "", messages: general, keptVersion: nil))
            }
            return (PolicySnapshot(catalog, problems: problems, revision: state.revision), refused)
        }
    }

    private static func look(at file: PolicyFiles.File, before: Known?) -> (entry: Known, isNewRefusal: Bool) {
        guard let contents = file.contents else {
            let messages = [file.problem ?? "cannot be read"]
            let entry = Known(hash: 0, size: -1, policy: before?.policy, messages: messages)
            return (entry, before?.messages != messages)
        }
        let hash = StableHash.hash(contents)
        if let before, before.hash == hash, before.size == contents.count { return (before, false) }
        let result = PolicyCompiler.compile(contents)
        guard let policy = result.policy, result.errors.isEmpty else {
            let messages = result.diagnostics.prefix(20).map(\.description)
            return (Known(hash: hash, size: contents.count, policy: before?.policy, messages: messages), true)
        }
        return (Known(hash: hash, size: contents.count, policy: policy, messages: []), false)
    }
}
