import FuyunPolicy
import MemoryUnits
import SystemPackage

/// A policy document that was checked.
struct CheckedPolicy {
    /// The file, for messages.
    var name: String
    /// What was found.
    var diagnostics: [Diagnostic]
    /// The policy, when it compiles.
    var policy: CompiledPolicy?
    /// Where the document gives its version.
    fileprivate var versionPosition: JSONPosition?

    /// The errors.
    var errors: Int { diagnostics.count { $0.severity == .error } }
    /// The warnings.
    var warnings: Int { diagnostics.count { $0.severity == .warning } }

    /// Checks a document.
    init(_ file: InputFile, input: FileDescriptor) {
        name = file.shownName
        do throws(CommandFailure) {
            let bytes = try file.read(input: input)
            let compilation = PolicyCompiler.compile(bytes)
            diagnostics = compilation.diagnostics
            policy = compilation.policy
            versionPosition =
                (try? JSONDocument.parse(bytes))?
                .root["metadata"]?.members.first { $0.key == "version" }?.position
        } catch {
            let reason = error.description.dropFirst(name.count + 2)
            diagnostics = [Diagnostic(severity: .error, path: "$", code: .unreadable, message: String(reason))]
        }
    }

    /// Makes the result of something that is no document.
    init(name: String, diagnostic: Diagnostic) {
        self.name = name
        diagnostics = [diagnostic]
    }

    /// Makes errors of warnings.
    mutating func makeStrict() {
        for index in diagnostics.indices { diagnostics[index].severity = .error }
    }

    /// Reports documents that are the same version of the same function: an agent would refuse the later ones.
    static func reportDuplicates(_ files: inout [CheckedPolicy]) {
        var first: [String: String] = [:]
        for index in files.indices {
            guard let policy = files[index].policy else { continue }
            let key = "\(policy.version) \(policy.id)"
            guard let other = first[key] else {
                first[key] = files[index].name
                continue
            }
            files[index].diagnostics.append(
                Diagnostic(
                    severity: .error,
                    path: "$.metadata.version",
                    code: .duplicateVersion,
                    message: "version \(policy.version) of \"\(policy.id)\" is already in \(other); "
                        + "give this one a version of its own, or remove one of both",
                    position: files[index].versionPosition
                )
            )
        }
    }
}

extension Diagnostic.Code {
    /// A file cannot be read.
    static let unreadable: Self = "unreadable"
    /// A directory holds no document.
    static let noDocuments: Self = "no_documents"
}
