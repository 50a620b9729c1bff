import ArgumentParser

/// Options of the commands that can be repeated.
struct WatchOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        defaultAsFlag: 2.0,
        help: ArgumentHelp("Show it again every so many seconds, until interrupted.", valueName: "seconds")
    )
    var watch: Double?

    func validate() throws {
        guard let watch else { return }
        guard watch >= 0.1, watch <= 86_400 else {
            throw ValidationError("--watch takes 0.1 to 86400 seconds, not \(plain(watch))")
        }
    }

    /// Shows something once, or again and again.
    ///
    /// While it is repeated an agent that cannot be reached is said and waited for: it may just be restarting.
    func repeating(
        on console: Console,
        _ show: () async throws(CommandFailure) -> Void
    ) async throws(CommandFailure) {
        guard let watch else { return try await show() }
        while true {
            do throws(CommandFailure) {
                try await show()
            } catch {
                guard error.outcome == .away else { throw error }
                console.clear()
                console.complain(error.description)
            }
            do { try await Task.sleep(for: .seconds(watch)) } catch { return }
        }
    }
}
