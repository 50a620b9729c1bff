import Glibc
import Logging
import Testing

@testable import Systemd

struct JournalFieldsTests {
    @Test(arguments: [
        ("function", "FUYUN_FUNCTION"), ("limit_bytes", "FUYUN_LIMIT_BYTES"), ("limitBytes", "FUYUN_LIMIT_BYTES"),
        ("function.name", "FUYUN_FUNCTION_NAME"), ("http-status", "FUYUN_HTTP_STATUS"), ("OOMKills", "FUYUN_OOMKILLS"),
        ("_hidden", "FUYUN_HIDDEN"), ("9lives", "FUYUN_9LIVES"), ("a  b", "FUYUN_A_B"), ("größe", "FUYUN_GR_E"),
        ("", "FUYUN_"), ("x=1\nPRIORITY=0", "FUYUN_X_1_PRIORITY_0"),
        (String(repeating: "k", count: 100), "FUYUN_" + String(repeating: "K", count: 58)),
        (String(repeating: "k", count: 57) + "Kk", "FUYUN_" + String(repeating: "K", count: 58)),
    ])
    func fieldNames(key: String, expected: String) {
        let name = JournalFields.fieldName(key, prefix: "FUYUN_")
        #expect(name == expected)
        #expect(name.utf8.count <= 64)
    }

    @Test func nestedMetadataIsUnfolded() {
        let metadata: Logger.Metadata = [
            "b": ["y": "2", "x": ["deep": ["deeper": ["deepest": "text"]]]], "a": ["one", "two"], "c": "3", "d": [:],
        ]
        let pairs = JournalFields.flattened(metadata).map { "\($0.key)=\($0.value)" }
        #expect(pairs == ["a.0=one", "a.1=two", #"b.x.deep.deeper=["deepest": "text"]"#, "b.y=2", "c=3"])
    }

    @Test func theNumberOfFieldsIsBounded() {
        let many = Logger.MetadataValue.array((0..<1000).map { .stringConvertible($0) })
        #expect(JournalFields.flattened(["many": many, "more": many]).count == JournalFields.mostFields)
    }

