import Cgroup
import FuyunInvocation
import MemoryUnits
import Testing

@Suite("The node's room for rescues, and who gets it")
struct RescueBookTests {
    private func request(
        _ id: UInt64,
        priority: Int = 50,
        function: String = "f",
        granted: UInt64 = 100,
        limit: UInt64 = 100,
        wanted: UInt64 = 125,
        current: UInt64 = 95,
        greatest: UInt64 = 4_000
    ) -> RescueRequest {
        RescueRequest(
            container: CgroupID(rawValue: id),
            function: function,
            priority: priority,
            granted: .mebibytes(granted),
            limit: .mebibytes(limit),
            wanted: .mebibytes(wanted),
            current: .mebibytes(current),
            greatest: .mebibytes(greatest)
        )
    }

    private func book(budget: UInt64? = nil, perFunction: UInt64? = nil) -> RescueBook {
        RescueBook(
            RescueBounds(
                reserve: .mebibytes(200),
                budget: budget.map { .mebibytes($0) },
                functionBudget: perFunction.map { .mebibytes($0) }
            )
        )
    }

    private let start = MonotonicTime.milliseconds(1_000)

    @Test("A single container gets what it wants while there is room")
    func room() {
        var book = book()
        book.ask(request(1), at: start)
        let grants = book.settle(available: .mebibytes(1_000), at: start)
        #expect(grants == [RescueGrant(container: CgroupID(rawValue: 1), limit: .mebibytes(125))])
        #expect(book.waitingCount == 0)
        #expect(book.granted == .mebibytes(25))
    }

    @Test("The reserve is never touched, and what was promised counts before it is used")
    func reserve() {
        var book = book()
        for id in 1...20 as ClosedRange<UInt64> { book.ask(request(id, wanted: 200), at: start) }
        let available = Bytes.mebibytes(200 + 550)
        let grants = book.settle(available: available, at: start)
        let promised = grants.reduce(Bytes.zero) { $0 + ($1.limit - .mebibytes(95)) }
        #expect(promised <= .mebibytes(550) + .mebibytes(UInt64(grants.count) * 5))
        #expect(!grants.isEmpty && book.waitingCount > 0)
        let first = book.settle(available: available, at: start)
        #expect(first.isEmpty)
    }

    @Test("Unknown room grants nothing")
    func unknown() {
        var book = book()
        book.ask(request(1), at: start)
        let first = book.settle(available: nil, at: start)
        #expect(first.isEmpty)
    }

    @Test("Priority goes first, then the least need, then the longest wait")
    func order() {
        var book = book()
        book.ask(request(1, wanted: 300), at: start)
        book.ask(request(2, wanted: 150), at: start)
        book.ask(request(3, priority: 90, wanted: 400), at: start)
        book.ask(request(4, wanted: 150), at: start)
        #expect(book.order().map(\.rawValue) == [3, 2, 4, 1])
        // Nobody overtakes the first when the node has too little for it.
        let first = book.settle(available: .mebibytes(202), at: start)
        #expect(first.isEmpty)
    }

    @Test("Who is bounded by its own function's budget stands in nobody's way")
    func ownBudget() {
        var book = book(perFunction: 30)
        book.ask(request(1, function: "greedy", limit: 130), at: start)
        book.ask(request(2, function: "modest", wanted: 120), at: start)
        let first = book.settle(available: .mebibytes(2_000), at: start)
        #expect(first.map(\.container.rawValue) == [2])
    }

    @Test("The budget of all bounds all")
    func budget() {
        var book = book(budget: 30)
        book.ask(request(1), at: start)
        book.ask(request(2), at: start)
        let grants = book.settle(available: .gibibytes(4), at: start)
        #expect(grants.map(\.limit) == [.mebibytes(125), .mebibytes(105)])
        #expect(book.granted == .mebibytes(30))
    }

    @Test("After patience the last in the order is given up, one at a time")
    func givingUp() {
        var book = book()
        for id in 1...3 as ClosedRange<UInt64> { book.ask(request(id, wanted: 100 + id * 50), at: start) }
        let first = book.giveUp(at: start.advanced(by: .seconds(2)))
        #expect(first == nil)
        let second = book.giveUp(at: start.advanced(by: .seconds(3)))
        #expect(second?.rawValue == 3)
        let third = book.giveUp(at: start.advanced(by: .seconds(3)))
        #expect(third == nil)
        let fourth = book.giveUp(at: start.advanced(by: .seconds(6)))
        #expect(fourth?.rawValue == 2)
    }

    @Test("An end makes room for those who wait")
    func ended() {
        var book = book()
        book.ask(request(1, wanted: 500), at: start)
        let first = book.settle(available: .mebibytes(650), at: start)
        #expect(first.count == 1)
        book.ask(request(2, wanted: 200), at: start)
        let second = book.settle(available: .mebibytes(650), at: start)
        #expect(second.map(\.limit) != [.mebibytes(200)])
        book.ended(CgroupID(rawValue: 1))
        book.ask(request(2, wanted: 200), at: start)
        let third = book.settle(available: .mebibytes(650), at: start)
        #expect(third.map(\.limit) == [.mebibytes(200)])
    }
}
