import AsyncHTTPClient
import FuyunDrafter
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Failures of connections, in words that say what to do.
extension ModelSettings {
    /// Explains why there was no answer.
    func explain(_ error: any Error) -> ModelFailure {
        switch error {
        case let error as ModelFailure: error
        case is CancellationError: ModelFailure(.cancelled, "the request to \(endpoint) was cancelled")
        case let error as HTTPClientError: explain(error)
        case is NIOTooManyBytesError:
            ModelFailure(
                .badAnswer,
                "the answer of \(endpoint) has more than \(ChatCompletion.largestAnswer) bytes; nothing of it is used"
            )
        case HTTPParserError.invalidEOFState: broken
        case is HTTPParserError:
            ModelFailure(.badAnswer, "\(endpoint) does not speak HTTP: \(error); is that a chat-completions endpoint?")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: untrusted(error)
        case let error as NIOConnectionError: unreachable(error)
        case let error as IOError: unreachable(String(cString: strerror(error.errnoCode)))
        default: unreachable("\(error)")
        }
    }

    private func explain(_ error: HTTPClientError) -> ModelFailure {
        switch error {
        case .cancelled, .requestStreamCancelled, .alreadyShutdown:
            ModelFailure(.cancelled, "the request to \(endpoint) was cancelled")
        case .connectTimeout: unreachable("no connection within \(min(timeout, .seconds(30)).components.seconds) s")
        case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout:
            ModelFailure(
                .timedOut,
                "no whole answer of \(endpoint) within \(timeout.inSeconds) s; a slow model wants a longer timeout_seconds"
            )
        case .tlsHandshakeTimeout: unreachable("no TLS handshake in time")
        case .remoteConnectionClosed, .uncleanShutdown: broken
        case .invalidURL, .emptyHost, .emptyScheme:
            ModelFailure(.refused, "\(endpoint) is not the address of a chat-completions endpoint")
        default: ModelFailure(.badAnswer, "\(endpoint): \(error); is that a chat-completions endpoint?")
        }
    }

    private var broken: ModelFailure { unreachable("it closed the connection before the end of its answer") }

    private func unreachable(_ error: NIOConnectionError) -> ModelFailure {
        if let reason = error.connectionErrors.last {
            let code = (reason.error as? IOError)?.errnoCode
            return unreachable(code.map { String(cString: strerror($0)) } ?? "\(reason.error)")
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil { return unreachable("there is no host \(error.host)") }
        return unreachable("\(error)")
    }

    private func unreachable(_ reason: String) -> ModelFailure {
        let advice = endpoint.isLoopback ? "is it running?" : "is it running there, and may this service go there?"
        return ModelFailure(.unreachable, "\(endpoint) cannot be reached: \(reason); \(advice)")
    }

    private func untrusted(_ error: any Error) -> ModelFailure {
        let text = "\(error)"
        let source = authorityFile ?? "the system's certificates"
        let reason =
            if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
                "it does not speak TLS; try http://"
            } else if let failure = error as? NIOSSLExtraError, failure == .failedToValidateHostname {
                "its certificate is not for the name \(endpoint.host)"
            } else if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
                "its certificate is not trusted: nothing in \(source) vouches for it, or its time is over"
            } else {
                "no TLS connection: \(text)"
            }
        // Asking again does not help against a certificate.
        return ModelFailure(.refused, "\(endpoint) is not asked: \(reason)")
    }
}

extension Duration {
    fileprivate var inSeconds: String {
        let seconds = self / .seconds(1)
        return seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
    }
}
