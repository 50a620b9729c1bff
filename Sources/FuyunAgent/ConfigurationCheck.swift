import SystemPackage

/// What `fuyun-agent --check` says of the files that a good configuration names: policies, and the coordinator's.
public struct ConfigurationCheck: Sendable {
    /// Every problem, one line each.
    public let problems: [String]
    /// What was looked at, one line.
    public let summary: String

    /// Reads the token and the certificates, and reads and compiles every document of the policy directory.
    public init(_ configuration: AgentConfiguration) {
        let directory = FilePath(configuration.paths.policies)
        let store = PolicyStore(
            files: PolicyFiles(
                directory: directory,
                largest: configuration.policies.fileSize,
                most: configuration.policies.files
            )
        )
        let snapshot = store.load().snapshot
        let documents = snapshot.problems.flatMap { problem in
            let place = problem.file.isEmpty ? directory : directory.appending(problem.file)
            return problem.messages.map { "\(place): \($0)" }
        }
        problems = (configuration.coordinator?.problemsOfFiles() ?? []) + documents
        summary =
            "configuration good, \(snapshot.documents) policy documents good, \(snapshot.problems.count) bad in \(directory)"
    }
}
