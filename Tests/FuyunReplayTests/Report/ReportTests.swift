import FuyunPolicy
import Glibc
import MemoryUnits
import Testing

@testable import FuyunReplay

@Suite struct ReportTests {
    private static let columns = FeatureLayout([FeatureLayout.Column("x")])

    /// A replay of two small groups, the same on every machine.
    private static func result(
        _ names: [String] = ["percentile:0.9", "max-seen", "witt-lr", "static:8MiB"],
        calls: Int = 12,
        groups: [String] = ["video/frames", "thumbnail"],
        matched: Double? = 0.2
    ) async throws -> ReplayResult {
        var rows: [TraceRow] = []
        for call in 0..<calls {
            for group in groups.indices {
                let x = Double((call * 7 + group * 3) % 12)
                rows.append(
                    TraceRow(
                        group: group,
                        features: FeatureRow([x]),
                        need: Bytes(UInt64(4_000_000 * (group + 1)) + UInt64(x) * 500_000),
                        seconds: 1 + x / 4
                    )
                )
            }
        }
        var options = ReplayOptions(
            grant: SafetyBounds(
                minimum: .mebibytes(1),
                maximum: .gibibytes(1),
                preset: .mebibytes(64),
                tier: .mebibytes(1)
            ),
            windows: [CallWindow(first: 0, last: 3), CallWindow(first: 4)]
        )
        options.keepsCalls = true
        options.matchedFailures = matched
        options.resamples = 50
        var strategies: [StrategyName] = []
        for name in names { strategies.append(try StrategyCatalog.strategy(name)) }
        return try await ReplayEngine(strategies: strategies, options: options)
            .replay([Trace(layout: columns, groups: groups, rows: rows)], title: "A small trace")
    }

    /// The whole page.
    ///
    /// `FUYUN_RECORD=1 swift test` writes it anew, to be looked at before it is committed.
    @Test func thePage() async throws {
        var result = try await Self.result()
        // One of them plays our part, so that what is ours is shown as ours.
        result.strategies[2].name = "fuyun"
        let report = ReplayReport(result, command: "fuyun replay --trace small.csv")
        let suffix = "Report/ReportTests.swift"
        let folder = String(#filePath.dropLast(suffix.count)) + "reference"
        for file in [report.files[0], try #require(report.files.first { $0.name == "success-and-waste-2.csv" })] {
            let path = "\(folder)/report-\(file.name)"
            if getenv("FUYUN_RECORD") != nil {
                let handle = try #require(fopen(path, "w"))
                fputs(file.text, handle)
                fclose(handle)
            }
            let handle = try #require(fopen(path, "r"), "cannot read \(path)")
            defer { fclose(handle) }
            var bytes: [UInt8] = []
            var block = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = fread(&block, 1, block.count, handle), count > 0 { bytes += block.prefix(count) }
            #expect(file.text == String(decoding: bytes, as: UTF8.self), "\(file.name) differs from \(path)")
        }
    }

    @Test func aFileForEveryFigure() async throws {
        let report = ReplayReport(try await Self.result())
        #expect(
            report.files.map(\.name) == [
                "index.html", "success-and-waste-1.csv", "success-and-waste-2.csv", "matched-failures-1.csv",
                "matched-failures-2.csv", "samples-to-reliability.csv", "need-and-limit-1.csv", "need-and-limit-2.csv",
                "coefficients.csv", "table.csv",
            ]
        )
        let page = report.files[0].text
        for file in report.files.dropFirst() {
            #expect(page.contains("href=\"\(file.name)\""), "no link to \(file.name)")
            let lines = file.text.split(separator: "\n")
            #expect(lines.count > 1)
            #expect(Set(lines.map { $0.count { $0 == "," } }).count == 1, "ragged \(file.name)")
        }
        #expect(report.pictures.map(\.name) == report.figures.map(\.id))
    }

    /// Nothing is loaded, nothing is run, every element is closed, and no number is missing.
    @Test func pagesAreWellFormed() async throws {
        for groups in [[""], ["a", "b"], (0..<40).map { "group \($0)" }] {
            for calls in [1, 2, 30] {
                let report = ReplayReport(try await Self.result(calls: calls, groups: groups))
                for html in [report.files[0].text] + report.pictures.map(\.html) {
                    try wellFormed(html)
                    for word in ["<script", "src=", "@import", "url(", "nan", "inf\"", "NaN"] {
                        #expect(!html.contains(word), "\(word) in a page")
                    }
                }
            }
        }
    }

