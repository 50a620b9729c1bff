import Cgroup
import FuyunPolicy
import Glibc
import SystemPackage

@testable import fuyun

/// A machine in a directory, on which all is well until a test changes something.
struct FakeMachine {
    /// Its files.
    let directory: TemporaryDirectory
    /// What programs answer, by their command line.
    var programs: [String: Machine.ProgramAnswer] = [
        "systemctl --version": .init(status: 0, output: "systemd 257 (257.9-1~deb13u1)\n+PAM +AUDIT\n"),
        "/usr/bin/fuyun-agent --check": .init(
            status: 0,
            output: "fuyun-agent: configuration good, 2 policy documents good, 0 bad in /etc/fuyun/policies\n"
        ),
        "timedatectl show --property=NTPSynchronized --value": .init(status: 0, output: "yes\n"),
    ]
    /// The states of its units: load, active, sub, file.
    var units: [String: [String]] = [
        "fuyun-agent.service": ["loaded", "active", "running", "enabled"],
        "fuyun-function.socket": ["loaded", "active", "running", "enabled"],
        "fuyun-platform.socket": ["loaded", "active", "listening", "enabled"],
        "fuyun-admin.socket": ["loaded", "active", "running", "enabled"],
    ]
    /// What the kernel can do.
    var features = KernelFeatures(
        peak: true,
        peakReset: true,
        reclaim: true,
        localEvents: true,
        pressure: true,
        swapMax: true,
        high: true,
        peerPidfd: true,
        pidfdCgroupID: true
    )
    /// Its kernel.
    var release = "6.12.41+deb13-amd64"
    /// Who looks.
    var isRoot = true
    /// What the agent answers; nil: nothing.
    var status: String? = #"{"version":"0.1.0","ready":true,"policies":{"problems":[]}}"#

    /// The container that runs on it.
    static let container = "machine.slice/libpod-" + String(repeating: "0123456789abcdef", count: 4) + ".scope"

    /// Makes the machine.
    init() throws {
        directory = try TemporaryDirectory([
            "proc/self/mountinfo":
                "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n",
            "proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n",
            "proc/net/unix": """
            Num       RefCount Protocol Flags    Type St Inode Path
            0: 00000002 00000000 00010000 0001 01 11 /run/fuyun/function.sock
            0: 00000002 00000000 00010000 0001 01 12 /run/fuyun/platform.sock
            0: 00000002 00000000 00010000 0001 01 13 /run/fuyun/admin.sock

            """,
            "sys/fs/cgroup/cgroup.controllers": "cpu io memory pids\n",
            "sys/fs/cgroup/cgroup.subtree_control": "cpu memory pids\n",
            "etc/fuyun/policies/watermark.json": Policies.watermark,
        ])
        for group in ["system.slice", "machine.slice", Self.container] {
            try write("cpu memory pids\n", to: "sys/fs/cgroup/\(group)/cgroup.controllers")
            try write("memory pids\n", to: "sys/fs/cgroup/\(group)/cgroup.subtree_control")
        }
        for program in ["fuyun-agent", "podman", "crun"] { try write("", to: "usr/bin/\(program)", mode: 0o755) }
        directory.makeDirectory("run/systemd/system")
        directory.makeDirectory("run/fuyun")
        for (name, mode) in [("function", mode_t(0o666)), ("platform", 0o600), ("admin", 0o600)] {
            try makeSocket("run/fuyun/\(name).sock", mode: mode)
        }
    }

    /// Writes a file.
    func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
        try directory.write(text, to: path, mode: mode)
    }

    /// Removes a file.
    func remove(_ path: String) { unlink(directory.file(path)) }

    /// Makes a socket's file: what lstat(2) sees of it.
    func makeSocket(_ path: String, mode: mode_t) throws {
        let file = directory.file(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: file.utf8.prefix(107)) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, chmod(file, mode) == 0 else { throw Errno(rawValue: errno) }
    }

    /// The machine for the doctor.
    var machine: Machine {
        let (programs, units, features, status) = (programs, units, features, status)
        return Machine(
            root: directory.path,
            release: release,
            isRoot: isRoot,
            cgroupCheck: .unchecked,
            run: { command in
                if command.prefix(2) == ["systemctl", "show"] { return Self.show(command.dropFirst(3), of: units) }
                return programs[command.joined(separator: " ")]
            },
            tryFeatures: { _ in .features(features) },
            askAgent: {
                guard let status else { return .failure(CommandFailure("no answer in time", outcome: .away)) }
                do { return .success(try JSONDocument.parse(Array(status.utf8)).root) } catch {
                    return .failure(CommandFailure("\(error)"))
                }
            }
        )
    }

    private static func show(_ names: ArraySlice<String>, of units: [String: [String]]) -> Machine.ProgramAnswer {
        let blocks = names.map { name in
            let states = units[name] ?? ["not-found", "inactive", "dead", ""]
            return "Id=\(name)\nLoadState=\(states[0])\nActiveState=\(states[1])\nSubState=\(states[2])\n"
                + "UnitFileState=\(states[3])\nResult=\(states.count > 4 ? states[4] : "success")\n"
        }
        return .init(status: 0, output: blocks.joined(separator: "\n"))
    }
}
