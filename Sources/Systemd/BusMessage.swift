import CSystemd
import Glibc

/// One D-Bus message, to be sent or as received; it owns a reference.
///
/// Values are appended one at a time: the variadic functions of sd-bus cannot be called from Swift.
struct BusMessage: ~Copyable {
    let pointer: OpaquePointer
    let operation: String

    /// Makes a method call to the service manager.
    init(
        _ bus: OpaquePointer,
        path: String,
        interface: String,
        member: String,
        operation: String
    ) throws(SystemdError) {
        var made: OpaquePointer?
        let result = sd_bus_message_new_method_call(bus, &made, "org.freedesktop.systemd1", path, interface, member)
        guard result >= 0, let made else { throw SystemdError(operation: operation, result: result) }
        pointer = made
        self.operation = operation
        // Polkit would otherwise be free to wait for somebody to type a password.
        _ = sd_bus_message_set_allow_interactive_authorization(made, 0)
    }

    /// Takes over a received message.
    init(adopting pointer: OpaquePointer, operation: String) {
        self.pointer = pointer
        self.operation = operation
    }

    deinit { sd_bus_message_unref(pointer) }

    func append(_ text: String) throws(SystemdError) {
        try check(text.withCString { sd_bus_message_append_basic(pointer, type(SD_BUS_TYPE_STRING), $0) })
    }

    func append(_ flag: Bool) throws(SystemdError) {
        var value: CInt = flag ? 1 : 0
        try check(sd_bus_message_append_basic(pointer, type(SD_BUS_TYPE_BOOLEAN), &value))
    }

    func append(_ number: UInt64) throws(SystemdError) {
        var value = number
        try check(sd_bus_message_append_basic(pointer, type(SD_BUS_TYPE_UINT64), &value))
    }

    /// Appends a container and what the body appends into it.
    func container(
        _ kind: BusType,
        _ contents: String,
        _ body: () throws(SystemdError) -> Void
    ) throws(SystemdError) {
        try check(sd_bus_message_open_container(pointer, type(kind), contents))
        try body()
        try check(sd_bus_message_close_container(pointer))
    }

    /// Reads the next value, a string of some kind.
    func readString(_ kind: BusType) throws(SystemdError) -> String {
        var text: UnsafePointer<CChar>?
        try checkRead(sd_bus_message_read_basic(pointer, type(kind), &text))
        guard let text else { throw unexpectedAnswer }
        return String(cString: text)
    }

    /// Reads the next value, a variant that holds an unsigned 64-bit number.
    func readVariantUInt64() throws(SystemdError) -> UInt64 {
        var value: UInt64 = 0
        try checkRead(sd_bus_message_enter_container(pointer, type(SD_BUS_TYPE_VARIANT), "t"))
        try checkRead(sd_bus_message_read_basic(pointer, type(SD_BUS_TYPE_UINT64), &value))
        return value
    }

    private var unexpectedAnswer: SystemdError {
        SystemdError(code: .malformed, operation: operation, detail: "the answer has other types than expected")
    }

    private func check(_ result: CInt) throws(SystemdError) {
        if result < 0 { throw SystemdError(operation: operation, result: result) }
    }

    private func checkRead(_ result: CInt) throws(SystemdError) {
        if result <= 0 { throw unexpectedAnswer }
    }

    private func type(_ kind: BusType) -> CChar { CChar(truncatingIfNeeded: kind) }
}

/// How Swift imports the type codes of sd-bus.
typealias BusType = Int
