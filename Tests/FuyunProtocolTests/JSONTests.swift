import FuyunProtocol
import NIOCore
import Testing

@Suite("JSON writer")
struct JSONWriterTests {
    @Test("puts commas where they belong and nowhere else")
    func nesting() {
        let document = text { buffer in
            buffer.writeJSON { json in
                json.beginObject()
                json.field("a", 1)
                json.key("b")
                json.beginArray()
                json.value("x")
                json.beginObject()
                json.endObject()
                json.null()
                json.endArray()
                json.field("c", nil as String?)
                json.field("d", true)
                json.endObject()
            }
        }
        #expect(document == #"{"a":1,"b":["x",{},null],"c":null,"d":true}"#)
    }

    @Test(
        "escapes what JSON must not hold",
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("ü€😀", #""ü€😀""#), ("a\"b\\c", #""a\"b\\c""#),
            ("\n\r\t\u{08}\u{00}\u{1f}", #""\n\r\t\u0008\u0000\u001f""#),
        ]
    )
    func escapes(plain: String, written: String) {
        #expect(text { $0.writeJSON { $0.value(plain) } } == written)
        #expect(text { $0.writeJSON { $0.key(named: plain) } } == written + ":")
    }

    @Test(
        "writes numbers",
        arguments: [
            (0, "0"), (1280, "1280"), (-3, "-3"), (0.05, "0.05"), (-0.0, "-0.0"), (1e300, "1e+300"),
            (9_007_199_254_740_991, "9007199254740991"), (.nan, "null"), (.infinity, "null"), (-.infinity, "null"),
            (.leastNonzeroMagnitude, "5e-324"), (0.1 + 0.2, "0.30000000000000004"),
        ] as [(Double, String)]
    )
    func numbers(number: Double, written: String) {
        #expect(text { $0.writeJSON { $0.value(number) } } == written)
    }

    @Test("writes the extremes of whole numbers")
    func integers() {
        #expect(text { $0.writeJSON { $0.value(UInt64.max) } } == "18446744073709551615")
        #expect(text { $0.writeJSON { $0.value(Int64.min) } } == "-9223372036854775808")
    }

    @Test("reads back every finite number that it writes")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<20_000 {
            let number = Double(bitPattern: generator.next())
            guard number.isFinite else { continue }
            var buffer = ByteBuffer()
            buffer.writeJSON { $0.value(number) }
            let back = try JSONReader.read(buffer) { json throws(JSONError) in try json.number() }
            #expect(back == number)
        }
    }

    @Test("reads back every string that it writes")
    func strings() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<5_000 {
            let scalars = (0..<Int.random(in: 0..<20, using: &generator)).compactMap { _ in
                Unicode.Scalar(
                    UInt32.random(in: 0..<0x11_0000, using: &generator) >> UInt32.random(in: 0..<16, using: &generator)
                )
            }
            var plain = ""
            plain.unicodeScalars.append(contentsOf: scalars)
            var buffer = ByteBuffer()
            buffer.writeJSON { $0.value(plain) }
            let back = try JSONReader.read(buffer) { json throws(JSONError) in try json.string() }
            #expect(back == plain)
        }
    }
}

@Suite("JSON reader")
struct JSONReaderTests {
    private func skip(_ text: String) -> JSONError.Code? {
        do throws(JSONError) {
            try JSONReader.read(ByteBuffer(string: text)) { json throws(JSONError) in
                try json.object { json, _ throws(JSONError) in try json.skip() }
            }
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "takes objects",
        arguments: [
            "{}", " { } ", #"{"a":1}"#, #"{ "a" : [ 1 , { "b" : "]}" } ] , "c" : null }"#, #"{"":-0.5e+10,"b":true}"#,
            #"{"a":"\u00e9\ud83d\ude00\/"}"#,
        ]
    )
    func good(text: String) { #expect(skip(text) == nil) }

    @Test(
        "refuses what is not an object, whole and alone",
        arguments: [
            ("", .cut), ("{", .cut), (#"{"a""#, .cut), (#"{"a":"#, .cut), (#"{"a":1"#, .cut), (#"{"a":[1"#, .cut),
            (#"{"a":"x"#, .cut), (#"{"a":"x\"#, .cut), (#"{"a":tru"#, .cut), ("[]", .wrongType), ("1", .wrongType),
            (#"{"a" 1}"#, .malformed), (#"{a:1}"#, .malformed), (#"{"a":1,}"#, .malformed), (#"{"a":01}"#, .malformed),
            (#"{"a":1.}"#, .malformed), (#"{"a":.5}"#, .malformed), (#"{"a":+1}"#, .malformed),
            (#"{"a":1e}"#, .malformed),
            (#"{"a":NaN}"#, .malformed), (#"{"a":nul!}"#, .malformed), (#"{"a":1 "b":2}"#, .malformed),
            ("{\"a\":\"\n\"}", .malformed), (#"{"a":1e400}"#, .outOfRange), (#"{"a":1}{}"#, .trailing),
            (#"{"a":1} x"#, .trailing), (#"{"\ud800":1}"#, .malformed), (#"{"\x":1}"#, .malformed),
        ] as [(String, JSONError.Code)]
    )
    func bad(text: String, code: JSONError.Code) { #expect(skip(text) == code) }

    @Test("passes over a value of any depth")
    func depth() {
        let deep = String(repeating: "[", count: 200_000) + String(repeating: "]", count: 200_000)
        #expect(skip(#"{"a":"# + deep + "}") == nil)
        #expect(skip(#"{"a":"# + deep) == .cut)
    }

    @Test("hands out what stands before the cut")
    func prefix() {
        var seen: [String] = []
        let body = ByteBuffer(string: #"{"a":1,"b":"two","c":{"d":"#)
        #expect(throws: JSONError.self) {
            try JSONReader.readPrefix(body) { json throws(JSONError) in
                try json.object { json, key throws(JSONError) in
                    seen.append(key)
                    try json.skip()
                }
            }
        }
        #expect(seen == ["a", "b", "c"])
    }

    @Test("bounds the strings that it hands out, not those that it passes over")
    func stringLength() {
        let long = String(repeating: "x", count: 5000)
        #expect(skip(#"{"a":"\#(long)"}"#) == nil)
        #expect(skip(#"{"\#(long)":1}"#) == .outOfRange)
    }

    @Test("never crashes and always ends, whatever the bytes")
    func fuzz() {
        var generator = SeededGenerator(seed: 3)
        let seed = Array(
            #"{"id":"6650f1a2-1f","a":[1,-2.5e3,{"b":"\u00e9\n"}],"c":null,"d":true,"limit_bytes":67108864}"#.utf8
        )
        for _ in 0..<20_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: index)
                default: bytes.removeSubrange(index...)
                }
                if bytes.isEmpty { break }
            }
            let buffer = ByteBuffer(bytes: bytes)
            _ = try? BeginAnswer(parsing: buffer)
            _ = try? EndAnswer(parsing: buffer)
            _ = try? ErrorAnswer(parsing: buffer)
            _ = try? EndRequest(headers: [], body: buffer)
        }
    }
}
