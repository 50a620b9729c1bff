import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore
import Testing

/// What an agent writes, with everything in it; the same call as in the agent's own test of its writer.
enum AgentLine {
    static let golden = [
        #"{"schema":"fuyun.observation/v1","id":"6650f1a2-11","function":"guest/video","#,
        #""activation":"44\"79\\\u0001é","container":7,"cgroup":"/faas/c1","began_ms":1769000000000,"#,
        #""ended_ms":1769000000500,"duration_ms":500,"reported_duration_ms":12.05,"known":true,"mode":"enforce","#,
        #""reason":"policy","decision":{"reason":"policy","policy_version":3,"predicted_bytes":83886080,"#,
        #""bound_bytes":94371840,"input_bytes":62914560,"headroom":0.05,"limit_bytes":104857600,"variable":null,"#,
        #""law":1,"adjustments":["snapped_up"]},"shadow":{"reason":"missing_feature","policy_version":4,"#,
        #""predicted_bytes":null,"bound_bytes":null,"input_bytes":67108864,"headroom":0,"limit_bytes":67108864,"#,
        #""variable":2,"law":0,"adjustments":[]},"features":{"width":1280,"ratio":0.1,"op":"gif","fps":null},"#,
        #""limit_bytes":104857600,"lowest_limit_bytes":104857600,"highest_limit_bytes":104857600,"#,
        #""ceiling_bytes":536870912,"held":true,"peak_bytes":104857600,"peak_method":"window","peak_exact":true,"#,
        #""resident_start_bytes":20971520,"resident_end_bytes":26214400,"resident_highest_bytes":73400320,"#,
        #""need":{"lower_bytes":104857600,"upper_bytes":null,"censored":true},"events":{"low":0,"high":null,"#,
        #""max":30,"oom":1,"oom_kill":1,"oom_group_kill":null},"local_events":{"low":0,"high":null,"max":30,"#,
        #""oom":1,"oom_kill":1,"oom_group_kill":null},"stall":{"some_ms":25,"full_ms":12.5},"thrashing":true,"#,
        #""limit_hits_per_second":60,"outcome":"crashed","exit_status":137,"http_status":null,"#,
        #""oom":{"class":"own_limit","own_limit_exceeded":true,"evidence":["memory.events oom_kill +1","#,
        #""memory.events.local oom +1","exit status 137 (signal 9)"]},"warm_index":5,"concurrency":2,"#,
        #""shared":true,"overwrites":0,"reasserts":0,"rescues":1}"#,
    ].joined()

    static var record: ObservationRecord {
        var record = ObservationRecord(
            id: InvocationID(epoch: 0x6650_F1A2, sequence: 17),
            function: "guest/video",
            beganAt: 1_769_000_000_000,
            duration: .milliseconds(500),
            needLower: .mebibytes(100),
            needUpper: nil,
            outcome: .crashed
        )
        record.mode = .enforce
        record.reason = "policy"
        record.decision = .init(
            version: 3,
            reason: .policy,
            predicted: .mebibytes(80),
            bound: .mebibytes(90),
            limit: .mebibytes(100)
        )
        record.shadow = .init(version: 4, reason: .missingFeature, predicted: nil, bound: nil, limit: .mebibytes(64))
        record.features = [.init("width", .number(1280)), .init("ratio", .number(0.1)), .init("op", .category("gif"))]
        record.limit = .mebibytes(100)
        record.ceiling = .mebibytes(512)
        record.isHeld = true
        record.peak = .mebibytes(100)
        record.isCensored = true
        record.limitHits = 30
        record.isThrashing = true
        record.oomClass = .ownLimit
        record.ownLimitExceeded = true
        record.warmIndex = 5
        record.concurrency = 2
        record.rescues = 1
        return record
    }

    /// The smallest that is read.
    static let least =
        #"{"schema":"fuyun.observation/v1","id":"1a2b3c4d-1","function":"f","began_ms":1,"duration_ms":0.5,"#
        + #""need":{"lower_bytes":0,"upper_bytes":null},"outcome":"success"}"#

