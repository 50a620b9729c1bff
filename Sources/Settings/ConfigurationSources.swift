import Glibc

/// Where a configuration comes from, in the order of precedence: command line, environment, file, defaults.
public struct ConfigurationSources: Sendable {
    /// The configuration file's path, for diagnostics, and its bytes; nil: there is none.
    public var file: (path: String, contents: [UInt8])?
    /// The process's environment.
    public var environment: [String: String]
    /// `KEY=VALUE` from the command line, the last of equal keys counts.
    public var assignments: [String]

    /// Names the sources.
    public init(file: (path: String, contents: [UInt8])?, environment: [String: String], assignments: [String] = []) {
        self.file = file
        self.environment = environment
        self.assignments = assignments
    }

    /// The largest configuration file that is read.
    private static let largest = 1 << 20

    /// The sources of this process: a file, its environment, its command line.
    ///
    /// - Parameters:
    ///   - file: The file that the command line names; nil: the one that the environment names, else the standard one, which
    ///     may be missing.
    ///   - assignments: `KEY=VALUE` from the command line.
    ///   - table: The daemon's settings.
    public static func process(
        file: String?,
        assignments: [String],
        of table: SettingTable
    ) throws(ConfigurationErrors) -> ConfigurationSources {
        var sources = ConfigurationSources(file: nil, environment: [:], assignments: assignments)
        for setting in table.settings {
            let name = table.environmentName(setting)
            if let value = getenv(name) { sources.environment[name] = String(cString: value) }
        }
        let path = file ?? getenv(table.fileVariable).map { String(cString: $0) } ?? table.standardFile
        do {
            sources.file = (path: path, contents: try read(path))
        } catch {
            guard error.number == ENOENT, path == table.standardFile, file == nil else {
                throw ConfigurationErrors(diagnostics: [
                    ConfigurationDiagnostic(
                        place: path,
                        message: "cannot be read: \(String(cString: strerror(error.number)))"
                    )
                ])
            }
        }
        return sources
    }

    private struct ReadError: Error {
        var number: CInt
    }

    private static func read(_ path: String) throws(ReadError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw ReadError(number: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= largest {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw ReadError(number: errno)
            }
            bytes += buffer[..<count]
        }
        throw ReadError(number: EFBIG)
    }
}
