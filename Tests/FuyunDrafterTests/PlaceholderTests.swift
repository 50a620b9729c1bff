import FuyunDrafter
import Testing

@Suite struct FaceTests {
    @Test func promptHasAVersion() { #expect(DraftPrompt.version > 0) }
}