    /// What is wrong with a document.
    static func error(in text: String) -> JSONError? {
        do throws(JSONError) {
            _ = try ObservationRecord(parsing: ByteBuffer(string: text))
            return nil
        } catch {
            return error
        }
    }
}

@Suite("Observation records")
struct ObservationRecordTests {
    @Test("are read from what agents write")
    func golden() throws {
        #expect(try ObservationRecord(parsing: ByteBuffer(string: AgentLine.golden)) == AgentLine.record)
        #expect(try ObservationRecord(parsing: ByteBuffer(string: " \(AgentLine.golden)\n")) == AgentLine.record)
    }

    @Test("are written as this document")
    func written() throws {
        let written = text { AgentLine.record.write(into: &$0) }
        let expected = [
            #"{"schema":"fuyun.observation/v1","id":"6650f1a2-11","function":"guest/video","began_ms":1769000000000,"#,
            #""duration_ms":500,"known":true,"mode":"enforce","reason":"policy","decision":{"reason":"policy","#,
            #""policy_version":3,"predicted_bytes":83886080,"bound_bytes":94371840,"limit_bytes":104857600},"#,
            #""shadow":{"reason":"missing_feature","policy_version":4,"predicted_bytes":null,"bound_bytes":null,"#,
            #""limit_bytes":67108864},"features":{"width":1280,"ratio":0.1,"op":"gif"},"limit_bytes":104857600,"#,
            #""ceiling_bytes":536870912,"held":true,"peak_bytes":104857600,"need":{"lower_bytes":104857600,"#,
            #""upper_bytes":null,"censored":true},"events":{"max":30},"thrashing":true,"outcome":"crashed","#,
            #""oom":{"class":"own_limit","own_limit_exceeded":true},"warm_index":5,"concurrency":2,"rescues":1}"#,
        ]
        #expect(written == expected.joined())
        #expect(try ObservationRecord(parsing: ByteBuffer(string: written)) == AgentLine.record)
    }

