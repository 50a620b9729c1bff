import CSystemd
import Glibc

/// The listening sockets that systemd opened for this service (socket activation, sd_listen_fds(3)), by name.
///
/// It owns them: what is not taken is closed when the value goes away. Names come from `FileDescriptorName=` of the
/// socket units.
public struct ListenDescriptors: ~Copyable {
    private var open: [String: CInt]

    /// The names that are still here, sorted.
    public var names: [String] { open.keys.sorted() }

    private init(open: [String: CInt]) { self.open = open }

    deinit {
        for descriptor in open.values { close(descriptor) }
    }

    /// Takes over the inherited sockets and unsets the variables; nil when the service was not started by socket
    /// activation.
    ///
    /// Every socket must be a listening Unix stream socket, and there must be exactly one of each expected name.
    /// Afterwards they are close-on-exec. Call it once, before other threads start: it changes the environment.
    ///
    /// Throws `SystemdError` (`malformed`) with what was expected and found; all inherited descriptors are closed then.
    public static func inherited(expecting expected: Set<String>) throws(SystemdError) -> ListenDescriptors? {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        // libsystemd checks LISTEN_PID, unsets the variables and sets FD_CLOEXEC.
        let count = sd_listen_fds_with_names(1, &names)
        defer { freeNames(names) }
        if count < 0 {
            throw SystemdError(
                operation: "take sockets from systemd",
                result: count,
                advice: "LISTEN_FDS, LISTEN_FDNAMES and LISTEN_PID come from systemd; unset them for a start by hand"
            )
        }
        guard count > 0 else { return nil }
        let sockets = (0..<Int(count)).map { index in
            InheritedSocket(name: names?[index].map { String(cString: $0) } ?? "", descriptor: CInt(3 + index))
        }
        do {
            return ListenDescriptors(open: try match(sockets, expecting: expected))
        } catch {
            for socket in sockets { close(socket.descriptor) }
            throw error
        }
    }

    /// Hands out one socket, which the caller owns from now on; throws when there is none of that name (any more).
    public mutating func take(_ name: String) throws(SystemdError) -> CInt {
        guard let descriptor = open.removeValue(forKey: name) else {
            throw SystemdError(
                code: .malformed,
                operation: "take socket \"\(name)\"",
                detail: "not among the sockets that are left: \(quoted(names))"
            )
        }
        return descriptor
    }

    /// Pairs sockets with the expected names and checks their kind; pure but for the look at each descriptor.
    static func match(
        _ sockets: [InheritedSocket],
        expecting expected: Set<String>,
        isListening: (CInt) -> Bool = isListeningUnixStream
    ) throws(SystemdError) -> [String: CInt] {
        let advice = "each name belongs to one socket unit's FileDescriptorName=, and its Service= is this unit"
        var found: [String: CInt] = [:]
        for socket in sockets {
            guard found.updateValue(socket.descriptor, forKey: socket.name) == nil else {
                throw SystemdError(
                    code: .malformed,
                    operation: "take sockets from systemd",
                    detail: "the name \"\(socket.name)\" came twice; expected one each of \(quoted(expected.sorted()))",
                    advice: advice
                )
            }
        }
        guard Set(found.keys) == expected else {
            throw SystemdError(
                code: .malformed,
                operation: "take sockets from systemd",
                detail: "expected \(quoted(expected.sorted())), got \(quoted(found.keys.sorted()))",
                advice: advice
            )
        }
        for socket in sockets where !isListening(socket.descriptor) {
            throw SystemdError(
                code: .malformed,
                operation: "take socket \"\(socket.name)\"",
                detail: "descriptor \(socket.descriptor) is not a listening Unix stream socket",
                advice: "use ListenStream=/path and Accept=no in the socket unit"
            )
        }
        return found
    }

    /// Whether a descriptor is a Unix stream socket on which listen(2) was called.
    private static func isListeningUnixStream(_ descriptor: CInt) -> Bool {
        sd_is_socket_unix(descriptor, CInt(SOCK_STREAM.rawValue), 1, nil, 0) > 0
    }
}

/// One inherited descriptor with the name that came along.
struct InheritedSocket: Hashable {
    var name: String
    var descriptor: CInt
}

private func quoted(_ names: [String]) -> String {
    names.isEmpty ? "none" : names.map { "\"\($0)\"" }.joined(separator: ", ")
}

/// Frees the array that libsystemd allocated: each string, then itself.
private func freeNames(_ names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) {
    guard let names else { return }
    var index = 0
    while let name = names[index] {
        free(name)
        index += 1
    }
    free(names)
}
