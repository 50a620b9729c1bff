import ArgumentParser
import FuyunCoordinator
import Glibc
import Logging
import Settings

/// Tells people on standard error what went wrong, one line each, and ends with status 1.
enum Report {
    static func line(_ text: String) {
        let bytes = Array("fuyun-coordinator: \(text)\n".utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    static func problems<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch {
            if let errors = error as? ConfigurationErrors {
                for diagnostic in errors.diagnostics { line("\(diagnostic)") }
            } else {
                line("\(error)")
            }
            throw ExitCode.failure
        }
    }

    static func problems<Value>(to logger: Logger, _ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch {
            logger.critical("the coordinator cannot serve", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }
}
