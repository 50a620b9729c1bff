import FuyunPolicy
import FuyunProtocol
import NIOCore
import Testing

@Suite("Shapes of payloads on the wire")
struct ShapesTests {
    private static let document =
        #"{"schema":"fuyun.shapes/v1","functions":[{"function":"guest/f","shape":{"payloads":1,"body_bytes":[8,16],"#
        + #""leaves":[{"pointer":"","kind":"object","range":[1,2],"count":1},"#
        + #"{"pointer":"/width","kind":"number","range":[512,1024],"integer":true,"count":1}]}}]}"#

    @Test("are written and read back")
    func golden() throws {
        let body = ShapesBody(functions: [
            .init(function: "guest/f", shape: .of(Array(#"{"width":640}"#.utf8)))
        ])
        #expect(String(buffer: body.body) == Self.document)
        #expect(try ShapesBody(parsing: body.body).functions == body.functions)
    }

    @Test(
        "are refused when they are wrong, with the place",
        arguments: [
            ("fuyun.shapes/v1", "fuyun.shapes/v2", "schema"), ("guest/f", "guest f", "functions[0].function"),
            ("\"shape\":", "\"form\":", "functions[0]"), ("[512,1024]", "[640,640]", "functions[0].shape"),
            ("\"payloads\":1,", "", "functions[0].shape"), ("/width", "/4711", "functions[0].shape"),
        ]
    )
    func refused(part: String, other: String, place: String) {
        #expect {
            try ShapesBody(parsing: ByteBuffer(string: Self.document.replacing(part, with: other)))
        } throws: { error in
            (error as? JSONError)?.description.contains(" \(place) ") == true
        }
    }

    @Test("are nothing when cut anywhere")
    func cut() {
        let bytes = Array(Self.document.utf8)
        for length in 0..<bytes.count {
            #expect(throws: JSONError.self) { try ShapesBody(parsing: ByteBuffer(bytes: bytes[..<length])) }
        }
    }

    @Test("are bounded in number")
    func bounded() {
        let element = ShapesBody.Element(function: "f", shape: PayloadShape())
        let most = ShapesBody(functions: Array(repeating: element, count: ShapesBody.maximumFunctions))
        #expect(throws: Never.self) { try ShapesBody(parsing: most.body) }
        let more = ShapesBody(functions: most.functions + [element])
        #expect(throws: JSONError.self) { try ShapesBody(parsing: more.body) }
    }
}
