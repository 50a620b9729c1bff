import Foundation
import FuyunPolicy
import MemoryUnits
import Testing

/// The operator's manual says what the code does.
@Suite struct ManualTests {
    private static let manual = try? String(
        contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/policy-language.md"
        ),
        encoding: .utf8
    )

    /// The indented blocks that are whole documents.
    private static var examples: [String] {
        var blocks: [String] = []
        for line in (manual ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "    {" {
                blocks.append("{")
            } else if line.hasPrefix("    "), let last = blocks.last, !last.hasSuffix("\n}") {
                blocks[blocks.count - 1] = last + "\n" + line.dropFirst(4)
            }
        }
        return blocks
    }

    private static let bounds = SafetyBounds(minimum: .zero, maximum: .max, preset: .gibibytes(4), tier: .zero)

    @Test func examplesGiveTheFiguresOfTheText() throws {
        #expect(Self.examples.count == 2)
        let policies = try Self.examples.map { text in
            #expect(compile(text).diagnostics.isEmpty)
            return try policy(text)
        }
        let picture = policies[0].extract(#"{"width": 4000, "height": 3000, "url": "…"}"#)
        #expect(policies[0].decide(picture, within: Self.bounds).limit == .mebibytes(133))
        let video =
            #"{"op": "watermark", "object": {"width": 1280, "height": 720, "fps": "30000/1001", "duration": 12.5}}"#
        let watermark = policies[1].decide(policies[1].extract(video), within: Self.bounds)
        #expect(watermark.limit == .mebibytes(167))
        #expect(watermark.predicted == Bytes(149_827_200))
        let gif = policies[1].decide(
            policies[1].extract(#"{"op": "gif", "object": {"width": 1280, "height": 720}}"#),
            within: Self.bounds
        )
        #expect(gif.limit == .mebibytes(43))
    }

    @Test func everyReasonAndCodeIsListed() throws {
        let manual = try #require(Self.manual)
        let words =
            DecisionReason.allCases.filter { $0 != .policy }.map(\.rawValue)
            + JSONSyntaxError.Kind.allCases.map(\.rawValue) + ExpressionError.Kind.allCases.map(\.rawValue)
            + PolicyDiagnosticsTests.mistakes.map(\.code) + PolicyDiagnosticsTests.familyMistakes.map(\.2)
            + PolicyStatus.allCases.map(\.rawValue) + PolicyLogic.Family.allCases.map(\.rawValue)
        for word in Set(words) { #expect(manual.contains("`\(word)`"), "\(word) is not in the manual") }
    }
}
