import Glibc
import NIOCore
import NIOSSL

/// What is shown to the coordinator and asked of it: the token, and the certificates that are trusted.
///
/// Files are looked at for each request and read again when they have changed, so that a token or an authority is
/// exchanged without a restart.
struct Credentials: Sendable {
    private let token: WatchedFile<String>?
    private let authorities: WatchedFile<TLSConfiguration>?

    init(tokenFile: String?, authorityFile: String?) {
        token = tokenFile.map { path in
            WatchedFile(path, maximumSize: 4096) { bytes, mode throws(CoordinatorError) in
                try Self.token(in: bytes, mode: mode, path: path)
            }
        }
        authorities = authorityFile.map { path in
            WatchedFile(path, maximumSize: 4 << 20) { bytes, _ throws(CoordinatorError) in
                try Self.trust(bytes, path: path)
            }
        }
    }

    /// The header field, if there is a token.
    func authorization(for address: CoordinatorAddress) throws(CoordinatorError) -> String? {
        guard let token else { return nil }
        guard address.isEncrypted || address.isLoopback else {
            throw CoordinatorError(
                .configuration,
                "the token of \(token.path) would go to \(address) unencrypted",
                advice: "use https://"
            )
        }
        return "Bearer " + (try token.value())
    }

    /// The certificates that are trusted; nil for those of the system.
    func trust() throws(CoordinatorError) -> TLSConfiguration? { try authorities?.value() }

    private static func token(in bytes: [UInt8], mode: mode_t, path: String) throws(CoordinatorError) -> String {
        guard mode & 0o077 == 0 else {
            throw CoordinatorError(
                .configuration,
                "\(path) has the mode 0\(String(mode & 0o7777, radix: 8)): others than its owner can use the token",
                advice: "chmod 600 \(path)"
            )
        }
        let text = bytes.drop { $0.isSpace }
        let token = text.prefix { !$0.isSpace }
        guard !token.isEmpty, token.count <= 1024, token.allSatisfy({ (0x21...0x7E).contains($0) }),
            text.dropFirst(token.count).allSatisfy(\.isSpace)
        else {
            throw CoordinatorError(
                .configuration,
                "\(path) does not hold a token",
                advice: "expected one word of up to 1024 visible ASCII characters, and nothing else"
            )
        }
        return String(decoding: token, as: UTF8.self)
    }

    private static func trust(_ bytes: [UInt8], path: String) throws(CoordinatorError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        do {
            let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
            configuration.trustRoots = .certificates(certificates)
        } catch {
            throw CoordinatorError(
                .configuration,
                "\(path) does not hold certificates in PEM form",
                advice: "expected the certificate of the authority that signed the coordinator's"
            )
        }
        return configuration
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
