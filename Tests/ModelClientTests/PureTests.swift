import FuyunDrafter
import Testing

@testable import ModelClient

@Suite("Addresses of endpoints")
struct EndpointTests {
    @Test(
        "are read with their version or without",
        arguments: [
            ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions"),
            ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions"),
            ("https://api.openai.com", "https://api.openai.com/v1/chat/completions"),
            ("http://127.0.0.1:11434", "http://127.0.0.1:11434/v1/chat/completions"),
            ("http://[::1]:8000/v1", "http://[::1]:8000/v1/chat/completions"),
            ("https://h/v1beta/openai/", "https://h/v1beta/openai/chat/completions"),
            ("https://h/prefix", "https://h/prefix/v1/chat/completions"),
            ("https://h/api/v4/chat/completions", "https://h/api/v4/chat/completions"),
            ("https://h/vision", "https://h/vision/v1/chat/completions"),
        ]
    )
    func good(text: String, url: String) throws {
        #expect(try ModelEndpoint(text).completions == url)
    }

    @Test(
        "say whether they are here",
        arguments: [("http://localhost", true), ("http://127.0.0.2:1", true), ("http://h", false)]
    )
    func loopback(text: String, isLoopback: Bool) throws {
        #expect(try ModelEndpoint(text).isLoopback == isLoopback)
    }

    @Test(
        "are refused with what was expected",
        arguments: [
            "", "api.openai.com", "ftp://h", "http://", "https:///v1", "http://h:0", "http://h:99999", "http://h:x",
            "http://a b", "http://h/?q", "http://h/#f", "http://user:secret@h", "http://[::1", "http://[zz]",
            "http://hôst",
            "http://h\r\nX: y", "http://h/" + String(repeating: "p", count: 1024),
        ]
    )
    func bad(text: String) {
        let error = #expect(throws: ModelEndpoint.Malformed.self) { try ModelEndpoint(text) }
        #expect(error?.description.contains("expected http://") == true)
        #expect(error?.description.contains("secret") == false)
    }
}

@Suite("When a model is asked again")
struct RetryTests {
    private let plan = RetryPlan(retries: 3, pause: .seconds(1), longestPause: .seconds(60))

    @Test(
        "pauses double, spread by half around, and end",
        arguments: [
            (1, 0.0, 0.5), (1, 0.999_999, 1.5), (2, 0.5, 2), (3, 0.5, 4), (4, 0.5, nil), (3, 0, 2),
        ] as [(Int, Double, Double?)]
    )
    func doubling(tries: Int, chance: Double, seconds: Double?) {
        let wait = plan.wait(after: tries, asked: nil, chance: chance).map { $0 / .seconds(1) }
        #expect(wait.map { abs($0 - (seconds ?? -1)) < 0.001 } ?? (seconds == nil))
    }

    @Test("what the endpoint asks for is waited for in full, up to the longest pause")
    func asked() {
        #expect(plan.wait(after: 1, asked: .seconds(7), chance: 0) == .seconds(7))
        #expect(plan.wait(after: 1, asked: .seconds(7), chance: 0.5) == .milliseconds(7_500))
        #expect(plan.wait(after: 3, asked: .seconds(3_600), chance: 0.5) == .seconds(60))
        #expect(plan.wait(after: 4, asked: .seconds(7), chance: 0.5) == nil)
        let many = RetryPlan(retries: 40, pause: .seconds(1), longestPause: .seconds(60))
        #expect(many.wait(after: 40, asked: nil, chance: 0.5) == .seconds(60))
    }

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    private static let moment: Int64 = 784_111_777

    @Test(
        "Retry-After is seconds or a moment",
        arguments: [
            ("0", 0), ("120", 120), (" 5", 5), ("2.5", 2), ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400 - moment), ("soon", nil), ("-1", nil), ("", nil),
            ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 32 Nov 1994 08:49:37 GMT", nil),
            ("Sun, 06 Nov 1994 25:49:37 GMT", nil), ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
            ("99999999999999999999", nil), ("9999999999", 86_400 * 365),
        ] as [(String, Int64?)]
    )
    func header(text: String, seconds: Int64?) {
        #expect(RetryAfter.wait(text, at: Self.moment) == seconds.map { .seconds($0) })
    }
}

@Suite("The budget")
struct BudgetTests {
    @Test("so many requests go within any hour")
    func requests() {
        var budget = ModelBudget(.init(requestsPerHour: 2))
        #expect(budget.admit(at: .seconds(0)) == nil)
        #expect(budget.admit(at: .seconds(1_800)) == nil)
        #expect(budget.admit(at: .seconds(3_599)) == .requests(wait: .seconds(1)))
        #expect(budget.admit(at: .seconds(3_600)) == nil)
        #expect(budget.admit(at: .seconds(3_601)) == .requests(wait: .seconds(1_799)))
    }

    @Test("what was spent within a day counts, and what is a day old no more")
    func cost() {
        var budget = ModelBudget(.init(requestsPerHour: 99, costPerDay: 1))
        #expect(budget.admit(at: .seconds(0)) == nil)
        budget.spend(0.6, at: .seconds(0))
        budget.spend(0.1, at: .seconds(10))
        #expect(budget.admit(at: .seconds(20)) == nil)
        budget.spend(0.5, at: .seconds(7_200))
        #expect(abs(budget.spent - 1.2) < 1e-9)
        guard case .cost(_, let wait)? = budget.admit(at: .seconds(7_200)) else {
            Issue.record("was admitted")
            return
        }
        #expect(wait == .seconds(79_200))
        #expect(budget.admit(at: .seconds(86_400)) == nil)
        budget.spend(.nan, at: .seconds(0))
        budget.spend(-1, at: .seconds(0))
        #expect(abs(budget.spent - 0.5) < 1e-9)
    }

    @Test("a clock that was set back locks nobody out for longer than an hour or a day")
    func clockSetBack() {
        var budget = ModelBudget(.init(requestsPerHour: 1))
        #expect(budget.admit(at: .seconds(1_000_000)) == nil)
        #expect(budget.admit(at: .seconds(0)) == .requests(wait: .seconds(3_600)))
        #expect(budget.admit(at: .seconds(3_600)) == nil)
    }

    @Test("what an earlier run asked and spent counts")
    func noted() {
        var budget = ModelBudget(.init(requestsPerHour: 3, costPerDay: 1))
        budget.note(requests: 100, cost: 0.4, at: .seconds(0))
        #expect(budget.admit(at: .seconds(10)) == .requests(wait: .seconds(3_590)))
        budget.note(requests: 1, cost: 0.7, at: .seconds(100))
        #expect(budget.admit(at: .seconds(7_200)) != nil)
    }
}