    @Test("need little, and start with what is usual")
    func least() throws {
        let record = try ObservationRecord(parsing: ByteBuffer(string: AgentLine.least))
        #expect(
            record
                == ObservationRecord(
                    id: InvocationID(epoch: 0x1A2B_3C4D, sequence: 1),
                    function: "f",
                    beganAt: 1,
                    duration: .microseconds(500),
                    needLower: .zero,
                    needUpper: nil,
                    outcome: .success
                )
        )
    }

    @Test("read back whatever is in them")
    func roundTrips() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<500 {
            let record = Self.random(&random)
            var body = ByteBuffer()
            record.write(into: &body)
            #expect(try ObservationRecord(parsing: body) == record)
        }
    }

    static func random(_ random: inout SeededGenerator) -> ObservationRecord {
        func quantity() -> Bytes? {
            Bool.random(using: &random) ? Bytes(random.next() >> UInt64.random(in: 1...60, using: &random)) : nil
        }
        func decision() -> ObservationRecord.DecisionSummary? {
            guard Bool.random(using: &random) else { return nil }
            return .init(
                version: Int.random(in: 1...Int(Int32.max), using: &random),
                reason: DecisionReason.allCases.randomElement(using: &random) ?? .policy,
                predicted: quantity(),
                bound: quantity(),
                limit: quantity() ?? .max
            )
        }
        let need = [quantity() ?? .zero, quantity() ?? .zero].sorted()
        var record = ObservationRecord(
            id: InvocationID(epoch: UInt32.random(in: 0...UInt32.max, using: &random), sequence: random.next()),
            function: ["f", "guest/video-watermark", "a.b_c@d:e/f-g"].randomElement(using: &random) ?? "f",
            beganAt: Int64.random(in: 0...253_402_300_799_999, using: &random),
            duration: .microseconds(Int64.random(in: 0...10_000_000_000, using: &random)),
            needLower: need[0],
            needUpper: Bool.random(using: &random) ? need[1] : nil,
            outcome: ObservationRecord.Outcome.allCases.randomElement(using: &random) ?? .success
        )
        record.isKnown = Bool.random(using: &random)
        record.mode = Mode.allCases.randomElement(using: &random) ?? .observe
        record.reason = ["policy", "too_many_in_flight", ""].randomElement(using: &random) ?? ""
        record.decision = decision()
        record.shadow = decision()
        record.features = (0..<Int.random(in: 0...16, using: &random)).map { index in
            if Bool.random(using: &random) { return .init("a_rather_long_name_\(index)", .category("\"é\\\n𝄞")) }
            let value = Double(bitPattern: random.next())
            return .init("v\(index)", .number(value.isFinite ? value : Double(index) + 0.1))
        }
        record.limit = quantity()
        record.ceiling = quantity()
        record.isHeld = Bool.random(using: &random)
        record.peak = quantity()
        record.isCensored = Bool.random(using: &random)
        record.limitHits = random.next()
        record.isThrashing = Bool.random(using: &random)
        record.oomClass =
            Bool.random(using: &random) ? EndAnswer.OutOfMemory.Class.allCases.randomElement(using: &random) : nil
        record.ownLimitExceeded = record.oomClass != nil && Bool.random(using: &random)
        record.warmIndex = random.next()
        record.concurrency = Int.random(in: 0...1000, using: &random)
        record.rescues = Int.random(in: 0...1000, using: &random)
        return record
    }

    struct Refused: CustomTestStringConvertible, Sendable {
        var found: String
        var replaced: String
        var path: String
        var code: JSONError.Code
        var testDescription: String { "\(found) → \(replaced)" }

        init(_ found: String, _ replaced: String, _ path: String, _ code: JSONError.Code) {
            (self.found, self.replaced, self.path, self.code) = (found, replaced, path, code)
        }
    }

    static let refused: [Refused] = [
        Refused("fuyun.observation/v1", "fuyun.observation/v2", "schema", .schema),
        Refused(#""schema":"fuyun.observation/v1","#, "", "", .missing),
        Refused(#""id":"6650f1a2-11","#, "", "", .missing),
        Refused(#""outcome":"crashed","#, "", "", .missing),
        Refused("6650f1a2-11", "6650F1A2-11", "id", .outOfRange),
        Refused(#""6650f1a2-11""#, "17", "id", .wrongType),
        Refused("guest/video", "guest video", "function", .outOfRange),
        Refused("guest/video", "", "function", .outOfRange),
        Refused("guest/video", String(repeating: "f", count: 257), "function", .outOfRange),
        Refused("guest/video", #"\ud800"#, "function", .malformed),
        Refused("1769000000000", "-1", "began_ms", .outOfRange),
        Refused("1769000000000", "1e300", "began_ms", .outOfRange),
        Refused("1769000000000", "null", "began_ms", .wrongType),
        Refused(#""duration_ms":500"#, #""duration_ms":-1"#, "duration_ms", .outOfRange),
        Refused(#""duration_ms":500"#, #""duration_ms":1e999"#, "duration_ms", .outOfRange),
        Refused(#""known":true"#, #""known":1"#, "known", .wrongType),
        Refused(#""mode":"enforce""#, #""mode":"loud""#, "mode", .outOfRange),
        Refused(#""mode":"enforce""#, #""mode":"enforce","mode":"observe""#, "mode", .malformed),
        Refused(#""policy_version":3"#, #""policy_version":0"#, "decision.policy_version", .outOfRange),
        Refused(#""policy_version":3"#, #""policy_version":3.5"#, "decision.policy_version", .outOfRange),
        Refused(#""reason":"missing_feature""#, #""reason":"because""#, "shadow.reason", .outOfRange),
        Refused(#""limit_bytes":67108864,"variable""#, #""variable""#, "shadow", .missing),
        Refused(
            #""predicted_bytes":83886080"#,
            #""predicted_bytes":18446744073709551616"#,
            "decision.predicted_bytes",
            .outOfRange
        ),
        Refused(#""ratio":0.1"#, #""ratio":[]"#, "features.ratio", .wrongType),
        Refused(#""ratio":0.1"#, #""ratio":1e400"#, "features.ratio", .outOfRange),
        Refused(#""ratio":0.1"#, #""width":1"#, "features", .outOfRange),
        Refused(#""op":"gif""#, #""op":"\#(String(repeating: "x", count: 129))""#, "features.op", .outOfRange),
        Refused(#""ratio":0.1"#, (0..<17).map { "\"x\($0)\":1" }.joined(separator: ","), "features", .outOfRange),
        Refused(#""features":{"#, #""features":[{"#, "features", .wrongType),
        Refused(#""upper_bytes":null,"#, "", "need", .missing),
        Refused(#""upper_bytes":null"#, #""upper_bytes":1"#, "need", .outOfRange),
        Refused(#""lower_bytes":104857600"#, #""lower_bytes":"1""#, "need.lower_bytes", .wrongType),
        Refused(#""max":30"#, #""max":-1"#, "events.max", .outOfRange),
        Refused(#""outcome":"crashed""#, #""outcome":"well""#, "outcome", .outOfRange),
        Refused(#""class":"own_limit","#, "", "oom", .missing),
        Refused(#""concurrency":2"#, #""concurrency":1000001"#, "concurrency", .outOfRange),
        Refused(#""cgroup":"/faas/c1""#, #""cgroup":"/faas"# + "\n" + #"/c1""#, "", .malformed),
        Refused(#""rescues":1}"#, #""rescues":1"#, "", .cut),
        Refused(#""rescues":1}"#, #""rescues":1}}"#, "", .trailing),
        Refused(#""rescues":1}"#, #""rescues":1,}"#, "", .malformed),
        Refused(#""rescues":1}"#, #""rescues":1,"pad":"\#(String(repeating: "x", count: 65_536))"}"#, "", .outOfRange),
    ]

    @Test("are refused with the key that is wrong", arguments: refused)
    func bad(row: Refused) throws {
        #expect(AgentLine.golden.contains(row.found))
        let error = try #require(
            AgentLine.error(in: AgentLine.golden.replacing(row.found, with: row.replaced, maxReplacements: 1))
        )
        #expect(error.code == row.code)
        #expect(error.path == row.path)
    }

    @Test("are refused when they end anywhere before their end")
    func cut() {
        let bytes = Array(AgentLine.golden.utf8)
        for length in 0..<bytes.count {
            #expect(throws: JSONError.self) { try ObservationRecord(parsing: ByteBuffer(bytes: bytes[..<length])) }
        }
    }

    @Test("survive any byte being another")
    func noise() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<5000 {
            var bytes = Array(AgentLine.golden.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            // What is read can be written and read again.
            guard let record = try? ObservationRecord(parsing: ByteBuffer(bytes: bytes)) else { continue }
            var body = ByteBuffer()
            record.write(into: &body)
            #expect((try? ObservationRecord(parsing: body)) == record)
        }
    }

    @Test("of a function without a policy have no decision, and a class of a newer agent is unknown")
    func lenient() throws {
        let text = AgentLine.golden
            .replacing(#""policy_version":3"#, with: #""policy_version":null"#)
            .replacing(#""class":"own_limit""#, with: #""class":"of_the_future""#)
            .replacing(#""lower_bytes":104857600"#, with: #""lower_bytes":null"#)
            .replacing(#""schema""#, with: #""sch\u0065ma""#)
        let record = try ObservationRecord(parsing: ByteBuffer(string: text))
        #expect(record.decision == nil)
        #expect(record.shadow?.version == 4)
        #expect(record.oomClass == .unknown)
        #expect(record.needLower == .max)
    }
}

@Suite("Batches of observations")
struct ObservationBatchTests {
    private func parse(_ text: String) throws(JSONError) -> ObservationBatchBody {
        try ObservationBatchBody(parsing: ByteBuffer(string: text))
    }

    @Test("are this document, put together from lines")
    func golden() throws {
        var writer = ObservationBatchWriter(epoch: .max)
        writer.append(sequence: 1, observation: Array("\(AgentLine.least)\n".utf8))
        writer.append(sequence: 9, observation: ByteBuffer(string: AgentLine.golden).readableBytesView)
        let size = writer.size
        #expect(writer.count == 2)
        let body = writer.finish()
        #expect(body.readableBytes == size)
        #expect(
            String(buffer: body) == #"{"schema":"fuyun.observations/v1","epoch":18446744073709551615,"observations":["#
                + #"{"sequence":1,"observation":\#(AgentLine.least)},{"sequence":9,"observation":\#(AgentLine.golden)}]}"#
        )
        let batch = try ObservationBatchBody(parsing: body)
        #expect(batch.epoch == .max)
        #expect(batch.records.map(\.sequence) == [1, 9])
        #expect(batch.records.last?.record == AgentLine.record)
    }

    @Test("may be empty")
    func empty() throws {
        let batch = try ObservationBatchBody(parsing: ObservationBatchWriter(epoch: 1).finish())
        #expect(batch.epoch == 1 && batch.records.isEmpty)
    }

    @Test("say when they are full")
    func room() {
        var writer = ObservationBatchWriter(epoch: 1)
        #expect(writer.hasRoom(for: 1000))
        #expect(!writer.hasRoom(for: ObservationBatchBody.maximumSize))
        for sequence in 0..<UInt64(ObservationBatchBody.maximumRecords) {
            #expect(writer.hasRoom(for: 2))
            writer.append(sequence: sequence, observation: Array("{}".utf8))
        }
        #expect(!writer.hasRoom(for: 2))
    }

    @Test("that are bad name the first bad record and its key")
    func bad() throws {
        func batch(_ last: String, sequence: String = "3") -> String {
            #"{"schema":"fuyun.observations/v1","epoch":5,"observations":[{"sequence":1,"observation":\#(AgentLine.least)},"#
                + #"{"observation":\#(last),"sequence":\#(sequence)}]}"#
        }
        #expect(try parse(batch(AgentLine.golden)).records.count == 2)
        let rows: [(String, String, JSONError.Code)] = [
            (
                batch(AgentLine.golden.replacing(#""max":30"#, with: #""max":"x""#)),
                "observations[1].observation.events.max", .wrongType
            ),
            (batch("{}"), "observations[1].observation", .missing),
            (batch("7"), "observations[1].observation", .wrongType),
            (batch(AgentLine.least, sequence: "-1"), "observations[1].sequence", .outOfRange),
            (#"{"schema":"fuyun.observations/v2","epoch":5,"observations":[]}"#, "schema", .schema),
            (#"{"schema":"fuyun.observations/v1","observations":[]}"#, "", .missing),
            (
                #"{"schema":"fuyun.observations/v1","epoch":5,"observations":[{"sequence":1}]}"#, "observations[0]",
                .missing
            ),
            (#"{"schema":"fuyun.observations/v1","epoch":5,"observations":{}}"#, "observations", .wrongType),
            ("", "", .cut), ("[]", "", .wrongType),
        ]
        for (text, path, code) in rows {
            let error = #expect(throws: JSONError.self) { try parse(text) }
            #expect(error?.path == path)
            #expect(error?.code == code)
        }
    }

    @Test("with too many records are refused")
    func tooMany() throws {
        var writer = ObservationBatchWriter(epoch: 1)
        for sequence in 0...UInt64(ObservationBatchBody.maximumRecords) {
            writer.append(sequence: sequence, observation: Array(AgentLine.least.utf8))
        }
        let error = #expect(throws: JSONError.self) { try ObservationBatchBody(parsing: writer.finish()) }
        #expect(error?.code == .outOfRange && error?.path == "observations")
    }

    @Test("that are refused say so in words")
    func words() throws {
        do throws(JSONError) {
            _ = try parse(#"{"schema":"x","epoch":5,"observations":[]}"#)
            Issue.record("should have been refused")
        } catch {
            let answer = ErrorAnswer(error, in: "a batch of observations")
            #expect(answer.code == .badSchema)
            #expect(
                answer.message
                    == "the body is not a batch of observations: another schema at schema (byte 10), expected fuyun.observations/v1"
            )
        }
    }
}
