import Testing

@testable import fuyun

struct TableTests {
    private var table: Table {
        var table = Table(columns: [
            .name("ID"), .words("FUNCTION", minimum: 8), .figure("BYTES"), .path("CGROUP", minimum: 10, leaveOut: 2),
            .name("NOTES", leaveOut: 1),
        ])
        table.rows = [
            ["a1", "guest/video-watermark", "123456789", "/machine.slice/libpod-1.scope", Text("frozen", .yellow)],
            ["b2", "guest/f", "7", "/docker/2", ""],
        ]
        return table
    }

    @Test(arguments: [nil, 200])
    func withRoomNothingIsLost(width: Int?) {
        let (lines, leftOut) = table.lines(width: width)
        #expect(
            lines.map(\.plain) == [
                "ID  FUNCTION                   BYTES  CGROUP                         NOTES",
                "a1  guest/video-watermark  123456789  /machine.slice/libpod-1.scope  frozen",
                "b2  guest/f                        7  /docker/2",
            ]
        )
        #expect(leftOut.isEmpty)
    }

    @Test func wordsAreCutBeforeColumnsGo() {
        let (lines, leftOut) = table.lines(width: 60)
        #expect(lines.allSatisfy { $0.count <= 60 })
        #expect(lines[1].plain.hasPrefix("a1  guest/video-w"))
        #expect(lines[1].plain.contains("…"))
        #expect(lines[1].plain.hasSuffix("libpod-1.scope  frozen"))
        #expect(leftOut.isEmpty)
    }

    @Test func columnsGoByTheirRank() {
        #expect(table.lines(width: 34).leftOut == ["CGROUP"])
        #expect(table.lines(width: 26).leftOut == ["CGROUP", "NOTES"])
    }

    @Test func columnsWithoutACellAreNotShown() {
        var table = table
        table.rows[0][4] = ""
        let (lines, leftOut) = table.lines(width: nil)
        #expect(lines[0].plain.hasSuffix("CGROUP"))
        #expect(leftOut.isEmpty)
    }

    @Test(arguments: 1...120)
    func figuresAreNeverCut(width: Int) {
        let (lines, _) = table.lines(width: width)
        #expect(lines[1].plain.contains("123456789"))
        // What cannot be left out or cut needs 2 + 8 + 9 columns and the blanks between them.
        if width >= 23 { #expect(lines.allSatisfy { $0.count <= width }) }
    }

    @Test func colourTakesNoRoomAndIsLeftAway() {
        let text = Text("a", .red) + Text("b")
        #expect(text.count == 2)
        #expect(text.rendered(inColour: true) == "\u{1B}[31ma\u{1B}[0mb")
        #expect(text.rendered(inColour: false) == "ab")
    }

    @Test func terminalsAreNotSteered() {
        #expect(Text("a\u{1B}[2Jb\nc\u{202E}d\u{9B}e").plain == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d\u{FFFD}e")
    }

    @Test(
        arguments: [
            ("one two three", 7, ["one two", "three"]), ("one two three", 3, ["one", "two", "three"]),
            ("one", 1, ["one"]),
            ("one two", nil, ["one two"]),
        ] as [(String, Int?, [String])]
    )
    func wrapping(text: String, width: Int?, lines: [String]) {
        #expect(Text.wrapped(text, width: width) == lines)
    }
}
