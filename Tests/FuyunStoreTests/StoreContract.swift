import FuyunPolicy
import FuyunStore
import Testing

/// What every store must do, whatever it keeps its rows in: a list of cases, each given an empty store.
///
/// A store's own tests run them all: `@Test(arguments: StoreContract.cases)`.
struct StoreContract: Sendable, CustomTestStringConvertible {
    /// Opens the store of this case: the first time an empty one, then the same again.
    typealias Open = @Sendable () async throws -> any Store

    /// What it shows.
    var name: String
    private var body: @Sendable (Open) async throws -> Void

    /// A case that opens and closes by itself.
    init(_ name: String, opening body: @escaping @Sendable (Open) async throws -> Void) {
        self.name = name
        self.body = body
    }

    /// A case on one store.
    init(_ name: String, _ body: @escaping @Sendable (any Store) async throws -> Void) {
        self.init(name) { open in
            let store = try await open()
            try await body(store)
            try await store.close()
        }
    }

    /// Runs the case.
    func run(_ open: Open) async throws { try await body(open) }

    var testDescription: String { name }

    /// All of them.
    static var cases: [StoreContract] {
        functionCases + policyCases + ladderCases + changeCases + observationCases + retentionCases + houseCases
            + draftCases
    }
}

/// That a call is refused with a code, and says what it is about.
func expectRefusal<Value>(
    _ code: StoreError.Code,
    naming word: String = "",
    sourceLocation: SourceLocation = #_sourceLocation,
    _ call: () async throws -> Value
) async {
    do {
        _ = try await call()
        Issue.record("was not refused", sourceLocation: sourceLocation)
    } catch let error as StoreError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(word.isEmpty || error.message.contains(word), "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("threw \(error)", sourceLocation: sourceLocation)
    }
}