    @Test func hostileNamesStayText() async throws {
        let name = "</style><script>alert(\"1\")</script>,\"x\"\u{1}&amp;"
        var result = try await Self.result(groups: [name, name + "2"])
        result.title = name
        result.strategies[0].name = name
        result.strategies[1].name = String(repeating: "long", count: 200)
        let report = ReplayReport(result, command: name)
        try wellFormed(report.files[0].text)
        #expect(!report.files[0].text.contains("<script"))
        let row = try #require(report.files.last?.text.split(separator: "\n").dropFirst().first)
        #expect(row.hasPrefix("\"</style><script>alert(\"\"1\"\")</script>,\"\"x\"\""))
    }

    @Test func nothingToShow() async throws {
        var result = try await Self.result()
        result.rows = 0
        #expect(ReplayReport(result).files.map(\.name) == ["index.html", "table.csv"])
        result.strategies = []
        let report = ReplayReport(result)
        #expect(report.figures.isEmpty)
        try wellFormed(report.files[0].text)
        #expect(report.files[0].text.contains("There is nothing to show"))
    }

    @Test func manyCallsAreCut() async throws {
        let report = ReplayReport(try await Self.result(calls: 3000, groups: ["many"], matched: nil))
        #expect(report.files[0].text.contains("The first \(CallsFigure.most) calls"))
        #expect(report.files.allSatisfy { $0.text.utf8.count < 600_000 })
    }

    /// Two parts of four orders: with 4 samples the first two never fail again, with 9 the third, and the last one never.
    @Test func samplesToReliability() async throws {
        var parts: [ReplayResult] = []
        for (samples, ends) in [(9, [0, 0, 0, 12]), (4, [0, 0, 7, 0])] as [(Int, [Int?])] {
            var part = try await Self.result(groups: ["a"], matched: nil)
            part.options.learnsFirst = samples
            for place in part.strategies.indices { part.strategies[place].reliableAfter = [ends] }
            parts.append(part)
        }
        let report = SeriesReport(parts)
        let file = try #require(report.files.first { $0.name == "samples-to-reliability.csv" })
        let row = try #require(file.text.split(separator: "\n").dropFirst().first)
        #expect(row.hasSuffix(",4,1,4,9,"), "\(row)")
        try wellFormed(report.files[0].text)
        for picture in report.pictures { try wellFormed(picture.html) }
    }

    /// A telephone shows whole names, above their marks.
    @Test func longNamesAreWhole() async throws {
        var result = try await Self.result()
        result.strategies[0].name = "without-extrapolation-rescue"
        for figure in ReplayReport(result).figures where figure.id.hasPrefix("success-and-waste") {
            for width in [Figure.wide, Figure.narrow] {
                let svg = figure.draw(width).svg(id: "x", title: "", description: "")
                #expect(svg.contains(">without-extrapolation-rescue<"))
            }
        }
    }

    // MARK: - Parts

