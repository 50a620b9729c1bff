import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

@Suite("Rescued calls ask for a fit, and are no failure of their version")
struct RescuedCallsTests {
    let rules = RolloutRules()

    /// Calls under a version of 100 MiB, of which so many were rescued.
    private func calls(_ count: Int, rescued: Int, under version: Int) -> [Call] {
        (0..<count).map { $0 < rescued ? .rescued(98, under: version, at: 1) : .used(90, under: version, at: 1) }
    }

    @Test("An active version is not rolled back for them")
    func noRollBack() {
        let state = RolloutState(versions: [version(1, .retired), version(2, .active, supersedes: 1)])
        let evidence = evidence(calls(20, rescued: 8, under: 2), [1: 200, 2: 100])
        let next = rules.next(state, evidence, memory(of: 10), at: at(10))
        #expect(next.outline == "keep" || next.outline == "refit rescue" || next.outline == "refit successes")
    }

    @Test(
        "A canary is withdrawn when more than a tenth had to be rescued, and promoted below that",
        arguments: [(2, "canary_promotion"), (8, "canary_withdrawal")]
    )
    func canary(rescued: Int, outcome: String) {
        let state = RolloutState(versions: [version(1, .active), version(2, .canary, supersedes: 1)])
        let evidence = evidence(calls(20, rescued: rescued, under: 2), [1: 200, 2: 100])
        let next = rules.next(state, evidence, memory(of: 20), at: at(10))
        let isPromotion = next.outline.contains("2→active")
        #expect(isPromotion == (outcome == "canary_promotion"), "\(next.outline)")
        if !isPromotion { #expect(next.outline.contains("2→retired"), "\(next.outline)") }
    }
}
