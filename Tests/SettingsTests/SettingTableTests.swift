import Settings
import Testing

@Suite("Settings")
struct SettingTableTests {
    /// What the tests' daemon is told.
    struct Values: Equatable {
        var host: String
        var name: String?
        var port: Int
        var factor: Double
        var tokens: [String]
        var entries: [String: Int]
    }

    private let table = SettingTable(
        prefix: ["house", "cat"],
        standardFile: "/nowhere/cat.json",
        documentation: "docs/cat.md",
        entries: SettingTable.Entries(section: "rooms", overriding: "listen", atMost: 2),
        [
            .text("listen.host", "127.0.0.1", "the address"),
            .optionalText("listen.name", "the name"),
            .whole("listen.port", 1...65_535, 7070, "the port"),
            .number("tuning.factor", 1...10, 1.5, "the factor"),
            .texts("tokens.files", [], "the files"),
            .logLevel,
        ]
    )

    private func load(
        _ file: String? = nil,
        environment: [String: String] = [:],
        set: [String] = []
    ) throws(ConfigurationErrors) -> Values {
        let sources = ConfigurationSources(
            file: file.map { (path: "cat.json", contents: Array($0.utf8)) },
            environment: environment,
            assignments: set
        )
        return try table.load(sources) { settings in
            if settings.whole("listen.port") == 1 { settings.report(place: "listen.port", "1 is taken") }
            return Values(
                host: settings.text("listen.host"),
                name: settings.textOrNone("listen.name"),
                port: settings.whole("listen.port"),
                factor: settings.number("tuning.factor"),
                tokens: settings.texts("tokens.files"),
                entries: settings.entries.mapValues { $0.whole("listen.port") }
            )
        }
    }

    @Test("the daemon's words stand before the key in the environment")
    func environment() throws {
        let values = try load(environment: [
            "HOUSE_CAT_LISTEN_PORT": "1234", "HOUSE_LISTEN_HOST": "other", "HOUSE_CAT_TUNING_FACTOR": "2.5",
            "HOUSE_CAT_TOKENS_FILES": "a,b", "HOUSE_CAT_LISTEN_NAME": "",
        ])
        #expect(
            values
                == Values(host: "127.0.0.1", name: nil, port: 1234, factor: 2.5, tokens: ["a", "b"], entries: [:])
        )
    }

    @Test("an entry says what differs; the rest holds as for all, whoever said it")
    func entries() throws {
        let values = try load(
            #"{"rooms":{"attic":{"port":5},"cellar":{}}}"#,
            environment: ["HOUSE_CAT_LISTEN_PORT": "6"]
        )
        #expect(values.entries == ["attic": 5, "cellar": 6])
    }

    @Test(
        "every mistake is named with its place, all at once",
        arguments: [
            (
                #"{"listen":{"port":0,"prot":1},"tuning":{"factor":11}}"#,
                ["$.listen.port", "$.listen.prot", "$.tuning"]
            ),
            (#"{"listen":{"host":""}}"#, ["$.listen.host: expected text"]),
            (#"{"rooms":{"a":{},"b":{},"c":{}}}"#, ["found 3 rooms, expected at most 2"]),
            (#"{"rooms":{"a":{"factor":2}}}"#, ["$.rooms.a.factor"]), (#"{"listen":{"port":1}}"#, ["1 is taken"]),
            (#"{"listen":{"port":1,"port":2}}"#, ["cat.json"]), ("", ["cat.json"]),
        ]
    )
    func mistakes(file: String, words: [String]) {
        let error = #expect(throws: ConfigurationErrors.self) { try load(file) }
        for word in words { #expect(error?.description.contains(word) == true, "\(error?.description ?? "")") }
    }

    @Test("a mistake does not hide the next: text of a wrong form, and a key that does not exist")
    func together() {
        let error = #expect(throws: ConfigurationErrors.self) {
            try load(environment: ["HOUSE_CAT_LISTEN_PORT": "x"], set: ["listen.port=y", "listen=1", "a.b=1"])
        }
        #expect(error?.diagnostics.count == 4)
        #expect(error?.description.contains("HOUSE_CAT_LISTEN_PORT") == true)
        #expect(error?.description.contains("docs/cat.md") == true)
    }

    @Test("the table has a row a setting, with the variable, what it takes and its default")
    func markdown() {
        let rows = table.markdown.split(separator: "\n")
        #expect(rows.count == 2 + table.settings.count)
        #expect(rows[3] == "| `listen.name` | `HOUSE_CAT_LISTEN_NAME` | text, may be empty | `\"\"` | the name |")
        #expect(
            rows[5] == "| `tuning.factor` | `HOUSE_CAT_TUNING_FACTOR` | a number from 1 to 10 | `1.5` | the factor |"
        )
    }

    @Test("the standard file may be missing, one that someone named may not")
    func missingFile() throws {
        #expect(try ConfigurationSources.process(file: nil, assignments: ["a=b"], of: table).file == nil)
        let error = #expect(throws: ConfigurationErrors.self) {
            try ConfigurationSources.process(file: "/nowhere/dog.json", assignments: [], of: table)
        }
        #expect(error?.description.contains("/nowhere/dog.json: cannot be read: No such file") == true)
    }
}
