import CoordinatorClient
import CoreMetrics
import FuyunInvocation
import FuyunPolicy
import FuyunProtocol
import Logging
import NIOCore

/// Follows the coordinator's policies by long polls, for as long as the agent runs.
///
/// What it has learnt is in use and on disk before it asks again; without the coordinator the last good policies stay.
struct PolicyPuller: Sendable {
    /// How long the coordinator may take to answer when nothing changes.
    static let wait: Duration = .seconds(30)
    /// The least time between two polls that bring nothing, for a coordinator that does not wait.
    static let leastPause: Duration = .seconds(1)
    /// The least time between two polls when one brought something.
    static let newsPause: Duration = .milliseconds(100)

    let link: any CoordinatorLink
    let bell: Doorbell
    let file: SnapshotFile
    let status: SyncStatus
    let metrics: SyncMetrics
    let logger: Logger
    /// Compiles, away from every event loop.
    let worker: BoundedWorker

    /// Pulls until the bell is closed, starting with what is known already.
    ///
    /// - Parameters:
    ///   - known: What is in use.
    ///   - use: Takes policies into use; called away from every event loop.
    func run(from known: CoordinatorPolicies, use: @escaping @Sendable (CoordinatorPolicies) -> Void) async {
        var policies = known
        var backoff = Backoff()
        while !bell.isClosed {
            let asked = Clocks.monotonic()
            do throws(CoordinatorError) {
                let answer = try await link.policies(after: policies.revision, wait: Self.wait)
                status.answered()
                backoff.reset()
                let isNew = answer.revision != policies.revision
                if isNew || answer.isFull || !answer.functions.isEmpty || answer.modeCap != policies.modeCap {
                    policies = await merge(answer, into: policies, use)
                }
                // A coordinator that always has news at once must not keep this machine busy; one real change is not held up,
                // since the pause comes after it.
                if Clocks.monotonic().since(asked) < Self.leastPause {
                    await bell.wait(for: .closed, atMost: isNew ? Self.newsPause : Self.leastPause)
                }
            } catch {
                guard !bell.isClosed else { return }
                metrics.pullFailures.increment()
                status.failed(error)
                await bell.wait(for: .closed, atMost: backoff.next())
            }
        }
    }

    private func merge(
        _ answer: PoliciesAnswer,
        into policies: CoordinatorPolicies,
        _ use: @escaping @Sendable (CoordinatorPolicies) -> Void
    ) async -> CoordinatorPolicies {
        let (merged, refused) = await withCheckedContinuation { continuation in
            let isAccepted = worker.submit {
                var merged = policies
                let refused = merged.merge(answer)
                use(merged)
                continuation.resume(returning: (merged, refused))
            }
            // The worker has nothing else to do; if it had, the answer would be asked for again.
            if !isAccepted { continuation.resume(returning: (policies, [])) }
        }
        file.store(merged)
        metrics.pulls.increment()
        metrics.changesRefused.increment(by: refused.count)
        show(merged)
        logger.info(
            "policies of the coordinator",
            metadata: [
                "revision": "\(answer.revision)", "changed": "\(answer.functions.count)", "refused": "\(refused.count)",
                "mode_cap": "\(answer.modeCap.rawValue)",
            ]
        )
        return merged
    }

    /// Shows what is in use.
    func show(_ policies: CoordinatorPolicies) {
        let refused = policies.refused.count
        metrics.revision.set(Double(policies.revision ?? 0))
        metrics.functionsRefused.set(refused)
        status.update { values in
            values.revision = policies.revision
            values.functions = policies.functions.count
            values.refusedFunctions = refused
            values.modeCap = policies.modeCap
        }
    }
}
