import CoordinatorClient
import CoreMetrics
import FuyunProtocol
import Logging

/// Tells the coordinator what payloads look like: soon after something new was seen, and at most every ten seconds.
///
/// Nothing of it is stored: an agent that starts anew learns the shapes from the next calls.
struct ShapeReporter: Sendable {
    /// How long news is gathered: the first calls of a function come together.
    static let gathering: Duration = .seconds(1)
    /// The least time between two requests.
    static let leastPause: Duration = .seconds(10)
    /// When a coordinator that does not know this is asked again.
    static let refusedPause: Duration = .seconds(600)

    let collector: ShapeCollector
    let link: any CoordinatorLink
    let bell: Doorbell
    let metrics: ShapeMetrics
    let logger: Logger

    /// Tells until the bell is closed.
    func run() async {
        var backoff = Backoff()
        var isMore = false
        while !bell.isClosed {
            if !isMore { await bell.wait(for: .ordinary) }
            await bell.wait(for: .closed, atMost: Self.gathering)
            guard !bell.isClosed else { return }
            bell.reset()
            let (news, hasMore) = collector.news()
            isMore = hasMore
            guard !news.isEmpty else { continue }
            let body = ShapesBody(
                functions: news.map { ShapesBody.Element(function: $0.function, shape: $0.shape) }
            )
            do throws(CoordinatorError) {
                try await link.send(body)
                metrics.sent.increment(by: news.count)
                backoff.reset()
                await bell.wait(for: .closed, atMost: Self.leastPause)
            } catch {
                guard !bell.isClosed else { return }
                metrics.failures.increment()
                if error.refusal != nil, !error.isWorthRetrying {
                    // An older coordinator, or one that finds them wrong: they are told again when something else is seen.
                    logger.warning(
                        "the coordinator does not take the shapes of payloads",
                        metadata: ["error": "\(error)"]
                    )
                    await bell.wait(for: .closed, atMost: Self.refusedPause)
                } else {
                    collector.giveBack(news)
                    isMore = true
                    await bell.wait(for: .closed, atMost: max(backoff.next(), Self.gathering))
                }
            }
        }
    }
}
