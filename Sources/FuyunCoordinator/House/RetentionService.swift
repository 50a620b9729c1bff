import CoreMetrics
import FuyunStore
import Logging
import ServiceLifecycle

/// Removes what is older or more than is kept, every now and then.
struct RetentionService: Service {
    let store: any Store
    let clock: WallClock
    let rules: RetentionRules
    let interval: Duration
    let metrics: HouseMetrics
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await prune()
                try await Task.sleep(for: interval)
            }
        }
    }

    private func prune() async {
        do {
            let report = try await store.prune(rules, at: clock.now)
            metrics.prunedObservations.increment(by: report.observations)
            metrics.prunedEvents.increment(by: report.events)
            metrics.prunedVersions.increment(by: report.versions)
            guard report.observations + report.events + report.versions > 0 else { return }
            logger.info(
                "retention removed what was too old or too much",
                metadata: [
                    "observations": "\(report.observations)", "events": "\(report.events)",
                    "versions": "\(report.versions)",
                ]
            )
        } catch {
            metrics.pruneFailures.increment()
            logger.error("retention failed; it is tried again", metadata: ["error": "\(error)"])
        }
    }
}
