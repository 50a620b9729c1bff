import FuyunTuning
import Testing

@testable import FuyunCoordinator

/// A board that can be changed within an expectation.
private final class Board {
    private var board: NewsBoard

    init(_ settings: TunerSettings = TunerSettings()) { board = NewsBoard(settings: settings) }

    var queuedCount: Int { board.queuedCount }
    var droppedCount: Int { board.droppedCount }
    var count: Int { board.count }

    func note(_ news: ObservedFunction, at now: ContinuousClock.Instant) -> Bool { board.note(news, at: now) }
    func noteChange(_ name: String, at now: ContinuousClock.Instant) -> Bool { board.noteChange(name, at: now) }
    func noteSweep(_ name: String, isNews: (FitMemory?) -> Bool, at now: ContinuousClock.Instant) -> Bool {
        board.noteSweep(name, isNews: isNews, at: now)
    }
    func take(at now: ContinuousClock.Instant) -> NewsBoard.Job? { board.take(at: now) }
    func finish(_ name: String, _ finding: NewsBoard.Finding, at now: ContinuousClock.Instant) -> Bool {
        board.finish(name, finding, at: now)
    }
    func delay(at now: ContinuousClock.Instant) -> Duration? { board.delay(at: now) }
}

@Suite struct NewsBoardTests {
    let start = ContinuousClock.now

    private func news(_ name: String, calls: Int = 1, misses: Int = 0, factor: Double = 1) -> ObservedFunction {
        ObservedFunction(name: name, calls: calls, misses: misses, worstFactor: factor)
    }

    private func settled(after calls: Int, factor: Double = 2) -> NewsBoard.Finding {
        NewsBoard.Finding(threshold: NewsBoard.Threshold(calls: calls, factor: factor))
    }

    @Test func theWorstNewsComeFirst() {
        let board = Board()
        for name in ["calls", "error", "miss"] {
            #expect(board.note(news(name), at: start))
            _ = board.take(at: start)
            #expect(!board.finish(name, settled(after: 10), at: start))
        }
        #expect(board.note(news("calls", calls: 10), at: start))
        #expect(board.note(news("error", factor: 3), at: start))
        #expect(board.note(news("miss", misses: 1), at: start))
        #expect(board.take(at: start)?.name == "miss")
        #expect(board.take(at: start)?.name == "error")
        #expect(board.take(at: start)?.name == "calls")
        #expect(board.take(at: start) == nil)
    }

    @Test func newsOfOneFunctionAreOneLook() {
        let board = Board()
        for _ in 0..<1000 { _ = board.note(news("f"), at: start) }
        #expect(board.queuedCount == 1)
        #expect(board.take(at: start)?.name == "f")
        #expect(board.take(at: start) == nil)
        // What comes meanwhile is not lost.
        #expect(!board.note(news("f", misses: 1), at: start))
        #expect(board.finish("f", settled(after: 10), at: start))
        #expect(board.take(at: start)?.hasMisses == true)
    }

    @Test func aSettledFunctionIsLeftAloneUntilItsThreshold() {
        let board = Board()
        _ = board.note(news("f"), at: start)
        _ = board.take(at: start)
        _ = board.finish("f", settled(after: 10, factor: 2), at: start)
        #expect(!board.note(news("f", calls: 9), at: start))
        #expect(!board.note(news("f", calls: 0, factor: 2), at: start))
        #expect(board.note(news("f"), at: start))
    }

    @Test func functionsThatGoOnMissingWaitLongerAndLonger() {
        let board = Board()
        var now = start
        var waits: [Int] = []
        _ = board.note(news("f", misses: 1), at: now)
        for _ in 0..<10 {
            now += board.delay(at: now) ?? .zero
            #expect(board.take(at: now)?.hasMisses == true)
            var finding = settled(after: 10)
            finding.isStormy = true
            _ = board.finish("f", finding, at: now)
            _ = board.note(news("f", misses: 1), at: now)
            waits.append(Int((board.delay(at: now) ?? .zero) / .milliseconds(1)))
        }
        #expect(waits == [100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000, 10000])
    }

    @Test func aMomentThatIsWaitedForComes() {
        let board = Board()
        _ = board.note(news("f"), at: start)
        _ = board.take(at: start)
        var finding = settled(after: 10)
        finding.threshold?.moment = start + .seconds(60)
        #expect(!board.finish("f", finding, at: start))
        #expect(board.delay(at: start) == .seconds(60))
        #expect(board.take(at: start + .seconds(59)) == nil)
        #expect(board.take(at: start + .seconds(60))?.name == "f")
    }

    @Test func aFailedLookIsTriedAgain() {
        let board = Board()
        _ = board.note(news("f"), at: start)
        #expect(board.take(at: start)?.failures == 0)
        #expect(!board.finish("f", NewsBoard.Finding(retry: .seconds(1)), at: start))
        #expect(board.take(at: start) == nil)
        #expect(board.take(at: start + .seconds(1))?.failures == 1)
    }

    @Test func aFullBoardForgetsWhatIsSettledAndCountsWhatItDrops() {
        var settings = TunerSettings()
        settings.functions = 2
        let board = Board(settings)
        for name in ["a", "b"] {
            _ = board.note(news(name), at: start)
            _ = board.take(at: start)
        }
        #expect(!board.note(news("c"), at: start))
        #expect(board.droppedCount == 1)
        _ = board.finish("a", settled(after: 10), at: start)
        #expect(board.note(news("c"), at: start))
        #expect(board.count == 2)
    }

    @Test func aChangeIsLookedAtAtOnce() {
        let board = Board()
        _ = board.note(news("f"), at: start)
        _ = board.take(at: start)
        // While it is worked on: right after.
        #expect(!board.noteChange("f", at: start))
        #expect(board.finish("f", settled(after: 10), at: start))
        #expect(board.take(at: start)?.name == "f")
        #expect(!board.finish("f", settled(after: 10), at: start))
        #expect(board.noteChange("f", at: start))
    }

    @Test func theSweepFindsOnlyWhatIsNew() {
        let board = Board()
        #expect(board.noteSweep("f", isNews: { _ in false }, at: start), "not known yet")
        _ = board.take(at: start)
        _ = board.finish("f", settled(after: 10), at: start)
        #expect(!board.noteSweep("f", isNews: { _ in false }, at: start))
        #expect(board.noteSweep("f", isNews: { _ in true }, at: start))
    }

    @Test func timersAreInOrder() {
        var heap = TimerHeap()
        var dice = Dice(seed: 3)
        let moments = (0..<500).map { _ in start + .milliseconds(Int.random(in: 0..<1000, using: &dice)) }
        for moment in moments { heap.insert(moment, "f") }
        var sorted: [ContinuousClock.Instant] = []
        while let first = heap.first {
            sorted.append(first.moment)
            heap.removeFirst()
        }
        #expect(sorted == moments.sorted())
    }
}
