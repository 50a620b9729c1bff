import FuyunPolicy
import Testing

@Suite struct ScanPlanTests {
    @Test(arguments: ["a", "a/b", " /a", "#/a", "/~", "/~2", "/a~", "/-", "/a/-/b"])
    func refusesWhatIsNoPointer(_ pointer: String) throws {
        let error = try #require(throws: ScanPlanError.self) { try ScanPlan([(pointer, .number)]) }
        guard case .badPointer(pointer, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(error.description.contains(pointer))
    }

    @Test func boundsEntriesAndTokens() throws {
        let entries: Entries = (0..<16).map { ("/k\($0)", .number) }
        _ = try ScanPlan(entries)
        #expect(throws: ScanPlanError.tooManyEntries(17)) { try ScanPlan(entries + [("/a", .number)]) }
        let deep = String(repeating: "/0", count: 16)
        let body = String(repeating: "[", count: 16) + "5" + String(repeating: "]", count: 16)
        #expect(try scan(body, [(deep, .number)]).values == [5])
        #expect(throws: ScanPlanError.tooManyTokens(deep + "/a")) { try ScanPlan([(deep + "/a", .number)]) }
        #expect(throws: ScanPlanError.noValues("/op")) { try ScanPlan([("/op", .category([]))]) }
    }

    @Test func readsSixteenPlaces() throws {
        let entries: Entries = (0..<16).map { ("/k\($0)", .number) }
        let members = (0..<16).reversed().map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let result = try scan("{\(members)}", entries)
        #expect(result.values == (0..<16).map(Double.init))
        #expect(result.end == .stoppedEarly)
    }

    @Test func readsOnePlaceInSeveralWays() throws {
        let entries: Entries = [
            ("/a", .length), ("/a", .category(["12"])), ("/a", .numericString), ("/a", .number), ("/a/b", .number),
        ]
        let result = try scan(#"{"a":"12"}"#, entries)
        #expect(result.values == [2, 0, 12, 0, 0])
        #expect(result.outcomes == [.found, .found, .found, .wrongType, .absent])
        #expect(try scan(#"{"a":{"b":4,"c":5}}"#, entries).values == [2, 0, 0, 0, 4])
    }
}
