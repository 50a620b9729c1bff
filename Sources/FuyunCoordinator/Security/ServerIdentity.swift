import NIOCore
import NIOSSL
import Synchronization

/// The certificate that the server shows; it can be exchanged while connections come in.
final class ServerIdentity: Sendable {
    private let current: Mutex<NIOSSLContext>

    /// Loads the certificate and its key.
    init(_ files: CoordinatorConfiguration.TLS) throws(IdentityError) { current = Mutex(try Self.load(files)) }

    /// Loads them again, for connections from now on.
    ///
    /// What is not good leaves the old one in use.
    func reload(_ files: CoordinatorConfiguration.TLS) throws(IdentityError) {
        let fresh = try Self.load(files)
        current.withLock { $0 = fresh }
    }

    /// Puts TLS at the head of a new connection.
    func secure(_ channel: any Channel) throws {
        let context = current.withLock { $0 }
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
    }

    private static func load(_ files: CoordinatorConfiguration.TLS) throws(IdentityError) -> NIOSSLContext {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(files.certificateFile)
        } catch {
            throw IdentityError(path: files.certificateFile, message: "expected certificates as PEM: \(error)")
        }
        guard !chain.isEmpty else { throw IdentityError(path: files.certificateFile, message: "holds no certificate") }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: files.keyFile, format: .pem)
        } catch {
            throw IdentityError(path: files.keyFile, message: "expected a private key as PEM: \(error)")
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw IdentityError(
                path: files.keyFile,
                message: "does not go with the certificate in \(files.certificateFile): \(error)"
            )
        }
    }
}

/// Something wrong with the certificate or its key.
public struct IdentityError: Error, Sendable, CustomStringConvertible {
    /// The file.
    public var path: String
    /// What is wrong.
    public var message: String
    /// One line.
    public var description: String { "\(path): \(message)" }
}
