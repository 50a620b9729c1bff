import Cgroup
import FuyunPolicy
import FuyunProtocol
import Glibc
import MemoryUnits
import SystemPackage

/// The machine that the doctor looks at, or a fake one in a directory.
struct Machine: Sendable {
    /// What a program said.
    struct ProgramAnswer: Sendable {
        /// Its exit status; nil when it did not end in time or was killed.
        var status: Int32?
        /// What it wrote, at most 64 KiB.
        var output: String
    }

    /// What a trial in a cgroup of our own found.
    enum Trial: Sendable {
        /// What the kernel can do.
        case features(KernelFeatures)
        /// Why nothing could be tried.
        case notTried(String)
    }

    /// Where the file system begins: `/`, or a fake.
    var root: FilePath
    /// The kernel's release, as `uname -r` prints it.
    var release: String
    /// Whether the user is root.
    var isRoot: Bool
    /// What to demand of the cgroup mount.
    var cgroupCheck: CgroupHierarchy.Check
    /// Runs a program with arguments; nil when there is no such program.
    var run: @Sendable ([String]) -> ProgramAnswer?
    /// Tries what the kernel can do.
    var tryFeatures: @Sendable (CgroupHierarchy) -> Trial
    /// Asks the agent for its status.
    var askAgent: @Sendable () async -> Result<JSONValue, CommandFailure>

    /// This machine.
    static func this(admin: AdminSocket) -> Machine {
        var names = utsname()
        uname(&names)
        let release = withUnsafeBytes(of: &names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return Machine(
            root: "/",
            release: release,
            isRoot: geteuid() == 0,
            cgroupCheck: .cgroup2,
            run: { Subprocess.run($0) },
            tryFeatures: { FeatureTrial.run(in: $0) },
            askAgent: {
                do throws(CommandFailure) {
                    return .success(try AgentAnswer.document(try await admin.get(.status)))
                } catch {
                    return .failure(error)
                }
            }
        )
    }

    /// The path of a file of this machine.
    func path(_ absolute: String) -> FilePath {
        root.pushing(FilePath(absolute.first == "/" ? String(absolute.dropFirst()) : absolute))
    }

    /// A small file's text; nil when there is none or it cannot be read.
    func text(_ absolute: String) -> String? {
        guard let bytes = try? InputFile(name: path(absolute).string, limit: .mebibytes(1)).read() else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The words of a small file; nil when it cannot be read.
    func words(_ absolute: String) -> [Substring]? {
        text(absolute)?.split { $0 == " " || $0 == "\n" || $0 == "\t" }
    }

    /// Whether there is such a file.
    func exists(_ absolute: String) -> Bool { access(path(absolute).string, F_OK) == 0 }

    /// A program's path, looked up where a node has its programs.
    func program(_ name: String) -> String? {
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
            .map { "\($0)/\(name)" }
            .first { access(path($0).string, X_OK) == 0 }
    }
}
