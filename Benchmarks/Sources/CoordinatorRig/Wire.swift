import Glibc

/// One HTTP connection, as plain as can be: a client must not be what is measured.
public final class Wire {
    /// The socket, for poll(2).
    public let descriptor: CInt
    /// The body of the last answer.
    public private(set) var body = ""
    private var bytes: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    /// Connects; nil when nobody listens.
    public init?(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.loopback(port)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { return nil }
        var isOn: CInt = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit { close(descriptor) }

    static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// A request's text.
    public static func request(_ method: String, _ path: String, _ body: String = "") -> [UInt8] {
        Array("\(method) \(path) HTTP/1.1\r\nHost: b\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }

    /// Sends bytes.
    public func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Waits for an answer; its status, 0 when the connection ended.
    public func answer() -> Int {
        while true {
            if let status = takeAnswer() { return status }
            guard readMore() else { return 0 }
        }
    }

    /// Reads what is there; false when the connection ended.
    public func readMore() -> Bool {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return false }
        bytes += buffer[..<count]
        return true
    }

    /// The status of an answer that is there whole, which is taken.
    public func takeAnswer() -> Int? {
        let text = String(decoding: bytes.prefix(4096), as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = text[..<end.lowerBound].split(separator: "\r\n")
        let length =
            head.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) } ?? 0
        let start = text[..<end.upperBound].utf8.count
        guard bytes.count >= start + length else { return nil }
        body = String(decoding: bytes[start..<start + length], as: UTF8.self)
        bytes.removeFirst(start + length)
        return head.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    }
}