    @Test(arguments: [
        (0.0, "0"), (0.5, "0.5"), (1, "1"), (12.34, "12.3"), (999.6, "1 k"), (1234, "1.23 k"), (31e6, "31 M"),
        (-2.5e9, "−2.5 G"), (0.00012, "1.2e-4"), (.nan, "–"), (.infinity, "–"),
    ])
    func shortNumbers(_ value: Double, _ text: String) { #expect(Numeral.short(value) == text) }

    @Test(arguments: [
        (1.005, 2, "1"), (1.25, 1, "1.3"), (-0.001, 2, "0.00"), (-1.5, 0, "−2"), (0.37, 3, "0.370"),
    ])
    func fixedNumbers(_ value: Double, _ places: Int, _ text: String) {
        #expect(Numeral.fixed(value, places).hasPrefix(text))
    }

    @Test func countsAndBytes() {
        #expect(Numeral.count(1_234_567) == "1\u{202F}234\u{202F}567")
        #expect(Numeral.count(-999) == "−999")
        #expect(Numeral.bytes(0x1p30) == "1 GiB")
        #expect(Numeral.bytes(1.5 * 0x1p20) == "1.5 MiB")
        #expect(Numeral.bytes(12) == "12 B")
        #expect(Numeral.percent(0.0037) == "0.37")
        #expect(Numeral.percent(0.25) == "25.0")
    }

    @Test func tablesAreQuoted() {
        let table = Table(columns: ["a", "b"], rows: [["x,y", "say \"no\""], ["line\nend", ""]])
        #expect(table.csv == "a,b\n\"x,y\",\"say \"\"no\"\"\"\n\"line\nend\",\n")
        #expect(Table.number(nil).isEmpty && Table.number(.nan).isEmpty && Table.number(.infinity).isEmpty)
        #expect(Table.number(3) == "3" && Table.number(0.1) == "0.1")
    }

    @Test(arguments: [
        (Scale.Kind.linear, 0.0, 0.37), (.linear, 1, 120), (.linear, -3, 8), (.linear, 5, 5), (.root, 0, 12),
        (.root, 0, 100), (.root, 0, 0.02), (.logarithm, 3e6, 9e9), (.logarithm, 10, 25), (.linear, 0, .infinity),
    ])
    func ticksAreRoundAndWithinTheAxis(_ kind: Scale.Kind, _ lower: Double, _ upper: Double) {
        let scale = Scale(kind, lower, upper, from: 100, to: 500)
        let ticks = scale.ticks(5)
        #expect((1...12).contains(ticks.count), "\(ticks)")
        let places = ticks.map(scale.place)
        #expect(zip(places, places.dropFirst()).allSatisfy { $0 < $1 })
        #expect(places.allSatisfy { $0 >= 99.9 && $0 <= 500.1 })
        if kind == .root { #expect(ticks.first == 0) }
        #expect(scale.place(-1e300) >= 99.9 && scale.place(1e300) <= 500.1)
    }

    // MARK: - Pictures

    @Test func picturesNeedABrowser() throws {
        let error = #expect(throws: BrowserError.self) { try HeadlessBrowser.find(in: "/nonexistent:") }
        #expect(try #require(error).description.contains("apt install chromium"))
    }

    @Test func aBrowserIsAskedForAPicture() throws {
        var template = Array("/tmp/fuyun-report-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer { for name in ["chromium", "figure.png"] { unlink("\(folder)/\(name)") }; rmdir(folder) }
        // Writes the page that it is shown to where the picture should go.
        let script = """
            #!/bin/sh
            for word; do case "$word" in --screenshot=*) out="${word#--screenshot=}";; file://*) page="${word#file://}";; esac; done
            cp "$page" "$out"

            """
        let file = try #require(fopen("\(folder)/chromium", "w"))
        fputs(script, file)
        fclose(file)
        chmod("\(folder)/chromium", 0o755)
        let browser = try HeadlessBrowser.find(in: "/nonexistent:\(folder)")
        #expect(browser.path == "\(folder)/chromium")
        let picture = ReportPicture(name: "figure", html: "<p>here</p>", width: 100, height: 50)
        try browser.photograph(picture, into: folder)
        #expect(access("\(folder)/figure.png", R_OK) == 0)
        #expect(access("\(folder)/.figure.html", R_OK) != 0)
        #expect(throws: BrowserError.self) { try HeadlessBrowser(path: "/bin/false").photograph(picture, into: folder) }
        #expect(throws: BrowserError.self) { try browser.photograph(picture, into: folder + "/none") }
    }
}

/// Every element is closed in its order, and every attribute quoted.
private func wellFormed(_ html: String) throws {
    let empty: Set<Substring> = ["meta", "!DOCTYPE"]
    var open: [Substring] = []
    var rest = html[...]
    while let start = rest.firstIndex(of: "<") {
        rest = rest[start...].dropFirst()
        let end = try #require(rest.firstIndex(of: ">"), "an element without an end")
        let tag = rest[..<end]
        rest = rest[end...].dropFirst()
        try #require(!tag.contains("<"), "< within \(tag)")
        #expect(tag.count { $0 == "\"" } % 2 == 0, "quotes in \(tag)")
        let name = tag.prefix { $0 != " " && $0 != "\n" && $0 != "/" }
        if tag.hasPrefix("/") {
            #expect(open.popLast() == tag.dropFirst(), "</\(tag.dropFirst())> closes something else")
        } else if !tag.hasSuffix("/"), !empty.contains(name) {
            open.append(name)
        }
    }
    #expect(open.isEmpty, "never closed: \(open)")
}
