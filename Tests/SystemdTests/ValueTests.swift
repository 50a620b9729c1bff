import Glibc
import Testing

@testable import Systemd

struct ServiceNotifierTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a\r\nb\tc\u{0}d\u{7F}", "a  b c d "),
    ])
    func statusIsOneLine(text: String, expected: String) {
        #expect(ServiceNotifier.singleLine(text) == expected)
    }

    @Test func statusIsCutBetweenCharacters() {
        let line = ServiceNotifier.singleLine(String(repeating: "é", count: 600))
        #expect(line == String(repeating: "é", count: 256))
        #expect(ServiceNotifier.singleLine("a" + String(repeating: "é", count: 600)).utf8.count == 511)
    }

    @Test(
        arguments: [
            (Duration.seconds(2), 2_000_000), (.nanoseconds(1999), 1), (.seconds(-1), 0), (.milliseconds(-1), 0),
            (.seconds(Int64.max), UInt64.max),
        ] as [(Duration, UInt64)]
    )
    func durationsInMicroseconds(duration: Duration, expected: UInt64) {
        #expect(duration.wholeMicroseconds == expected)
    }
}

struct ListenDescriptorsTests {
    private static func sockets(_ names: [String]) -> [InheritedSocket] {
        names.enumerated().map { InheritedSocket(name: $1, descriptor: CInt(100 + $0)) }
    }

    @Test func socketsArePairedByName() throws {
        let sockets = Self.sockets(["platform", "function"])
        let found = try ListenDescriptors.match(sockets, expecting: ["function", "platform"]) { _ in true }
        #expect(found == ["platform": 100, "function": 101])
    }

    @Test(arguments: [
        (["function"], "expected \"admin\", \"function\", got \"function\""),
        (
            ["function", "admin", "unknown"],
            "expected \"admin\", \"function\", got \"admin\", \"function\", \"unknown\""
        ),
        (["function", "function"], "the name \"function\" came twice"),
        ([], "got none"),
    ])
    func namesMustMatch(names: [String], words: String) {
        let error = #expect(throws: SystemdError.self) {
            try ListenDescriptors.match(Self.sockets(names), expecting: ["function", "admin"]) { _ in true }
        }
        #expect(error?.code == .malformed)
        #expect(error?.description.contains(words) == true, "\(String(describing: error))")
        #expect(error?.description.contains("FileDescriptorName=") == true)
    }

    @Test(arguments: [("stream, listening", true), ("stream", false), ("datagram", false), ("not a socket", false)])
    func onlyListeningStreamSocketsPass(kind: String, expected: Bool) throws {
        let scratch = try ScratchDirectory()
        let type = kind == "datagram" ? SOCK_DGRAM : SOCK_STREAM
        let bound = try BoundSocket(type, at: scratch.path + "/s", listening: kind == "stream, listening")
        let descriptor = kind == "not a socket" ? STDIN_FILENO : bound.descriptor
        let sockets = [InheritedSocket(name: "function", descriptor: descriptor)]
        if expected {
            #expect(try ListenDescriptors.match(sockets, expecting: ["function"]) == ["function": descriptor])
        } else {
            let error = #expect(throws: SystemdError.self) {
                try ListenDescriptors.match(sockets, expecting: ["function"])
            }
            #expect(error?.description.contains("not a listening Unix stream socket") == true)
        }
    }
}

struct UnitNameTests {
    private static let id = String(repeating: "0123456789abcdef", count: 4)

    @Test(
        arguments: [
            ("/machine.slice/libpod-\(id).scope/container", "libpod-\(id).scope"),
            ("machine.slice/libpod-\(id).scope", "libpod-\(id).scope"),
            ("/system.slice/docker-\(id).scope", "docker-\(id).scope"),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx_y.slice/cri-containerd-a.scope",
                "cri-containerd-a.scope"
            ),
            ("/machine.slice/libpod-a.scope/container/system.slice/inner.service", "libpod-a.scope"),
            ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service"),
            (#"/system.slice/dev-disk\x2dby.mount"#, #"dev-disk\x2dby.mount"#),
            ("/fuyun.slice", "fuyun.slice"),
            ("/a.slice/a-b.slice/", "a-b.slice"),
            ("/_cgroup.service", "cgroup.service"),
            ("/user.slice/user-1000.slice/user@1000.service", "user@1000.service"),
            ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-a.scope/container", nil),
            ("/kubepods/burstable/podx/\(id)", nil),
            ("/machine.slice/not a unit/x.scope", nil),
            ("/.scope", nil),
            ("/", nil),
            ("", nil),
        ] as [(String, String?)]
    )
    func owner(path: String, expected: String?) {
        #expect(UnitName.owning(cgroupPath: path) == expected)
    }

    @Test(
        arguments: [
            ("a.scope", "org.freedesktop.systemd1.Scope"), ("a@1.service", "org.freedesktop.systemd1.Service"),
            ("a-b.slice", "org.freedesktop.systemd1.Slice"), ("a.timer", nil), ("a", nil), (".slice", nil),
            ("a b.scope", nil),
            (String(repeating: "a", count: 250) + ".scope", nil),
        ] as [(String, String?)]
    )
    func memoryInterface(unit: String, expected: String?) {
        #expect(UnitName.memoryInterface(of: unit) == expected)
    }
}

struct SystemdErrorTests {
    @Test(arguments: [
        (SystemdError(code: .refused, operation: "do it"), "do it: refused"),
        (SystemdError(operation: "open x", result: -ENOENT), "open x: No such file or directory"),
        (SystemdError(code: .denied, operation: "set", detail: "no", advice: "ask"), "set: no (ask)"),
    ])
    func description(error: SystemdError, expected: String) {
        #expect(error.description == expected)
    }

    @Test(
        arguments: [
            (-EACCES, .denied), (-ENOENT, .unavailable), (-ECONNRESET, .unavailable), (-ETIMEDOUT, .timedOut),
            (-EINVAL, .malformed),
            (-ENOMEM, .system),
        ] as [(CInt, SystemdError.Code)]
    )
    func codesOfResults(result: CInt, expected: SystemdError.Code) {
        #expect(SystemdError(operation: "x", result: result).code == expected)
    }

    @Test(
        arguments: [
            ("org.freedesktop.systemd1.NoSuchUnit", .unknownUnit), ("org.freedesktop.DBus.Error.AccessDenied", .denied),
            ("org.freedesktop.DBus.Error.ServiceUnknown", .unavailable),
            ("org.freedesktop.DBus.Error.NoReply", .timedOut),
            ("org.freedesktop.DBus.Error.InvalidArgs", .refused), ("System.Error.ECONNRESET", .unavailable),
            ("", .unavailable),
        ] as [(String, SystemdError.Code)]
    )
    func codesOfAnswers(name: String, expected: SystemdError.Code) {
        #expect(SystemdError(operation: "x", result: -ECONNRESET, errorName: name, message: "m").code == expected)
    }
}
