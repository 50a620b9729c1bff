import FuyunDrafter
import Glibc
import NIOSSL

/// Secrets and certificates in files: read at each request, so that they are exchanged without a restart.
enum ModelFiles {
    /// A file that is not what it must be.
    struct Problem: Error, Hashable, CustomStringConvertible {
        /// What is wrong and what to do; holds nothing of the file.
        var description: String
    }

    private static let largestKey = 4_096
    private static let largestAuthority = 4 << 20

    /// The key in a file.
    static func key(_ path: String) throws(Problem) -> String {
        let (bytes, mode) = try read(path, atMost: largestKey)
        // A credential of systemd may be readable by a group by way of an access list; nobody else may be.
        guard mode & 0o037 == 0 else {
            throw Problem(
                description:
                    "\(path) has the mode 0\(String(mode & 0o7777, radix: 8)): others than its owner can use the "
                    + "key; chmod 600 it, and have a new key made"
            )
        }
        let text = bytes.drop { $0.isSpace }
        let key = text.prefix { !$0.isSpace }
        guard !key.isEmpty, key.allSatisfy({ (0x21...0x7E).contains($0) }),
            text.dropFirst(key.count).allSatisfy(\.isSpace)
        else {
            throw Problem(
                description:
                    "\(path) does not hold a key: expected one word of visible ASCII characters and nothing else"
            )
        }
        return String(decoding: key, as: UTF8.self)
    }

    /// A client's settings that trust the authorities in a file.
    static func trust(_ path: String) throws(Problem) -> TLSConfiguration {
        let (bytes, _) = try read(path, atMost: largestAuthority)
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            configuration.trustRoots = .certificates(certificates)
        } catch {
            throw Problem(
                description:
                    "\(path) does not hold certificates in PEM form: expected that of the authority that signed "
                    + "the endpoint's"
            )
        }
        return configuration
    }

    private static func read(_ path: String, atMost most: Int) throws(Problem) -> (bytes: [UInt8], mode: mode_t) {
        // Not blocking, so that a pipe given by mistake does not hold the task for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0 else { throw unreadable(path) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw Problem(description: "\(path) is not a regular file; name another one")
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { return (bytes, facts.st_mode) }
            bytes += piece[..<count]
            guard bytes.count <= most else {
                throw Problem(description: "\(path) has more than \(most) bytes; name another file")
            }
        }
    }

    private static func unreadable(_ path: String) -> Problem {
        Problem(
            description: "\(path) cannot be read: \(String(cString: strerror(errno))); write it, or name another file"
        )
    }
}

extension ModelSettings {
    /// What is wrong with the files that are named, and with a key that would go over the network in the clear.
    public func problems() -> [String] {
        var problems: [String] = []
        if let keyFile {
            do throws(ModelFiles.Problem) { _ = try ModelFiles.key(keyFile) } catch { problems.append("\(error)") }
            if let problem = clearKeyProblem { problems.append(problem) }
        }
        if let authorityFile {
            do throws(ModelFiles.Problem) { _ = try ModelFiles.trust(authorityFile) } catch {
                problems.append("\(error)")
            }
        }
        return problems
    }

    /// Why the key must not be sent; nil when it may.
    var clearKeyProblem: String? {
        guard let keyFile, !endpoint.isEncrypted, !endpoint.isLoopback else { return nil }
        return "the key of \(keyFile) would go to \(endpoint) unencrypted; use https://"
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
