import FuyunClient
import FuyunProtocol
import FuyunTestSupport
import NIOCore
import Testing

#if canImport(Glibc)
import Glibc
#endif

/// The built program, with a command of its own.
@Suite("fuyun-shim as a program", .serialized, .timeLimit(.minutes(2)))
struct ProcessTests {
    private func run(
        _ command: [String],
        options: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> ShimProgram {
        let listen = try Rig.freePort()
        let upstream = try Rig.freePort()
        let arguments =
            ["--upstream", "127.0.0.1:\(upstream)", "--agent", "unix:/nowhere", "--function", "f"] + options
        return try ShimProgram(arguments + ["--"] + command, listen: listen, environment: environment)
    }

    @Test(
        "exits with its command's status",
        arguments: [
            ("exit 0", 0), ("exit 3", 3), ("kill -KILL $$", 137), ("kill -ABRT $$", 134), ("kill -TERM $$", 143),
        ]
            as [(String, Int32)]
    )
    func status(script: String, status: Int32) async throws {
        #expect(try await run(["sh", "-c", script]).wait() == status)
    }

    @Test("a command that cannot be started is 127 or 126, as in a shell")
    func cannotStart() async throws {
        let missing = try await run(["no-such-program-of-this-name"])
        #expect(try await missing.wait() == 127)
        #expect(missing.errors.contains("cannot start"))
        #expect(try await run(["/etc/passwd"]).wait() == 126)
    }

    @Test("an address that is taken, and wrong options, are said so")
    func cannotListen() async throws {
        let taken = try await StubServer.start(on: Rig.group) { _ in [] }
        let shim = try ShimProgram(["--upstream", ":1"], listen: taken.port)
        #expect(try await shim.wait() == 1)
        #expect(shim.errors.contains("Address already in use"))
        try await taken.stop()
        let wrong = try ShimProgram(["--upstream", "example.org:80"], listen: 1)
        #expect(try await wrong.wait() == 1)
        #expect(wrong.errors.contains("names other than localhost are not looked up"))
        let odd = try ShimProgram(["--upstream", ":2", "--platform", "lambda"], listen: 1)
        #expect(try await odd.wait() == 64)
        #expect(odd.errors.contains("auto, openwhisk, knative or plain"))
    }

    @Test("--check says what would be done")
    func check() async throws {
        let shim = try ShimProgram(["--upstream", ":2", "--check"], listen: 1, environment: ["K_SERVICE": "resize"])
        #expect(try await shim.wait() == 0)
        let text = shim.output
        #expect(text.contains("upstream 0.0.0.0:2") && text.contains("function resize, platform knative"))
    }

    @Test("signals reach the command", arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGQUIT])
    func signals(signal: Int32) async throws {
        let marker = Rig.socketPath()
        let names = [SIGTERM: "TERM", SIGINT: "INT", SIGHUP: "HUP", SIGUSR1: "USR1", SIGUSR2: "USR2", SIGQUIT: "QUIT"]
        let script = "trap 'exit 42' \(names[signal] ?? ""); touch \(marker); while :; do sleep 0.02; done"
        let shim = try await run(["sh", "-c", script])
        #expect(try await eventually { access(marker, F_OK) == 0 })
        kill(shim.process, signal)
        #expect(try await shim.wait() == 42)
        unlink(marker)
    }

    @Test("the command inherits three descriptors, its environment and its output, and nothing blocked")
    func inheritance() async throws {
        let shim = try await run(
            [
                "sh", "-c",
                "ls /proc/self/fd | tr '\\n' ' '; echo $COLOUR; grep SigBlk /proc/self/status; echo problem >&2",
            ],
            environment: ["COLOUR": "blue"]
        )
        #expect(try await shim.wait() == 0)
        // ls has one more, for the directory that it reads.
        #expect(shim.output == "0 1 2 3 blue\nSigBlk:\t0000000000000000\n")
        #expect(shim.errors == "problem\n")
    }

    @Test("without a command, SIGTERM lets the call in flight end")
    func drain() async throws {
        let upstream = try await StubServer.start(on: Rig.group) { _ in [.sleep(.milliseconds(300))] + ok("fine") }
        let listen = try Rig.freePort()
        let shim = try ShimProgram(
            ["--upstream", "127.0.0.1:\(upstream.port)", "--agent", "unix:/nowhere", "--function", "f", "--quiet"],
            listen: listen
        )
        let response = try await call(shim) { connection async throws in
            try await connection.send(post("/", "{}"))
            #expect(try await eventually { upstream.requests.count == 1 })
            kill(shim.process, SIGTERM)
            return try await connection.response()
        }
        #expect(response.text == "fine")
        #expect(try await shim.wait() == 0)
        #expect(shim.errors == "")
        try await upstream.stop()
    }

