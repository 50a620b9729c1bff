import FuyunPolicy
import Glibc
import MemoryUnits
import SystemPackage

/// The documents that the arguments of `fuyun policy check` name.
enum PolicyFiles {
    /// The most documents of a directory, the same as the agent's.
    static let mostInDirectory = 10_000

    /// Checks files, directories (their `*.json` in the order of their names, hidden ones left out, as an agent reads
    /// its directory) and standard input, in the order in which they are named.
    static func check(_ names: [String], input: FileDescriptor) -> [CheckedPolicy] {
        var checked: [CheckedPolicy] = []
        for name in names {
            if name != "-", isDirectory(name) {
                checked += directory(name, input: input)
            } else {
                checked.append(CheckedPolicy(InputFile(name: name, limit: .largestPolicy), input: input))
            }
        }
        CheckedPolicy.reportDuplicates(&checked)
        return checked
    }

    private static func directory(_ name: String, input: FileDescriptor) -> [CheckedPolicy] {
        let names: [String]
        do {
            names = try documents(in: name)
        } catch {
            let diagnostic = Diagnostic(
                severity: .error,
                path: "$",
                code: .unreadable,
                message: "cannot be listed: \(error)"
            )
            return [CheckedPolicy(name: name, diagnostic: diagnostic)]
        }
        guard !names.isEmpty else {
            let diagnostic = Diagnostic(
                severity: .warning,
                path: "$",
                code: .noDocuments,
                message: "holds no policy document (*.json)"
            )
            return [CheckedPolicy(name: name, diagnostic: diagnostic)]
        }
        return names.map { CheckedPolicy(InputFile(name: $0, limit: .largestPolicy), input: input) }
    }

    /// Whether a path leads to a directory.
    static func isDirectory(_ path: String) -> Bool {
        var facts = stat()
        return stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
    }

    /// The documents of a directory, by name.
    static func documents(in directory: String) throws(Errno) -> [String] {
        guard let stream = opendir(directory) else { throw Errno(rawValue: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while names.count < mostInDirectory, let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".json"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted().map { FilePath(directory).appending($0).string }
    }
}
