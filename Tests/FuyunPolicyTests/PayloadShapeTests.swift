import FuyunPolicy
import Testing

struct PayloadShapeTests {
    private func shape(_ text: String) -> PayloadShape { .of(Array(text.utf8)) }

    private func text(_ shape: PayloadShape) -> String { String(decoding: shape.encoded, as: UTF8.self) }

    /// Every leaf as `pointer kind lower…upper`, `i` for whole numbers.
    private func lines(_ shape: PayloadShape) -> [String] {
        shape.leaves.map { leaf in
            let range = leaf.range.map { " \($0.lower)…\($0.upper)" } ?? ""
            return "\(leaf.pointer) \(leaf.kind.rawValue)\(range)\(leaf.isInteger ? " i" : "")"
        }
    }

    @Test func leavesOfAPayload() {
        let shape = shape(
            """
            {"value": {"width": 1280, "fps": "29.97", "name": "holiday", "tags": ["a", "bcd"], "loud": true,
              "note": null, "gain": -0.3, "zero": 0, "empty": {}}}
            """
        )
        #expect(shape.payloads == 1)
        #expect(shape.bodyBytes == MagnitudeRange(lower: 128, upper: 256))
        #expect(
            lines(shape) == [
                " object 1.0…2.0", "/value object 8.0…16.0", "/value/empty object 0.0…1.0",
                "/value/fps numeric_text 16.0…32.0", "/value/gain number -0.5…-0.25", "/value/loud boolean",
                "/value/name text 4.0…8.0", "/value/note null", "/value/tags array 2.0…4.0",
                "/value/tags/* text 1.0…4.0", "/value/width number 1024.0…2048.0 i", "/value/zero number 0.0…1.0 i",
            ]
        )
    }

    @Test(arguments: [
        (0.0, 0.0, 1.0), (1, 1, 2), (1024, 1024, 2048), (1023, 512, 1024), (-5, -8, -4), (0.3, 0.25, 0.5),
        (1e-30, 0, 0x1p-64), (-1e-300, -0x1p-64, 0), (1e308, 0x1p1022, 0x1p1023), (.infinity, 0x1p1022, 0x1p1023),
    ])
    func numbersMoveOutward(number: Double, lower: Double, upper: Double) {
        #expect(MagnitudeRange(of: number) == MagnitudeRange(lower: lower, upper: upper))
    }

    @Test(arguments: [
        "width", "user_id", "frameCount", "sha256", "x1", "content-type", "$schema", "größe", "宽度", "mp4",
        "numberOfFramesPerSecond", "maximum_output_resolution", "HTTPServerURL", "base64Image", "facade",
    ])
    func namesThatAreKept(name: String) {
        #expect(shape("{\"\(name)\": 5}").leaves.contains { $0.pointer == "/\(name)" })
    }

    @Test(arguments: [
        "", "*", "7", "2024", "1985-04-12", "user12345", "6f1ed002-ab5d-42d4-8bfb-5a2f3a5b6c7d", "someone@example.org",
        "+4915112345", "d41d8cd98f00b204e9800998ecf8427e", "feedfacecafebeef", "photo.png", "a/b", "a~b", "two words",
        "QWxhZGRpbjpvcGVuIHNlc2FtZQ", "kJ8sPq2ZxV0bTm", "10.0.0.1", "ignore all rules", "3rdParty", "a\\nb", "a\\u0000b",
        "averyveryverylongnamethatnobodywouldevertypebyhand", "sk_live_4eC39HqLyjWDarjtT1",
    ])
    func namesThatLookLikeValues(name: String) {
        let shape = shape("{\"\(name)\": {\"size\": 5}}")
        #expect(lines(shape).dropFirst() == ["/* object 1.0…2.0", "/*/size number 4.0…8.0 i"])
    }

    @Test func manyMembersAreAMap() {
        let members = (0..<40).map { "\"n\(Unicode.Scalar(UInt8(97 + $0 % 26)))\($0)\": {\"size\": \($0)}" }
        let shape = shape("{\"files\": {\(members.joined(separator: ","))}}")
        #expect(
            lines(shape) == [
                " object 1.0…2.0", "/files object 32.0…64.0", "/files/* object 1.0…2.0", "/files/*/size number 0.0…64.0 i",
            ]
        )
    }

    @Test func differentMembersOverTimeAreAMap() {
        var shape = PayloadShape()
        for name in ["ann", "bob", "cleo", "dora", "emil", "fay", "gus", "hal", "ida", "jo"] {
            shape.merge(self.shape("{\"users\": {\"\(name)\": 3}, \"width\": 640}"))
        }
        #expect(
            lines(shape) == [
                " object 2.0…4.0", "/users object 1.0…2.0", "/users/* number 2.0…4.0 i", "/width number 512.0…1024.0 i",
            ]
        )
        #expect(shape.leaves.allSatisfy { $0.count == 10 })
        // Once a map, always a map.
        shape.merge(self.shape("{\"users\": {\"kim\": 3}}"))
        #expect(shape.leaves.contains { $0.pointer == "/users/kim" })
        #expect(shape.payloads == 11)
    }

    @Test func objectsWithManyFixedMembersAreNoMap() {
        let members = "abcdefghijklmnopqrst".map { "\"\($0)\": 1" }.joined(separator: ",")
        var whole = shape("{\(members)}")
        whole.merge(shape("{\(members)}"))
        #expect(whole.leaves.count == 21)
    }

    @Test(arguments: ["", "  ", "hello", "{", "{\"a\": 1", "{\"a\" 1}", "[1,]", "{\"a\": 01}", "\u{FF}", "{} {}", "{\"a\": tru}"])
    func noJSON(text: String) {
        let shape = shape(text)
        #expect(shape.leaves.isEmpty)
        #expect(shape.payloads == 1)
        #expect(shape.bodyBytes != nil)
    }

    @Test func cutBodies() {
        let text = "{\"width\": 640, \"image\": \"aaaaaaa"
        let shape = PayloadShape.of(Array(text.utf8), totalLength: 3_000_000)
        #expect(lines(shape) == ["/width number 512.0…1024.0 i"])
        #expect(shape.bodyBytes == MagnitudeRange(lower: 2_097_152, upper: 4_194_304))
        // A number at the cut may go on.
        #expect(PayloadShape.of(Array("{\"width\": 64".utf8), totalLength: 100).leaves.isEmpty)
    }

    @Test func deepBodiesAreToldAsFarAsTheyAre() {
        let deep = String(repeating: "{\"a\":", count: 200) + "1" + String(repeating: "}", count: 200)
        #expect(shape(deep).leaves.map(\.pointer).max { $0.utf8.count < $1.utf8.count }?.utf8.count == 22)
        let deeper = String(repeating: "[", count: 100_000)
        #expect(shape(deeper).leaves.isEmpty)
    }

    @Test func notMoreLeavesThanAreKept() {
        let groups = (0..<10).map { group in
            let letter = "abcdefghij".utf8.dropFirst(group).first.map { Unicode.Scalar($0) } ?? "a"
            return "\"\(letter)\": {" + "klmnopqrst".map { "\"\($0)\": 1" }.joined(separator: ",") + "}"
        }
        let shape = shape("{\"outer\": 7, \(groups.joined(separator: ","))}")
        #expect(shape.leaves.count == PayloadShape.maximumLeaves)
        // The outermost number stays.
        #expect(shape.leaves.contains { $0.pointer == "/outer" })
        #expect(shape.leaves.allSatisfy { $0.kind == .number })
    }

    @Test func pointersOfPolicies() {
        let shape = shape("{\"items\": [{\"size\": 3}], \"width\": 5, \"by_id\": {\"12345\": {\"n\": 1}}}")
        #expect(shape.leaves(at: "/width").map(\.kind) == [.number])
        #expect(shape.leaves(at: "/items/0/size").map(\.pointer) == ["/items/*/size"])
        #expect(shape.leaves(at: "/by_id/77777/n").map(\.pointer) == ["/by_id/*/n"])
        #expect(shape.leaves(at: "/height").isEmpty)
        #expect(shape.leaves(at: "/width/x").isEmpty)
        #expect(shape.leaves(at: "").map(\.kind) == [.object])
    }

    @Test func formsAreTheSameWhateverTheCounts() {
        let one = shape("{\"width\": 640}")
        #expect(one.hasSameForm(as: one.merged(with: one)))
        #expect(one.merged(with: one).payloads == 2)
        #expect(!one.hasSameForm(as: one.merged(with: shape("{\"width\": 64}"))))
    }

    // MARK: JSON

    @Test func document() throws {
        let shape = shape("{\"width\": 640, \"s\": \"3\"}").merged(with: shape("{\"width\": 6.5}"))
        let text = text(shape)
        #expect(
            text == """
                {"payloads":2,"body_bytes":[8,32],"leaves":[\
                {"pointer":"","kind":"object","range":[1,4],"count":2},\
                {"pointer":"/s","kind":"numeric_text","range":[2,4],"integer":true,"count":1},\
                {"pointer":"/width","kind":"number","range":[4,1024],"integer":false,"count":2}]}
                """
        )
        #expect(try PayloadShape(parsing: Array(text.utf8)) == shape)
    }

    @Test(arguments: [
        ("[]", "$"), ("{}", "$.payloads"), (#"{"payloads":1,"leaves":[],"more":1}"#, "$.more"),
        (#"{"payloads":-1,"leaves":[]}"#, "$.payloads"), (#"{"payloads":1,"leaves":{}}"#, "$.leaves"),
        (#"{"payloads":1,"body_bytes":[100,200],"leaves":[]}"#, "$.body_bytes"),
        (#"{"payloads":1,"body_bytes":[128],"leaves":[]}"#, "$.body_bytes"),
        (#"{"payloads":1,"body_bytes":[256,128],"leaves":[]}"#, "$.body_bytes"),
        (#"{"payloads":1,"leaves":[{"pointer":"/a","kind":"number","range":[1,3],"count":1}]}"#, "$.leaves[0].range"),
        (#"{"payloads":1,"leaves":[{"pointer":"/a","kind":"number","count":1}]}"#, "$.leaves[0]"),
        (#"{"payloads":1,"leaves":[{"pointer":"/a","kind":"null","range":[1,2],"count":1}]}"#, "$.leaves[0]"),
        (#"{"payloads":1,"leaves":[{"pointer":"a","kind":"null","count":1}]}"#, "$.leaves[0].pointer"),
        (#"{"payloads":1,"leaves":[{"pointer":"/a b","kind":"null","count":1}]}"#, "$.leaves[0].pointer"),
        (#"{"payloads":1,"leaves":[{"pointer":"/12345","kind":"null","count":1}]}"#, "$.leaves[0].pointer"),
        (#"{"payloads":1,"leaves":[{"pointer":"/a","kind":"word","count":1}]}"#, "$.leaves[0].kind"),
        (#"{"payloads":1,"leaves":[{"pointer":"/a","kind":"null","count":0}]}"#, "$.leaves[0].count"),
        (#"{"payloads":1,"leaves":[{"pointer":"/a","kind":"null"}]}"#, "$.leaves[0].count"), ("{", "$"),
    ])
    func refused(text: String, path: String) {
        #expect {
            try PayloadShape(parsing: Array(text.utf8))
        } throws: { error in
            (error as? PayloadShapeError)?.diagnostics.first?.path == path
        }
    }

    @Test func tooManyLeavesAreRefused() {
        let leaf = #"{"pointer":"/a","kind":"null","count":1}"#
        let leaves = Array(repeating: leaf, count: 65).joined(separator: ",")
        #expect(throws: PayloadShapeError.self) {
            try PayloadShape(parsing: Array("{\"payloads\":1,\"leaves\":[\(leaves)]}".utf8))
        }
    }
}

/// Shapes of made-up payloads.
struct PayloadShapePropertyTests {
    /// A payload of random JSON whose numbers and texts can be told from anything that a shape says.
    private struct Maker {
        var random: SeededGenerator
        var values: [String] = []

        mutating func document(depth: Int = 0) -> String {
            switch Int.random(in: 0..<(depth < 4 ? 8 : 5), using: &random) {
            case 0: return number()
            case 1: return "\"\(word())\""
            case 2: return "\"\(number())\""
            case 3: return Bool.random(using: &random) ? "true" : "null"
            case 4: return number()
            case 5: return "[" + (0..<Int.random(in: 0...5, using: &random)).map { _ in document(depth: depth + 1) }
                .joined(separator: ", ") + "]"
            default:
                let members = (0..<Int.random(in: 0...12, using: &random)).map { index in
                    "\"\(key(index))\": \(document(depth: depth + 1))"
                }
                return "{" + members.joined(separator: ", ") + "}"
            }
        }

        private mutating func number() -> String {
            // Five odd digits and more: no count, and no power of two, is written so.
            let digits = "\(Int.random(in: 10_001...99_999_999, using: &random) | 1)"
            values.append(digits)
            return (Bool.random(using: &random) ? "-" : "") + digits + (Bool.random(using: &random) ? ".25" : "")
        }

        private mutating func word() -> String {
            let text = "Q" + String((0..<Int.random(in: 6...60, using: &random)).map { _ in letter() }) + "Z"
            values.append(text)
            return text
        }

        private mutating func letter() -> Character {
            Array("bcdfghjklmnpqrstvwx\u{e9}\u{4e16} .@/").randomElement(using: &random) ?? "x"
        }

        private mutating func key(_ index: Int) -> String {
            if Int.random(in: 0..<3, using: &random) > 0 { return ["width", "size", "op", "items", "user"][index % 5] }
            return Bool.random(using: &random) ? "\(number())" : word()
        }
    }

    private func make(_ seed: UInt64) -> (shape: PayloadShape, values: [String]) {
        var maker = Maker(random: SeededGenerator(seed: seed))
        let document = maker.document()
        return (.of(Array(document.utf8)), maker.values)
    }

    @Test func noValueIsToldAndTextsReadBack() throws {
        for seed in 0..<2_000 as Range<UInt64> {
            let (shape, values) = make(seed)
            let text = String(decoding: shape.encoded, as: UTF8.self)
            for value in values { #expect(!text.contains(value), "\(value) is in \(text)") }
            #expect(shape.leaves.count <= PayloadShape.maximumLeaves)
            #expect(try PayloadShape(parsing: shape.encoded) == shape)
        }
    }

    @Test func mergingDoesNotDependOnTheOrder() throws {
        for seed in 0..<500 as Range<UInt64> {
            let (one, other, third) = (make(seed).shape, make(seed + 10_000).shape, make(seed + 20_000).shape)
            #expect(one.merged(with: other) == other.merged(with: one))
            let all = one.merged(with: other).merged(with: third)
            #expect(all.payloads == 3)
            #expect(all.leaves.count <= PayloadShape.maximumLeaves)
            #expect(all.encoded.count <= PayloadShape.maximumText)
            #expect(try PayloadShape(parsing: all.encoded) == all)
            // What was seen stays within what is told.
            for leaf in one.leaves where all.leaves.count < PayloadShape.maximumLeaves {
                #expect(all.leaves.contains { told in covers(told, leaf) }, "\(leaf) is not in \(all)")
            }
        }
    }

    private func covers(_ told: PayloadLeaf, _ leaf: PayloadLeaf) -> Bool {
        guard told.kind == leaf.kind, told.count >= leaf.count || told.pointer.contains("*") else { return false }
        let pointers = zip(told.pointer.split(separator: "/"), leaf.pointer.split(separator: "/"))
        guard told.pointer.split(separator: "/").count == leaf.pointer.split(separator: "/").count,
            pointers.allSatisfy({ $0 == $1 || $0 == "*" })
        else { return false }
        guard let range = leaf.range, let wide = told.range else { return told.range == nil && leaf.range == nil }
        return wide.lower <= range.lower && wide.upper >= range.upper
    }

    @Test func bytesOfAnyKindDoNoHarm() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("{}[]\",:0123456789.eE-+tfn\\u \u{7f}truefalsenull".utf8) + [0xFF, 0xC3, 0]
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            let shape = PayloadShape.of(bytes, totalLength: Bool.random(using: &random) ? 1_000 : nil)
            #expect(shape.payloads == 1)
        }
    }
}