    @Test(arguments: [
        ("plain", "plain"), ("", #""""#), ("two words", #""two words""#), ("a=b", #""a=b""#),
        ("say \"hi\"", #""say \"hi\"""#),
        ("line\nbreak\u{1B}[0m", #""line\nbreak\u{1b}[0m""#), ("grün", "grün"),
    ])
    func valuesInALine(value: String, expected: String) {
        #expect(JournalFields.quotedIfNeeded(value) == expected)
    }

    @Test(arguments: [("short", 5, "short"), ("longer", 5, "lo…"), ("äöüäöü", 8, "äö…"), ("👩‍👩‍👧", 10, "👩\u{200D}…")])
    func longValuesAreCut(text: String, length: Int, expected: String) {
        let cut = JournalFields.cut(text, to: length)
        #expect(cut == expected)
        #expect(cut.utf8.count <= length)
    }

    @Test func encodingIsTheNativeProtocol() {
        let bytes = JournalFields.encoded([
            JournalField(name: "MESSAGE", value: "hello"), JournalField(name: "FUYUN_TEXT", value: "a\nb=c"),
            JournalField(name: "PRIORITY", value: "6"),
        ])
        let expected: [UInt8] =
            Array("MESSAGE=hello\n".utf8)  // name=value
            + Array("FUYUN_TEXT\n".utf8) + [5, 0, 0, 0, 0, 0, 0, 0] + Array("a\nb=c\n".utf8)  // name, length, value
            + Array("PRIORITY=6\n".utf8)
        #expect(bytes == expected)
    }

    @Test(arguments: [("8:77", true), ("8:78", false), ("9:77", false), ("", false), ("8:77 ", false)])
    func journalStream(variable: String, expected: Bool) {
        #expect(JournalLogHandler.isStream(variable, device: 8, inode: 77) == expected)
    }
}

struct LogHandlerTests {
    private struct Broken: Error {}

    @Test func anEventArrivesWithAllItsFields() throws {
        let scratch = try ScratchDirectory()
        let socket = try BoundSocket(SOCK_DGRAM, at: scratch.path + "/journal")
        let factory = try JournalLogHandler.factory(
            identifier: "fuyun-agent",
            level: .debug,
            path: scratch.path + "/journal"
        )
        let provider = Logger.MetadataProvider { ["activation": "from provider", "container": "abc"] }
        var logger = Logger(label: "limiter") { factory($0, provider) }
        logger[metadataKey: "function"] = "guest/f"
        logger.warning(
            "Limit set",
            metadata: ["limit_bytes": "1024", "activation": "44"],
            file: "F.swift",
            function: "f()",
            line: 7
        )
        logger.trace("Not written")
        logger.error("Broken", metadata: [:], file: "F.swift", function: "f()", line: 8)
        #expect(
            socket.receiveText() == """
                MESSAGE=Limit set activation=44 container=abc function=guest/f limit_bytes=1024
                PRIORITY=4
                SYSLOG_IDENTIFIER=fuyun-agent
                CODE_FILE=F.swift
                CODE_LINE=7
                CODE_FUNC=f()
                FUYUN_LOGGER_LABEL=limiter
                FUYUN_ACTIVATION=44
                FUYUN_CONTAINER=abc
                FUYUN_FUNCTION=guest/f
                FUYUN_LIMIT_BYTES=1024

                """
        )
        #expect(socket.receiveText()?.contains("PRIORITY=3\n") == true)
    }

    @Test func aFullJournalLosesEntriesButNeverWaits() throws {
        let scratch = try ScratchDirectory()
        let socket = try BoundSocket(SOCK_DGRAM, at: scratch.path + "/journal")
        let factory = try JournalLogHandler.factory(identifier: "t", path: scratch.path + "/journal")
        let logger = Logger(label: "l") { factory($0, nil) }
        let text = String(repeating: "x", count: 8000)
        let sent = 2000
        // Would never end if it waited: nobody reads meanwhile.
        for _ in 0..<sent / 2 { logger.info("\(text)") }
        for _ in 0..<sent / 2 { logger.error("\(text)") }
        var arrived = 0
        while let bytes = socket.receiveIfThere() {
            #expect(bytes.count > 8000)
            arrived += 1
        }
        #expect(arrived < sent)
        logger.info("After")
        #expect(socket.receiveText()?.contains("FUYUN_DROPPED_BEFORE=\(sent - arrived)\n") == true)
        logger.info("Again")
        #expect(socket.receiveText()?.contains("DROPPED") == false)
    }

    @Test func aJournalThatIsAwayIsFoundAgain() throws {
        let scratch = try ScratchDirectory()
        let factory = try JournalLogHandler.factory(identifier: "t", path: scratch.path + "/journal")
        let logger = Logger(label: "l") { factory($0, nil) }
        logger.info("Lost")
        let socket = try BoundSocket(SOCK_DGRAM, at: scratch.path + "/journal")
        logger.info("There")
        #expect(socket.receiveText()?.hasPrefix("MESSAGE=There dropped_before=1\n") == true)
    }

    @Test func aLongSocketPathIsAnError() {
        let error = #expect(throws: SystemdError.self) {
            try JournalLogHandler.factory(identifier: "t", path: "/" + String(repeating: "x", count: 200))
        }
        #expect(error?.code == .malformed)
    }

    @Test func linesForATerminal() {
        let event = LogEvent(
            level: .warning,
            message: "Two\nlines",
            error: Broken(),
            metadata: ["key": "two words"],
            source: nil,
            file: "F",
            function: "f",
            line: 1
        )
        let handler = StandardErrorLogHandler()
        let line = StandardErrorLogHandler.line(for: event, metadata: handler.merged(event))
        #expect(line == "warning  Two lines error=Broken() key=\"two words\"\n")
    }
}

extension BoundSocket {
    /// A datagram that is there already.
    func receiveIfThere() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        return count < 0 ? nil : Array(bytes.prefix(count))
    }
}
