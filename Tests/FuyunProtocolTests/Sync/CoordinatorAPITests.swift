import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore
import Testing

@Suite("Values of the coordinator's API")
struct CoordinatorAPITests {
    /// A value and the document that it is.
    struct Golden: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var document: String
        var written: String
        var readsBack: Bool
        var refusesUnknownKeys: Bool

        init<Value: WireValue & Equatable>(_ value: Value, _ document: String, strict: Bool = false) {
            testDescription = "\(Value.self)"
            self.document = document
            written = String(buffer: value.body)
            readsBack = (try? Value(parsing: ByteBuffer(string: document))) == value
            let more = document.dropLast() + (document == "{}" ? "" : ",") + #""of_the_future":[{}]}"#
            refusesUnknownKeys = (try? Value(parsing: ByteBuffer(string: String(more)))) != value
            #expect(refusesUnknownKeys == strict)
            // Cut anywhere it is nothing.
            let bytes = Array(document.utf8)
            for length in 0..<bytes.count {
                #expect(throws: JSONError.self) { try Value(parsing: ByteBuffer(bytes: bytes[..<length])) }
            }
            for other in ["[]", "null", "7", "\"x\"", document + "x"] {
                #expect(throws: JSONError.self) { try Value(parsing: ByteBuffer(string: other)) }
            }
        }
    }

    private static var function: CoordinatorAPI.Function {
        var function = CoordinatorAPI.Function(name: "guest/f")
        function.registration.runtime = "python:3.11"
        function.registration.preset = .mebibytes(256)
        function.pinnedVersion = 3
        function.isExcluded = true
        function.activeVersion = 3
        function.candidateVersion = 4
        function.candidateStatus = .canary
        function.newestVersion = 5
        function.observations = 41
        function.createdAt = 1_769_000_000_000
        function.updatedAt = 1_769_000_000_001
        return function
    }

    private static let functionText =
        #"{"function":"guest/f","runtime":"python:3.11","source_digest":null,"preset_bytes":268435456,"#
        + #""minimum_bytes":null,"maximum_bytes":null,"tier_bytes":null,"pinned_version":3,"never_lower":false,"#
        + #""excluded":true,"active_version":3,"candidate_version":4,"candidate_status":"canary","newest_version":5,"#
        + #""observations":41,"created_ms":1769000000000,"updated_ms":1769000000001,"last_observed_ms":null}"#

    private static let item = CoordinatorAPI.PolicyItem(
        version: 3,
        status: .active,
        supersedes: 2,
        author: "tuner",
        reason: "fitted \"again\"",
        createdAt: 1,
        statusSince: 2,
        figures: .init(calls: 50, misses: 1, waste: 0.125)
    )

    private static let itemMembers =
        #""version":3,"status":"active","supersedes":2,"author":"tuner","reason":"fitted \"again\"","created_ms":1,"#
        + #""status_since_ms":2,"figures":{"calls":50,"misses":1,"waste":0.125}"#

    @Test("are these documents")
    func goldens() {
        var change = CoordinatorAPI.FunctionSwitchesChange()
        change.pin = .version(3)
        change.neverLower = true
        change.isExcluded = false
        var unpin = CoordinatorAPI.FunctionSwitchesChange()
        unpin.pin = .none
        var registration = CoordinatorAPI.Registration()
        registration.sourceDigest = "sha256:00"
        registration.tier = .mebibytes(1)
        let report = CoordinatorAPI.TuneReport(
            function: "guest/f",
            samples: 12,
            decision: "publish",
            why: "because",
            current: .init(version: 3, meanBound: 2e8, document: Array("{}".utf8)),
            proposal: .init(version: nil, status: "canary", meanBound: 1.5e8, document: Array(#"{"a":[1]}"#.utf8)),
            candidates: [
                .init(name: "skeleton", meanBound: 1.5e8, missesLeftOut: 1, isChosen: true, why: "least"),
                .init(name: "constant", meanBound: nil, missesLeftOut: 0, isChosen: false, why: "none"),
            ],
            verification: .init(replayed: 50, misses: 0, problems: ["p"])
        )
        let goldens = [
            Golden(Self.function, Self.functionText),
            Golden(
                CoordinatorAPI.Page([Self.function], next: "guest/f"),
                #"{"functions":[\#(Self.functionText)],"next":"guest/f"}"#
            ),
            Golden(CoordinatorAPI.Page<CoordinatorAPI.Event>([]), #"{"events":[],"next":null}"#),
            Golden(
                registration,
                #"{"runtime":null,"source_digest":"sha256:00","preset_bytes":null,"minimum_bytes":null,"#
                    + #""maximum_bytes":null,"tier_bytes":1048576}"#,
                strict: true
            ), Golden(change, #"{"pinned_version":3,"never_lower":true,"excluded":false}"#, strict: true),
            Golden(unpin, #"{"pinned_version":null}"#, strict: true),
            Golden(CoordinatorAPI.FunctionSwitchesChange(), "{}", strict: true),
            Golden(Self.item, "{\(Self.itemMembers)}"),
            Golden(
                CoordinatorAPI.Policy(function: "guest/f", item: Self.item, document: Array(#"{"x":"}"}"#.utf8)),
                #"{"function":"guest/f",\#(Self.itemMembers),"document":{"x":"}"},"notes":null}"#
            ),
            Golden(
                CoordinatorAPI.PolicyDiff(
                    from: 2,
                    to: 3,
                    changes: [
                        .init(path: "$.a", from: nil, to: Array("[1]".utf8)),
                        .init(path: "$.b", from: Array("1".utf8), to: nil),
                    ]
                ),
                #"{"from":2,"to":3,"changes":[{"path":"$.a","from":null,"to":[1]},{"path":"$.b","from":1,"to":null}]}"#
            ), Golden(CoordinatorAPI.LadderRequest(), "{}", strict: true),
            Golden(CoordinatorAPI.LadderRequest(reason: "r", pin: true), #"{"reason":"r","pin":true}"#, strict: true),
            Golden(
                CoordinatorAPI.LadderAnswer(
                    function: "f",
                    version: 3,
                    status: .active,
                    activeVersion: 3,
                    candidateVersion: nil,
                    revision: 9
                ),
                #"{"function":"f","version":3,"status":"active","active_version":3,"candidate_version":null,"revision":9}"#
            ),
            Golden(
                report,
                #"{"function":"guest/f","samples":12,"decision":"publish","why":"because","#
                    + #""current":{"version":3,"mean_bound_bytes":200000000,"document":{}},"#
                    + #""proposal":{"version":null,"status":"canary","mean_bound_bytes":150000000,"document":{"a":[1]}},"#
                    + #""candidates":[{"name":"skeleton","mean_bound_bytes":150000000,"loo_misses":1,"chosen":true,"why":"least"},"#
                    + #"{"name":"constant","mean_bound_bytes":null,"loo_misses":0,"chosen":false,"why":"none"}],"#
                    + #""verification":{"replayed":50,"misses":0,"problems":["p"]}}"#
            ),
            Golden(
                CoordinatorAPI.Node(
                    name: "n1",
                    agentVersion: "0.1.0",
                    revision: 4,
                    observations: 9,
                    createdAt: 1,
                    seenAt: 2
                ),
                #"{"node":"n1","agent_version":"0.1.0","revision":4,"observations":9,"created_ms":1,"seen_ms":2}"#
            ),
            Golden(
                CoordinatorAPI.Event(id: 7, time: 8, kind: "policy.activated", function: "f", version: 3, message: "m"),
                #"{"id":7,"time_ms":8,"kind":"policy.activated","function":"f","version":3,"node":null,"message":"m"}"#
            ),
            Golden(
                CoordinatorAPI.Switches(modeCap: .shadow, isTuningEnabled: false),
                #"{"mode_cap":"shadow","tuning":false}"#
            ),
            Golden(CoordinatorAPI.SwitchesChange(modeCap: .observe), #"{"mode_cap":"observe"}"#, strict: true),
            Golden(
                CoordinatorAPI.Status(
                    version: "0.1.0",
                    startedAt: 5,
                    isReady: true,
                    revision: 4,
                    lastEvent: 3,
                    switches: CoordinatorAPI.Switches(),
                    waitingNodes: 2,
                    tunerQueue: 1
                ),
                #"{"version":"0.1.0","started_ms":5,"ready":true,"revision":4,"last_event":3,"#
                    + #""switches":{"mode_cap":"enforce","tuning":true},"waiting_nodes":2,"tuner_queue":1}"#
            ),
        ]
        for golden in goldens {
            #expect(golden.written == golden.document)
            #expect(golden.readsBack, "\(golden.testDescription)")
        }
    }

    private func change(_ text: String) throws(JSONError) -> CoordinatorAPI.FunctionSwitchesChange {
        try CoordinatorAPI.FunctionSwitchesChange(parsing: ByteBuffer(string: text))
    }

    @Test("that ask for a change are refused with the key that is wrong")
    func requests() throws {
        let rows: [(String, String, JSONError.Code)] = [
            (#"{"never_lowr":true}"#, "", .outOfRange), (#"{"never_lower":1}"#, "never_lower", .wrongType),
            (#"{"pinned_version":0}"#, "pinned_version", .outOfRange),
            (#"{"pinned_version":"3"}"#, "pinned_version", .wrongType),
            (#"{"excluded":true,"excluded":false}"#, "excluded", .malformed),
        ]
        for (text, path, code) in rows {
            let error = #expect(throws: JSONError.self) { try change(text) }
            #expect(error?.path == path && error?.code == code)
        }
        #expect(throws: JSONError.self) {
            try CoordinatorAPI.Registration(parsing: ByteBuffer(string: #"{"preset_bytes":0}"#))
        }
        #expect(throws: JSONError.self) {
            try CoordinatorAPI.LadderRequest(
                parsing: ByteBuffer(string: #"{"reason":"\#(String(repeating: "x", count: 501))"}"#)
            )
        }
        #expect(throws: JSONError.self) {
            try CoordinatorAPI.SwitchesChange(parsing: ByteBuffer(string: #"{"mode_cap":"off"}"#))
        }
    }
}

@Suite("Streams of events")
struct EventStreamTests {
    private let events = [
        CoordinatorAPI.Event(id: 1, time: 8, kind: "policy.activated", function: "f", version: 3, message: "é\n𝄞"),
        CoordinatorAPI.Event(id: 2, time: 9, kind: "two\nlines", message: ""),
    ]

    @Test("are this text")
    func golden() {
        let written = text { EventStream.append(events[0], to: &$0) }
        #expect(
            written == """
                id: 1
                event: policy.activated
                data: {"id":1,"time_ms":8,"kind":"policy.activated","function":"f","version":3,"node":null,"message":"é\\n𝄞"}


                """
        )
    }

    @Test("read back wherever they are cut", arguments: 1...64)
    func cut(size: Int) throws {
        var stream = ByteBuffer(string: "retry: 5\r\n" + EventStream.heartbeat)
        for event in events {
            EventStream.append(event, to: &stream)
            stream.writeString(EventStream.heartbeat)
        }
        var reader = EventStreamReader()
        var read: [CoordinatorAPI.Event] = []
        while let piece = stream.readSlice(length: min(size, stream.readableBytes)), piece.readableBytes > 0 {
            read += try reader.read(piece)
        }
        #expect(read == events)
    }

    @Test("that are none or have no end are refused", arguments: ["data: {}\n\n", "data: x\n\n"])
    func bad(text: String) {
        var reader = EventStreamReader()
        #expect(throws: JSONError.self) { try reader.read(ByteBuffer(string: text)) }
        var other = EventStreamReader()
        #expect(throws: JSONError.self) {
            for _ in 0..<100 {
                _ = try other.read(ByteBuffer(string: "data: " + String(repeating: "x", count: 999) + "\n"))
            }
        }
    }
}
