import CoordinatorClient
import Glibc
import NIOCore
import NIOPosix

/// A directory for one test, removed with the last reference to it.
final class TemporaryDirectory: Sendable {
    private let path: String

    /// Makes it.
    init() {
        var template = Array("/tmp/fuyun-client-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no temporary directory: \(errno)") }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                unlink("\(path)/\(name)")
            }
            closedir(stream)
        }
        rmdir(path)
    }

    /// Writes a file; gives its path.
    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t = 0o600) -> String {
        let file = "\(path)/\(name)"
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC, mode)
        guard descriptor >= 0 else { fatalError("\(file): \(errno)") }
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        fchmod(descriptor, mode)
        close(descriptor)
        return file
    }

    /// The path of a file.
    func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// A client for the time of `body`.
func withClient<Value>(
    _ url: String,
    tokenFile: String? = nil,
    authorityFile: String? = nil,
    answerTimeout: Duration = .seconds(20),
    _ body: (CoordinatorClient) async throws -> Value
) async throws -> Value {
    var settings = CoordinatorSettings(
        address: try CoordinatorAddress(url),
        tokenFile: tokenFile,
        authorityFile: authorityFile
    )
    settings.answerTimeout = answerTimeout
    let client = CoordinatorClient(settings, on: MultiThreadedEventLoopGroup.singleton)
    do {
        let value = try await body(client)
        await client.shutdown()
        return value
    } catch {
        await client.shutdown()
        throw error
    }
}

/// The error of a call.
func failure<Value>(_ body: () async throws(CoordinatorError) -> Value) async -> CoordinatorError? {
    do throws(CoordinatorError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}
