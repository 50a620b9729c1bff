import Foundation
import Testing

/// The unit files of the repository, judged by systemd's own tools.
@Suite(.enabled(if: access(SystemdAnalyze.program, X_OK) == 0, "systemd-analyze is not installed"))
struct UnitFileTests {
    /// The threshold is in tenths.
    @Test func exposureIsAtMostThree() throws {
        let result = try SystemdAnalyze.run([
            "security", "--offline=true", "--threshold=30", "--no-pager",
            SystemdAnalyze.folder + "/fuyun-agent.service",
        ])
        #expect(result.status == 0, "\(result.output.split(separator: "\n").suffix(1))")
        #expect(result.output.contains("Overall exposure level"))
    }

    /// Checked are copies, in which an installed program stands for the agent: verify insists on programs that exist.
    @Test func unitsAreClean() throws {
        let scratch = try ScratchDirectory()
        var copies: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: SystemdAnalyze.folder).sorted() {
            let text = try String(contentsOfFile: SystemdAnalyze.folder + "/" + name, encoding: .utf8)
            let copy = scratch.path + "/" + name
            try text.replacingOccurrences(of: "/usr/bin/fuyun-agent", with: "/bin/true")
                .write(toFile: copy, atomically: true, encoding: .utf8)
            copies.append(copy)
        }
        #expect(copies.count == 5)
        let result = try SystemdAnalyze.run(["verify", "--man=no"] + copies)
        #expect(result.status == 0)
        #expect(result.output == "")
    }

    /// The agent asks for its sockets by these names, and containers look for them at these paths.
    @Test(arguments: [("function", "0666"), ("platform", "0600"), ("admin", "0600")])
    func socketUnits(name: String, mode: String) throws {
        let path = SystemdAnalyze.folder + "/fuyun-\(name).socket"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        for line in [
            "ListenStream=/run/fuyun/\(name).sock", "SocketMode=\(mode)", "FileDescriptorName=\(name)",
            "Service=fuyun-agent.service",
        ] {
            #expect(lines.contains(Substring(line)))
        }
    }
}

private enum SystemdAnalyze {
    static let program = "/usr/bin/systemd-analyze"
    /// The repository's folder of units, found from this file.
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("systemd").path

    static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
