import Glibc
import Testing

/// A plain Unix socket, for bytes that no client would send.
struct RawSocket: ~Copyable {
    private let descriptor: CInt

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let socket = descriptor
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Says that nothing more will be sent.
    func endSending() { shutdown(descriptor, CInt(SHUT_WR)) }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends again and again without ever reading, until the peer takes no more or `most` bytes are gone; answers how many went.
    func flood(_ text: String, most: Int) -> Int {
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < most {
            let count = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            guard count > 0 else { break }
            sent += count
        }
        return sent
    }

    /// Reads until what came ends with something, or the connection does; for answers that are too long to be searched
    /// again and again.
    func receiveBytes(endingWith end: String) -> [UInt8] {
        let end = Array(end.utf8)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < end.count || !bytes[(bytes.count - end.count)...].elementsEqual(end) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Reads until the text ends with something, or the connection does.
    func receive(until end: String? = nil, count: Int = 1) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count_ = recv(descriptor, &buffer, buffer.count, 0)
            guard count_ > 0 else { break }
            bytes += buffer[..<count_]
            let text = String(decoding: bytes, as: UTF8.self)
            if let end, text.occurrences(of: end) >= count { return text }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Keeps a socket in a list.
final class RawSocketBox {
    let socket: RawSocket
    init(_ socket: consuming RawSocket) { self.socket = socket }
}

extension String {
    func occurrences(of part: String) -> Int { ranges(of: part).count }
}
