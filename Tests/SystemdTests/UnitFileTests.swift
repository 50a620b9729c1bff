import Foundation
import Testing

/// The unit files of the repository, judged by systemd's own tools.
@Suite(.enabled(if: access(SystemdAnalyze.program, X_OK) == 0, "systemd-analyze is not installed"))
struct UnitFileTests {
    /// The agent counts with its drop-in for a coordinator as well.
    ///
    /// The threshold is in tenths.
    @Test(arguments: ["fuyun-agent.service", "fuyun-coordinator.service"], [false, true])
    func exposureIsAtMostThree(unit: String, dropIn: Bool) throws {
        let scratch = try ScratchDirectory()
        try SystemdAnalyze.copyUnits(to: scratch.path, dropIn: dropIn)
        let result = try SystemdAnalyze.run([
            "security", "--offline=true", "--threshold=30", "--no-pager", scratch.path + "/" + unit,
        ])
        #expect(result.status == 0, "\(result.output.split(separator: "\n").suffix(1))")
        #expect(result.output.contains("Overall exposure level"))
    }

    @Test(arguments: [false, true])
    func unitsAreClean(dropIn: Bool) throws {
        let scratch = try ScratchDirectory()
        let copies = try SystemdAnalyze.copyUnits(to: scratch.path, dropIn: dropIn)
        #expect(copies.count == 6)
        let result = try SystemdAnalyze.run(["verify", "--man=no"] + copies)
        #expect(result.status == 0)
        #expect(result.output == "")
    }

    /// What the installed configuration names as its secrets is what the unit hands over.
    @Test func credentialsOfTheCoordinator() throws {
        let unit = try SystemdAnalyze.text("systemd/fuyun-coordinator.service")
        let configuration = try SystemdAnalyze.text("deploy/coordinator.json")
        for name in ["fuyun.node-tokens", "fuyun.operator-tokens"] {
            #expect(unit.split(separator: "\n").contains("LoadCredential=\(name)"))
            #expect(configuration.contains("\"/run/credentials/fuyun-coordinator.service/\(name)\""))
        }
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
    /// The repository, found from this file.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// Its folder of units.
    static let folder = root.appendingPathComponent("systemd").path

    /// A file of the repository.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// Copies of the units, in which an installed program stands for Fuyun's: verify insists on programs that exist.
    @discardableResult
    static func copyUnits(to target: String, dropIn: Bool) throws -> [String] {
        var copies: [String] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            var copy = target + "/" + name
            if name.hasSuffix(".conf") {
                guard dropIn else { continue }
                let directory = target + "/fuyun-agent.service.d"
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                copy = directory + "/10-coordinator.conf"
            } else {
                copies.append(copy)
            }
            try text("systemd/" + name)
                .replacingOccurrences(of: "/usr/bin/fuyun-agent", with: "/bin/true")
                .replacingOccurrences(of: "/usr/bin/fuyun-coordinator", with: "/bin/true")
                .write(toFile: copy, atomically: true, encoding: .utf8)
        }
        return copies
    }

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
