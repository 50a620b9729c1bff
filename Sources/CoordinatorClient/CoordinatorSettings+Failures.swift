import AsyncHTTPClient
import FuyunProtocol
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Failures of connections, in words that say what to do.
extension CoordinatorSettings {
    /// Explains why there was no answer.
    func explain(_ error: any Error, url: String, timeout: Duration, maximumAnswer: Int = 0) -> CoordinatorError {
        switch error {
        case let error as CoordinatorError: return error
        case is CancellationError: return CoordinatorError(.cancelled, "the request to \(url) was cancelled")
        case let error as HTTPClientError: return explain(error, url: url, timeout: timeout)
        case let error as JSONError:
            return CoordinatorError(
                .badAnswer,
                "the answer of \(url) is not understood: \(error)",
                advice: "is that a coordinator, and of the same version?"
            )
        case is NIOTooManyBytesError:
            return CoordinatorError(
                .tooLarge,
                "the answer of \(url) has more than \(maximumAnswer) bytes",
                advice: "is that a coordinator?"
            )
        case HTTPParserError.invalidEOFState:
            return explain(HTTPClientError.remoteConnectionClosed, url: url, timeout: timeout)
        case is HTTPParserError:
            return CoordinatorError(
                .badAnswer,
                "\(address) does not speak HTTP: \(error)",
                advice: "is that a coordinator?"
            )
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return untrusted(error, url: url)
        case let error as NIOConnectionError: return unreachable(error, url: url)
        case let error as IOError:
            return unreachable(String(cString: strerror(error.errnoCode)), url: url)
        default: return unreachable("\(error)", url: url)
        }
    }

    private func explain(_ error: HTTPClientError, url: String, timeout: Duration) -> CoordinatorError {
        switch error {
        case .cancelled, .requestStreamCancelled:
            return CoordinatorError(.cancelled, "the request to \(url) was cancelled")
        case .connectTimeout:
            return CoordinatorError(
                .timeout,
                "no connection to \(address) within \(connectTimeout.components.seconds) s",
                advice: advice
            )
        case .deadlineExceeded, .readTimeout, .writeTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
            return CoordinatorError(
                .timeout,
                "no answer of \(url) within \(timeout.components.seconds) s",
                advice: advice
            )
        case .remoteConnectionClosed, .uncleanShutdown:
            return unreachable("it closed the connection before the end of its answer", url: url)
        case .alreadyShutdown: return CoordinatorError(.cancelled, "the connection to \(url) was shut down")
        case .invalidURL, .emptyHost, .emptyScheme:
            return CoordinatorError(.configuration, "\(url) is not a coordinator's address")
        default: return CoordinatorError(.badAnswer, "\(url): \(error)", advice: "is that a coordinator?")
        }
    }

    private func unreachable(_ error: NIOConnectionError, url: String) -> CoordinatorError {
        if let reason = error.connectionErrors.last {
            let code = (reason.error as? IOError)?.errnoCode
            return unreachable(code.map { String(cString: strerror($0)) } ?? "\(reason.error)", url: url)
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return unreachable("there is no host \(error.host)", url: url)
        }
        return unreachable("\(error)", url: url)
    }

    private func unreachable(_ reason: String, url: String) -> CoordinatorError {
        CoordinatorError(.unreachable, "the coordinator cannot be reached at \(address): \(reason)", advice: advice)
    }

    private var advice: String {
        address.isLoopback
            ? "is it running? systemctl status fuyun-coordinator"
            : "is it running there, and does the network lead there?"
    }

    private func untrusted(_ error: any Error, url: String) -> CoordinatorError {
        let text = "\(error)"
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") {
            return CoordinatorError(.tls, "\(address) does not speak TLS", advice: "try http://")
        }
        let source = authorityFile ?? "the system's certificates"
        if let failure = error as? NIOSSLExtraError, failure == .failedToValidateHostname {
            return CoordinatorError(
                .tls,
                "the certificate of \(address) is not for the name \(address.host)",
                advice: "use the name that is in it, or have one made for this name"
            )
        }
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
            return CoordinatorError(
                .tls,
                "the certificate of \(address) is not trusted: nothing in \(source) vouches for it, or its time is over",
                advice: authorityFile == nil
                    ? "name the file of the authority that signed it" : "is that the authority that signed it?"
            )
        }
        return CoordinatorError(
            .tls,
            "no TLS connection to \(address): \(text)",
            advice: "do both ends speak TLS 1.2 or 1.3?"
        )
    }

    /// Explains an answer that is no success.
    func explain(status: Int, body: RefusalBody?, location: String?, url: String) -> CoordinatorError {
        let refusal = CoordinatorError.Refusal(
            status: status,
            code: body?.code ?? "",
            message: body?.message ?? "",
            findings: body?.findings ?? []
        )
        let said = body.map { ": \($0.message)" } ?? ""
        switch status {
        case 300..<400:
            return CoordinatorError(
                .badAnswer,
                "\(url) refers to \(location.map { String($0.prefix(200)) } ?? "another place") (status \(status))",
                advice: "name the coordinator's own address"
            )
        case 401:
            return CoordinatorError(
                .unauthorized,
                "\(address) does not accept \(tokenFile.map { "the token of \($0)" } ?? "requests without a token")\(said)",
                advice: tokenFile == nil ? "name a token file" : "is it the token that the coordinator has?",
                refusal: refusal
            )
        case 403:
            return CoordinatorError(
                .forbidden,
                "\(url) is not for \(tokenFile.map { "the token of \($0)" } ?? "requests without a token")\(said)",
                refusal: refusal
            )
        default:
            guard body != nil else {
                return CoordinatorError(
                    .refused,
                    "\(url) answers with the status \(status), in no way of a coordinator",
                    advice: "is that a coordinator?",
                    refusal: refusal
                )
            }
            return CoordinatorError(.refused, "\(url) refuses with \(status)\(said)", refusal: refusal)
        }
    }
}
