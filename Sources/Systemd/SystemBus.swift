import Dispatch
public import MemoryUnits
import Synchronization

/// The service manager, reached over the system bus: reads and sets memory properties of units.
///
/// Requests run one after the other on a serial queue of their own, so a caller's event loop or task never blocks. Each
/// has a deadline that counts from the call, and at most `capacity` wait at a time; one more is refused as
/// `overloaded`. The connection is opened with the first request, private to this value, and opened anew when it
/// breaks; requests are idempotent, so one that met a broken connection is sent once more.
public final class SystemBus: Sendable {
    /// How long a request may take, its wait included, unless the caller says otherwise.
    public static let defaultTimeout = Duration.seconds(5)

    private let queue = DispatchQueue(label: "fuyun.system-bus")
    private let address: String?
    private let capacity: Int
    private let waiting = Mutex(0)
    private let connection = Mutex(BusConnectionSlot())

    /// Makes a client; nothing is opened yet.
    ///
    /// - Parameters:
    ///   - address: A D-Bus address such as `unix:path=/run/dbus/system_bus_socket`; nil is the system bus.
    ///   - capacity: How many requests may wait at a time.
    public init(address: String? = nil, capacity: Int = 64) {
        self.address = address
        self.capacity = capacity
    }

    /// Sets properties of a unit, at once and in one step.
    ///
    /// - Parameters:
    ///   - unit: The unit's full name, such as `libpod-4f….scope`.
    ///   - properties: What to set.
    ///   - runtime: Whether a reboot forgets it; scopes know nothing else.
    ///   - timeout: The deadline, from now.
    public func setUnitProperties(
        unit: String,
        _ properties: [UnitProperty],
        runtime: Bool = true,
        timeout: Duration = defaultTimeout
    ) async throws(SystemdError) {
        try await perform("set memory properties of unit \(unit)", timeout: timeout) {
            (connection: borrowing BusConnection, deadline) throws(SystemdError) in
            try connection.setUnitProperties(unit: unit, properties, runtime: runtime, deadline: deadline)
        }
    }

    /// Reads a property of a loaded unit; nil is `infinity`.
    ///
    /// Throws `SystemdError`, `unknownUnit` when systemd has no such unit loaded.
    public func unitProperty(
        unit: String,
        _ name: UnitPropertyName,
        timeout: Duration = defaultTimeout
    ) async throws(SystemdError) -> Bytes? {
        try await perform("read \(name.rawValue) of unit \(unit)", timeout: timeout) {
            (connection: borrowing BusConnection, deadline) throws(SystemdError) in
            try connection.unitProperty(unit: unit, name, deadline: deadline)
        }
    }

    /// Runs a request on the queue and waits for its result without blocking.
    private func perform<Answer: Sendable>(
        _ operation: String,
        timeout: Duration,
        _ request:
            @escaping @Sendable (borrowing BusConnection, ContinuousClock.Instant) throws(SystemdError) -> Answer
    ) async throws(SystemdError) -> Answer {
        let capacity = capacity
        let admitted = waiting.withLock { waiting in
            guard waiting < capacity else { return false }
            waiting += 1
            return true
        }
        guard admitted else {
            throw SystemdError(
                code: .overloaded,
                operation: operation,
                detail: "\(capacity) requests to systemd wait already",
                advice: "see whether PID 1 is busy: systemctl list-jobs"
            )
        }
        let deadline = ContinuousClock.now + timeout
        let result: Result<Answer, SystemdError> = await withCheckedContinuation { continuation in
            queue.async {
                let result = self.attempt(operation, deadline: deadline, request)
                self.waiting.withLock { $0 -= 1 }
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    /// Tries a request, and once more on a new connection when the old one turned out to be broken.
    private func attempt<Answer: Sendable>(
        _ operation: String,
        deadline: ContinuousClock.Instant,
        _ request: @Sendable (borrowing BusConnection, ContinuousClock.Instant) throws(SystemdError) -> Answer
    ) -> Result<Answer, SystemdError> {
        // Only the serial queue takes this lock, so it is never waited for.
        connection.withLock { slot in
            var wasOpen = slot.isOpen
            while true {
                guard ContinuousClock.now < deadline else {
                    return .failure(SystemdError(code: .timedOut, operation: operation, detail: "waited behind others"))
                }
                do throws(SystemdError) {
                    try slot.openIfNeeded(address: address, deadline: deadline)
                    return .success(
                        try slot.use { (open: borrowing BusConnection) throws(SystemdError) in
                            try request(open, deadline)
                        }
                    )
                } catch {
                    // After a timeout the late answer would lie around in the connection, so that goes too.
                    let isBroken = !slot.isSound
                    if isBroken || error.code == .timedOut { slot.close() }
                    guard wasOpen, isBroken, error.code != .timedOut else { return .failure(error) }
                    wasOpen = false
                }
            }
        }
    }
}
