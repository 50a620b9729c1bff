import CSystemd
import Glibc
import MemoryUnits

/// One open connection to a message bus; its end closes it.
struct BusConnection: ~Copyable {
    private let bus: OpaquePointer

    private static let opening = "open the system bus"
    private static let advice =
        "see systemctl status dbus.socket; limits of units that systemd owns are left to it until then"

    /// Opens and authenticates, within the deadline.
    static func open(address: String?, deadline: ContinuousClock.Instant) throws(SystemdError) -> BusConnection {
        var opened: OpaquePointer?
        let result = start(&opened, address: address)
        guard result >= 0, let opened else {
            throw SystemdError(operation: opening, result: result, advice: advice)
        }
        let connection = BusConnection(bus: opened)
        try connection.authenticate(deadline: deadline)
        return connection
    }

    private init(bus: OpaquePointer) { self.bus = bus }

    /// Whether the other side is still there, as far as the last request showed.
    var isSound: Bool { sd_bus_is_open(bus) > 0 }

    deinit { sd_bus_close_unref(bus) }

    private static func start(_ bus: inout OpaquePointer?, address: String?) -> CInt {
        guard let address else { return sd_bus_open_system(&bus) }
        var result = sd_bus_new(&bus)
        if result >= 0 { result = sd_bus_set_address(bus, address) }
        if result >= 0 { result = sd_bus_set_bus_client(bus, 1) }
        if result >= 0 { result = sd_bus_start(bus) }
        if result < 0 { bus = sd_bus_unref(bus) }
        return result
    }

    /// Waits until the bus has let this client in.
    private func authenticate(deadline: ContinuousClock.Instant) throws(SystemdError) {
        // sd_bus_call would do this by itself, but with libsystemd's own timeout of 90 s.
        while true {
            let processed = try check(sd_bus_process(bus, nil))
            if try check(sd_bus_is_ready(bus)) > 0 { return }
            let left = try microseconds(until: deadline, Self.opening)
            if processed > 0 { continue }
            let waited = sd_bus_wait(bus, left)
            if waited != -EINTR { try check(waited) }
        }
    }

    @discardableResult
    private func check(_ result: CInt) throws(SystemdError) -> CInt {
        if result < 0 { throw SystemdError(operation: Self.opening, result: result, advice: Self.advice) }
        return result
    }

    /// Calls SetUnitProperties(name, runtime, properties) of the manager.
    func setUnitProperties(
        unit: String,
        _ properties: [UnitProperty],
        runtime: Bool,
        deadline: ContinuousClock.Instant
    ) throws(SystemdError) {
        let operation = "set memory properties of unit \(unit)"
        let message = try BusMessage(
            bus,
            path: Manager.path,
            interface: Manager.interface,
            member: "SetUnitProperties",
            operation: operation
        )
        try message.append(unit)
        try message.append(runtime)
        try message.container(SD_BUS_TYPE_ARRAY, "(sv)") { () throws(SystemdError) in
            for property in properties {
                try message.container(SD_BUS_TYPE_STRUCT, "sv") { () throws(SystemdError) in
                    try message.append(property.name.rawValue)
                    try message.container(SD_BUS_TYPE_VARIANT, "t") { () throws(SystemdError) in
                        try message.append(property.wireValue)
                    }
                }
            }
        }
        _ = try call(message, deadline: deadline)
    }

    /// Finds the unit, then reads one property of it; nil is `infinity`.
    func unitProperty(
        unit: String,
        _ name: UnitPropertyName,
        deadline: ContinuousClock.Instant
    ) throws(SystemdError) -> Bytes? {
        let operation = "read \(name.rawValue) of unit \(unit)"
        guard let interface = UnitName.memoryInterface(of: unit) else {
            throw SystemdError(code: .unknownUnit, operation: operation, detail: "not a name of a unit with a cgroup")
        }
        // Asking the object at once would make systemd load any name as an empty unit and answer `infinity`.
        let lookup = try BusMessage(
            bus,
            path: Manager.path,
            interface: Manager.interface,
            member: "GetUnit",
            operation: operation
        )
        try lookup.append(unit)
        let path = try call(lookup, deadline: deadline).readString(SD_BUS_TYPE_OBJECT_PATH)

        let get = try BusMessage(
            bus,
            path: path,
            interface: "org.freedesktop.DBus.Properties",
            member: "Get",
            operation: operation
        )
        try get.append(interface)
        try get.append(name.rawValue)
        let value = try call(get, deadline: deadline).readVariantUInt64()
        return value == .max ? nil : Bytes(value)
    }

