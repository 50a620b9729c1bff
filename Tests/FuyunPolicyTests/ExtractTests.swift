import FuyunPolicy
import Testing

@Suite struct ExtractTests {
    private static let good =
        #"{"object": {"width": 1280, "height": 720, "fps": "30000/1001", "duration": 12.5}, "op": "gif"}"#

    private func states(_ features: FeatureVector) -> [FeatureState] {
        (0..<features.count).map { features.state($0) }
    }

    @Test func readsAllVariables() throws {
        let features = try policy(PolicyTexts.video).extract(Self.good)
        #expect(states(features) == Array(repeating: .value, count: 5))
        #expect((0..<5).map { features.value($0) } == [1280, 720, 30000.0 / 1001, 12.5, 0])
    }

    @Test(arguments: [
        (#""width": 1280"#, #""width": 1280.5"#, 0, FeatureState.wrongType),
        (#""width": 1280"#, #""width": "1280""#, 0, .wrongType), (#""width": 1280"#, #""width": 0"#, 0, .outOfRange),
        (#""width": 1280"#, #""width": 16385"#, 0, .outOfRange), (#""width": 1280"#, #""width": 1.28e3"#, 0, .value),
        (#""width": 1280"#, #""width": null"#, 0, .missing), (#""width": 1280"#, #""width": 1e400"#, 0, .wrongType),
        (#""width": 1280, "#, "", 0, .missing), (#""fps": "30000/1001", "#, "", 2, .defaulted),
        (#""30000/1001""#, #""fast""#, 2, .wrongType), (#""30000/1001""#, "29.97", 2, .value),
        (#""30000/1001""#, #""1000""#, 2, .outOfRange), (#", "op": "gif""#, "", 4, .defaulted),
        (#""op": "gif""#, #""op": "png""#, 4, .unknownCategory), (#""op": "gif""#, #""op": 1"#, 4, .wrongType),
        (#""op": "gif""#, #""op": "watermark""#, 4, .value),
    ])
    func judgesEachVariable(_ find: String, _ replace: String, _ variable: Int, _ state: FeatureState) throws {
        let body = Self.good.replacing(find, with: replace)
        #expect(body != Self.good)
        #expect(try policy(PolicyTexts.video).extract(body).state(variable) == state)
    }

    @Test func defaultsOnlyWhereTheWholePayloadWasSeen() throws {
        let policy = try policy(PolicyTexts.video)
        let body = #"{"op": "gif", "object": {"width": 1280, "height": 720, "duration": 1}}"#
        #expect(policy.extract(body).state(2) == .defaulted)
        let cut = policy.extract(body, cutAt: 50)
        #expect(cut.scanEnd == .cut)
        #expect(cut.state(0) == .value)
        #expect(cut.state(2) == .missing)
        #expect(policy.extract("").state(2) == .defaulted)
        #expect(policy.extract(body, cutAt: 0).state(2) == .missing)
        #expect(policy.extract(body.replacing("720", with: "720]")).state(2) == .missing)
    }

    private static func sourced(_ mapping: String, _ variable: String = #"{"name": "x", "type": "number"}"#) -> String {
        """
        {"schema": "fuyun.policy/v1", "metadata": {"policy_id": "f", "version": 1, "status": "active"},
         "inputs": {"source": "payload", "variables": [\(variable)], "mapping": {"x": \(mapping)}},
         "logic": {"type": "constant", "coefficients": {"base": 1}}, "safety": {"headroom": 0}}
        """
    }

    @Test(arguments: [
        (#"{"json_length": "/a"}"#, #"{"a": [1, 2, 3]}"#, 3.0), (#"{"json_length": "/a"}"#, #"{"a": "häh"}"#, 3),
        (#"{"json_length": ""}"#, #"{"a": 1, "b": 2}"#, 2), (#"{"body": "bytes"}"#, "no json", 7),
        (#"{"number_of": "/a"}"#, #"{"a": "30"}"#, 30), (#"{"number_of": "/a"}"#, #"{"a": "29.97"}"#, 29.97),
        (#"{"json": "/a~1b/1"}"#, #"{"a/b": [5, 6]}"#, 6), (#"{"header": "X-Size"}"#, "", 42.5),
    ])
    func sources(_ mapping: String, _ body: String, _ expected: Double) throws {
        let features = try policy(Self.sourced(mapping)).extract(body) { $0 == "X-Size" ? " 42.5\t" : nil }
        #expect(features.state(0) == .value)
        #expect(features.value(0) == expected)
    }

    @Test func bodySizeIsTheTrueOne() throws {
        let features = try policy(Self.sourced(#"{"body": "bytes"}"#)).extract(
            String(repeating: "x", count: 100),
            cutAt: 10
        )
        #expect(features.value(0) == 100)
    }

    @Test(arguments: [
        ("12", FeatureState.value), ("-1.5e3", .value), ("", .wrongType), ("  ", .wrongType), ("nan", .wrongType),
        ("inf", .wrongType), ("0x10", .wrongType), ("1e999", .wrongType), ("1 2", .wrongType), ("12px", .wrongType),
    ])
    func headerNumbers(_ text: String, _ state: FeatureState) throws {
        let features = try policy(Self.sourced(#"{"header": "h"}"#)).extract("") { _ in text }
        #expect(features.state(0) == state)
    }

    @Test func headerCategories() throws {
        let variable = #"{"name": "x", "type": "category", "values": ["a", "b"]}"#
        let policy = try policy(Self.sourced(#"{"header": "h"}"#, variable))
        #expect(policy.extract("") { _ in "b" }.value(0) == 1)
        #expect(policy.extract("") { _ in "c" }.state(0) == .unknownCategory)
        #expect(policy.extract("") { _ in nil }.state(0) == .missing)
    }
}