    @Test("a command that is killed during a call: 502, and the agent hears of the exit status")
    func crash() async throws {
        let path = Rig.socketPath()
        let agent = try await StubAgent.start(at: path, on: Rig.group)
        let upstream = try Rig.freePort()
        let shim = try ShimProgram(
            [
                "--upstream", "127.0.0.1:\(upstream)", "--agent", "unix:\(path)", "--function", "f", "--agent-deadline",
                "10000",
                "--", "python3", "-c", Self.killsItself, "\(upstream)",
            ],
            listen: try Rig.freePort()
        )
        let response = try await call(shim) { connection async throws in
            try await connection.send(post("/", "{}"))
            return try await connection.response()
        }
        #expect(response.status == 502)
        #expect(try await shim.wait() == 137)
        let end = try #require(agent.ends.first)
        #expect(end.outcome == .crashed && end.exitStatus == 137)
        try await agent.stop()
    }

    @Test("serving 100 MiB both ways leaves it small")
    func memory() async throws {
        let block = pattern(1 << 20)
        let upstream = try await StubServer.start(on: Rig.group) { _ in
            [.text("HTTP/1.1 200 OK\r\nContent-Length: \(100 << 20)\r\n\r\n"), .repeat(block, 100)]
        }
        let path = Rig.socketPath()
        let agent = try await StubAgent.start(at: path, on: Rig.group)
        let shim = try ShimProgram(
            [
                "--upstream", "127.0.0.1:\(upstream.port)", "--agent", "unix:\(path)", "--function", "f",
                "--agent-deadline", "10000",
            ],
            listen: try Rig.freePort()
        )
        let response = try await call(shim) { connection async throws in
            try await connection.send("POST / HTTP/1.1\r\nContent-Length: \(100 << 20)\r\n\r\n")
            for _ in 0..<100 { try await connection.send(block) }
            return try await connection.response()
        }
        #expect(response.bodySize == 100 << 20 && response.isWhole)
        let status = ShimProgram.contents("/proc/\(shim.process)/smaps_rollup")
        let line = status.split(separator: "\n").first { $0.hasPrefix("Anonymous:") }
        let kibibytes = line.flatMap { Int($0.split(separator: " ")[1]) } ?? .max
        #expect(kibibytes < 4096, "\(kibibytes) KiB of anonymous memory")
        kill(shim.process, SIGTERM)
        #expect(try await shim.wait() == 0)
        try await agent.stop()
        try await upstream.stop()
    }

    @Test("says once that the agent is away")
    func log() async throws {
        let upstream = try await StubServer.start(on: Rig.group) { _ in ok("fine") }
        let shim = try ShimProgram(
            ["--upstream", "127.0.0.1:\(upstream.port)", "--agent", "unix:/nowhere", "--function", "f"],
            listen: try Rig.freePort()
        )
        for _ in 0..<5 {
            let response = try await call(shim) { connection async throws in
                try await connection.send(post("/", "{}"))
                return try await connection.response()
            }
            #expect(response.status == 200)
        }
        kill(shim.process, SIGTERM)
        #expect(try await shim.wait() == 0)
        let lines = shim.errors.split(separator: "\n")
        #expect(lines.count == 1 && lines.first?.contains("1 call passed on without the agent") == true)
        try await upstream.stop()
    }

    /// Connects as soon as the shim listens.
    private func call<Result>(_ shim: ShimProgram, _ body: (RawConnection) async throws -> Result) async throws
        -> Result
    {
        #expect(
            try await eventually { (try? await RawConnection.open(to: shim.endpoint) { _ in true }) == true }
        )
        return try await RawConnection.open(to: shim.endpoint, body)
    }

    /// A server that reads a request and dies as the kernel's OOM killer would have it.
    private static let killsItself = """
        import os, signal, socket, sys
        listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
        while True:
            connection, _ = listener.accept()
            if connection.recv(65536):
                os.kill(os.getpid(), signal.SIGKILL)
        """
}
