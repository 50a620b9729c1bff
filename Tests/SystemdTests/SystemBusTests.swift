import Foundation
import Testing

@testable import Systemd

struct SystemBusTests {
    @Test func noBusIsUnavailable() async {
        let bus = SystemBus(address: "unix:path=/nonexistent/bus")
        let error = await #expect(throws: SystemdError.self) {
            try await bus.setUnitProperties(unit: "a.scope", [UnitProperty(.memoryMax, nil)])
        }
        #expect(error?.code == .unavailable)
        #expect(error?.advice.contains("dbus.socket") == true)
    }

    @Test func aBusThatNeverAnswersTimesOut() async throws {
        let scratch = try ScratchDirectory()
        let listener = try BoundSocket(SOCK_STREAM, at: scratch.path + "/bus", listening: true)
        let bus = SystemBus(address: "unix:path=\(scratch.path)/bus")
        let error = await #expect(throws: SystemdError.self) {
            _ = try await bus.unitProperty(unit: "a.scope", .memoryMax, timeout: .milliseconds(50))
        }
        #expect(error?.code == .timedOut)
        _ = listener.descriptor
    }

    @Test func theQueueIsBounded() async {
        let bus = SystemBus(address: "unix:path=/nonexistent/bus", capacity: 0)
        let error = await #expect(throws: SystemdError.self) {
            _ = try await bus.unitProperty(unit: "a.scope", .memoryMax)
        }
        #expect(error?.code == .overloaded)
    }

    @Test func anAddressThatIsNoneIsAnError() async {
        let error = await #expect(throws: SystemdError.self) {
            _ = try await SystemBus(address: "nonsense").unitProperty(unit: "a.scope", .memoryMax)
        }
        #expect(error?.operation == "open the system bus")
    }

    /// A bus without a systemd on it answers that; after its restart the client connects anew.
    @Test(.enabled(if: MessageBus.isInstalled, "dbus-daemon is not installed"))
    func aBusThatRestartsIsFoundAgain() async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path + "/bus"
        let bus = SystemBus(address: "unix:path=\(path)")
        for _ in 1...2 {
            let daemon = try await MessageBus(directory: scratch.path)
            for _ in 1...2 {
                let error = await #expect(throws: SystemdError.self) {
                    try await bus.setUnitProperties(
                        unit: "a.scope",
                        [UnitProperty(.memoryMax, nil), UnitProperty(.memorySwapMax, nil)]
                    )
                }
                #expect(error?.code == .unavailable)
                #expect(error?.detail.contains("ServiceUnknown") == true, "\(String(describing: error))")
            }
            daemon.stop()
            unlink(path)
        }
    }

    @Test(.enabled(if: access("/run/dbus/system_bus_socket", F_OK) == 0, "no system bus here"))
    func theRootSliceIsUnlimited() async throws {
        let bus = SystemBus()
        #expect(try await bus.unitProperty(unit: "-.slice", .memoryMax) == nil)
        let error = await #expect(throws: SystemdError.self) {
            _ = try await bus.unitProperty(unit: "fuyun-test-absent.scope", .memoryMax)
        }
        #expect(error?.code == .unknownUnit)
    }
}

/// A message bus of the test's own, on which nobody else is.
private struct MessageBus {
    static let program = "/usr/bin/dbus-daemon"
    static var isInstalled: Bool { access(program, X_OK) == 0 }

    private let process: pid_t

    init(directory: String) async throws {
        let configuration = directory + "/bus.conf"
        // Not the session's configuration: it would start services of the machine.
        try """
        <busconfig>
          <listen>unix:path=\(directory)/bus</listen>
          <auth>EXTERNAL</auth>
          <policy context="default"><allow user="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy>
        </busconfig>
        """.write(toFile: configuration, atomically: true, encoding: .utf8)
        var spawned: pid_t = 0
        let arguments = [Self.program, "--config-file=\(configuration)", "--nofork", "--nopidfile", "--nosyslog"]
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        guard posix_spawn(&spawned, Self.program, nil, nil, &pointers, environ) == 0 else { throw ScratchError() }
        process = spawned
        // The socket's file is there a moment before the bus listens on it.
        guard await eventually({ Self.accepts(directory + "/bus") }) else {
            stop()
            throw ScratchError()
        }
    }

    private static func accepts(_ path: String) -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    func stop() {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