    private func call(
        _ message: borrowing BusMessage,
        deadline: ContinuousClock.Instant
    ) throws(SystemdError) -> BusMessage {
        var error = sd_bus_error()
        defer { sd_bus_error_free(&error) }
        var reply: OpaquePointer?
        let limit = try microseconds(until: deadline, message.operation)
        let result = sd_bus_call(bus, message.pointer, limit, &error, &reply)
        guard result >= 0, let reply else {
            throw SystemdError(
                operation: message.operation,
                result: result,
                errorName: error.name.map { String(cString: $0) } ?? "",
                message: error.message.map { String(cString: $0) } ?? ""
            )
        }
        return BusMessage(adopting: reply, operation: message.operation)
    }
}

/// A place for a connection that may not be open.
struct BusConnectionSlot: ~Copyable {
    private var connection: BusConnection?

    var isOpen: Bool { connection != nil }

    /// Whether there is a connection and the other side is still there.
    var isSound: Bool {
        switch connection {
        case .some(let open): open.isSound
        case .none: false
        }
    }

    mutating func openIfNeeded(address: String?, deadline: ContinuousClock.Instant) throws(SystemdError) {
        if connection == nil { connection = try BusConnection.open(address: address, deadline: deadline) }
    }

    mutating func close() { connection = nil }

    func use<Answer>(_ body: (borrowing BusConnection) throws(SystemdError) -> Answer) throws(SystemdError) -> Answer {
        switch connection {
        case .some(let open): return try body(open)
        case .none: throw SystemdError(code: .unavailable, operation: "use the system bus", detail: "it is not open")
        }
    }
}

/// The service manager's object on the bus.
private enum Manager {
    static let path = "/org/freedesktop/systemd1"
    static let interface = "org.freedesktop.systemd1.Manager"
}

extension SystemdError {
    /// Makes an error from what sd_bus_call left behind; chooses the code.
    init(operation: String, result: CInt, errorName: String, message: String) {
        // libsystemd puts failures of its own (a broken connection) into this form.
        if errorName.isEmpty || errorName.hasPrefix("System.Error.") {
            self.init(operation: operation, result: result)
            return
        }
        let bus = "org.freedesktop.DBus.Error."
        var advice = ""
        let code: Code
        switch errorName {
        case "org.freedesktop.systemd1.NoSuchUnit":
            code = .unknownUnit
        case bus + "AccessDenied", bus + "InteractiveAuthorizationRequired", bus + "AuthFailed":
            code = .denied
            advice = "it takes root, or a polkit rule for org.freedesktop.systemd1.manage-units"
        case bus + "ServiceUnknown", bus + "NameHasNoOwner", bus + "Disconnected", bus + "NoServer":
            code = .unavailable
            advice = "systemd is not on this bus; limits of units that it owns are left to it"
        case bus + "NoReply", bus + "Timeout", bus + "TimedOut":
            code = .timedOut
            advice = "PID 1 is busy or hangs: systemctl list-jobs"
        default:
            code = .refused
        }
        let words = message.isEmpty ? errorName : "\(errorName): \(message)"
        self.init(code: code, operation: operation, detail: words, advice: advice)
    }
}

/// What is left until a deadline, in microseconds; throws when nothing is.
private func microseconds(
    until deadline: ContinuousClock.Instant,
    _ operation: String
) throws(SystemdError) -> UInt64 {
    let left = (deadline - ContinuousClock.now).wholeMicroseconds
    // Zero and the largest number both mean "the default" to libsystemd.
    guard left > 0 else { throw SystemdError(code: .timedOut, operation: operation, errno: ETIMEDOUT) }
    return min(left, UInt64(Int64.max))
}
