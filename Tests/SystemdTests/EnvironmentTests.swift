import Glibc
import Testing

@testable import Systemd

/// What reads the environment; one test at a time, because there is only one environment.
@Suite(.serialized)
struct EnvironmentTests {
    private func withEnvironment<Result>(_ values: [String: String], _ body: () throws -> Result) rethrows -> Result {
        for (name, value) in values { setenv(name, value, 1) }
        defer { for name in values.keys { unsetenv(name) } }
        return try body()
    }

    @Test func notificationsAreDatagramsToTheSocket() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path + "/notify"
        let socket = try BoundSocket(SOCK_DGRAM, at: path)
        let notifier = ServiceNotifier()
        let cases: [(ServiceNotifier.Delivery, String)] = withEnvironment(["NOTIFY_SOCKET": path]) {
            [
                (notifier.ready(), "READY=1"),
                (notifier.stopping(), "STOPPING=1"),
                (notifier.watchdog(), "WATCHDOG=1"),
                (notifier.status("serving 3 containers"), "STATUS=serving 3 containers"),
                (notifier.status("two\nREADY=1"), "STATUS=two READY=1"),
                (notifier.extendTimeout(.milliseconds(1500)), "EXTEND_TIMEOUT_USEC=1500000"),
                (notifier.mainError(13, status: "no cgroup v2"), "ERRNO=13\nSTATUS=no cgroup v2"),
            ]
        }
        for (delivery, expected) in cases {
            #expect(delivery == .delivered)
            #expect(socket.receiveText() == expected)
        }
    }

    @Test func reloadingTellsItsMoment() throws {
        let scratch = try ScratchDirectory()
        let socket = try BoundSocket(SOCK_DGRAM, at: scratch.path + "/notify")
        var before = timespec()
        clock_gettime(CLOCK_MONOTONIC, &before)
        withEnvironment(["NOTIFY_SOCKET": scratch.path + "/notify"]) { _ = ServiceNotifier().reloading() }
        let text = try #require(socket.receiveText())
        let lines = text.split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        let moment = try #require(lines.last.flatMap { UInt64($0.dropFirst("MONOTONIC_USEC=".count)) })
        let start = UInt64(before.tv_sec) * 1_000_000 + UInt64(before.tv_nsec) / 1000
        #expect(moment >= start && moment < start + 60_000_000)
    }

    @Test func notificationsReachAnAbstractSocket() throws {
        let name = "@fuyun-test-notify-\(getpid())"
        let socket = try BoundSocket(SOCK_DGRAM, at: name)
        #expect(withEnvironment(["NOTIFY_SOCKET": name]) { ServiceNotifier().ready() } == .delivered)
        #expect(socket.receiveText() == "READY=1")
    }

    @Test func notificationsNeedNobody() throws {
        unsetenv("NOTIFY_SOCKET")
        #expect(ServiceNotifier().ready() == .unsupervised)
        let delivery = withEnvironment(["NOTIFY_SOCKET": "/nonexistent/notify"]) { ServiceNotifier().ready() }
        #expect(delivery == .failed(errno: ENOENT))
    }

    @Test(
        arguments: [
            ("5000000", nil, Duration.seconds(5)), ("5000000", "own", .seconds(5)), ("5000000", "1", nil),
            (nil, nil, nil),
        ] as [(String?, String?, Duration?)]
    )
    func watchdogIsReadFromTheEnvironment(time: String?, process: String?, expected: Duration?) throws {
        var values: [String: String] = [:]
        values["WATCHDOG_USEC"] = time
        values["WATCHDOG_PID"] = process == "own" ? "\(getpid())" : process
        let watchdog = try withEnvironment(values) { try Watchdog.fromEnvironment() }
        #expect(watchdog == expected.map(Watchdog.init))
        #expect(watchdog?.interval == expected.map { $0 / 2 })
    }

    @Test func malformedWatchdogIsAnError() {
        let error = #expect(throws: SystemdError.self) {
            try withEnvironment(["WATCHDOG_USEC": "soon"]) { _ = try Watchdog.fromEnvironment() }
        }
        #expect(error?.code == .malformed)
        #expect(error?.description.contains("WATCHDOG_USEC") == true)
    }

    @Test(arguments: [[:], ["LISTEN_FDS": "2", "LISTEN_PID": "1"]] as [[String: String]])
    func noInheritedSockets(values: [String: String]) throws {
        try withEnvironment(values) {
            let descriptors = try ListenDescriptors.inherited(expecting: ["function"])
            let isNone = descriptors == nil
            #expect(isNone)
        }
    }

    @Test func malformedListenVariablesAreAnErrorAndAreUnset() {
        let values = ["LISTEN_FDS": "many", "LISTEN_PID": "\(getpid())"]
        let error = #expect(throws: SystemdError.self) {
            try withEnvironment(values) {
                defer { #expect(getenv("LISTEN_FDS") == nil) }
                _ = try ListenDescriptors.inherited(expecting: ["function"])
            }
        }
        #expect(error?.description.contains("LISTEN_FDS") == true)
    }
}
