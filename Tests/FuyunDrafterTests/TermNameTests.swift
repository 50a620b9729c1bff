import FuyunDrafter
import FuyunPolicy
import Testing

/// Models call terms what they like; a document has names.
@Suite struct TermNameTests {
    @Test(arguments: [
        ("kept frames", "kept_frames"), ("look-ahead", "look_ahead"), ("width × height", "width_height"),
        ("3 copies", "_3_copies"), (" pixels ", "pixels"), ("Größe", "Gr_e"), ("×", "term"), ("a_", "a_"),
        ("pixels", "pixels"), ("(copies)", "copies"),
    ])
    func aNameBecomesOneThatADocumentHolds(_ called: String, _ name: String) throws {
        let draft = Self.draft(called)
        try #require(draft.outcome == .drafted)
        #expect(draft.steps.allSatisfy { $0.problem == nil })
        let candidate = draft.candidates[0]
        #expect(candidate.diagnostics.isEmpty)
        let document = try #require(candidate.document)
        #expect(document.logic.laws[0].terms.map(\.name) == [name])
        // What is stored is the document's text.
        #expect(PolicyCompiler.compile(document.encoded()).document?.logic.laws == document.logic.laws)
        #expect(document.logic.rationale?.contains("\(name): 6 expected") == true)
    }

    @Test func namesThatComeToTheSameStayApartAndItIsSaid() throws {
        let candidate = Self.draft("two sides", and: "two-sides").candidates[0]
        let document = try #require(candidate.document)
        #expect(document.logic.laws[0].terms.map(\.name) == ["two_sides", "two_sides_2"])
        #expect(candidate.diagnostics.count == 1)
        #expect(
            candidate.diagnostics.contains {
                $0.hasPrefix("warning: $.proposal.skeletons[0].laws[0].terms[1].name: ") && $0.contains("two_sides_2")
            },
            "\(candidate.diagnostics)"
        )
    }

    @Test func theNameOfTheBaseIsNotTaken() throws {
        let document = try #require(Self.draft("base ").candidates[0].document)
        #expect(document.logic.laws[0].terms.map(\.name) == ["base_2"])
    }

    @Test func longNamesThatComeToTheSameFit() throws {
        let long = String(repeating: "n", count: 62)
        let document = try #require(Self.draft(long + "-a", and: long + " a").candidates[0].document)
        #expect(document.logic.laws[0].terms.map(\.name) == [long + "_a", long + "_2"])
    }

    /// The good answer with its term called so, and another term.
    private static func draft(_ called: String, and other: String? = nil) -> Draft {
        var text = BadReply.good.replacing(
            #""name": "pixels", "expression""#,
            with: "\"name\": \"\(called)\", \"expression\""
        )
        if let other {
            let knots = "\"knots\": null }"
            let numbers =
                #""coefficient": {"expected": 60000, "low": 3, "high": 90000}, "exponent": null, "rate": null"#
            let term = "{\"name\": \"\(other)\", \"expression\": \"width + height\", \(numbers), \"knots\": null}"
            text = text.replacing(knots, with: "\(knots), \(term)")
        }
        return DraftAcceptance.accept(text, for: BadReply.request, model: "stub")
    }
}
