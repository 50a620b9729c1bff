import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore
import Testing

@Suite("Begin answers")
struct BeginAnswerTests {
    private static let id = InvocationID(epoch: 0x6650_F1A2, sequence: 1)

    @Test("are this document")
    func golden() throws {
        let answer = BeginAnswer(
            id: Self.id,
            function: "guest/f",
            limit: .mebibytes(64),
            applied: true,
            held: false,
            mode: .enforce,
            decision: DecisionReport(
                reason: .policy,
                policyVersion: 3,
                predicted: Bytes(60_000_000),
                bound: Bytes(62_000_000),
                headroom: 0.05,
                limit: .mebibytes(64),
                adjustments: [.snappedUp],
                features: [
                    .init("width", .number(1280)), .init("op", .category("gif")), .init("fps", .number(29.97)),
                    .init("gone", .missing),
                ]
            )
        )
        let written = text { answer.write(into: &$0) }
        #expect(
            written
                == #"{"id":"6650f1a2-1","function":"guest/f","limit_bytes":67108864,"applied":true,"held":false,"#
                + #""mode":"enforce","decision":{"reason":"policy","policy_version":3,"predicted_bytes":60000000,"#
                + #""bound_bytes":62000000,"headroom":0.05,"limit_bytes":67108864,"adjustments":["snapped_up"],"#
                + #""features":{"width":1280,"op":"gif","fps":29.97,"gone":null}}}"#
        )
        #expect(try BeginAnswer(parsing: ByteBuffer(string: written)) == answer)
    }

    @Test("give their id alone, whatever else they hold")
    func identifier() throws {
        let answer = #"{"x":[1,{"id":"y"}],"n":-1.5e3,"id":"6650f1a2-1","decision":{"reason":7},"limit_bytes":null}"#
        #expect(try BeginAnswer.id(parsing: ByteBuffer(string: answer)) == Self.id)
        for rubbish in ["", "{}", "null", #"{"id":1}"#, #"{"id":"x"}"#, answer + "x", String(answer.dropLast())] {
            #expect(throws: JSONError.self) { try BeginAnswer.id(parsing: ByteBuffer(string: rubbish)) }
        }
    }

    @Test("say max as null, and no decision as null")
    func nulls() throws {
        let answer = BeginAnswer(id: Self.id, function: "f", limit: nil, applied: false, held: false, mode: .observe)
        let written = text { answer.write(into: &$0) }
        #expect(written.contains(#""limit_bytes":null"#) && written.contains(#""decision":null"#))
        #expect(try BeginAnswer(parsing: ByteBuffer(string: written)) == answer)
    }

    @Test("read back in every mode, reason and adjustment")
    func roundTrip() throws {
        for mode in Mode.allCases {
            for reason in DecisionReason.allCases {
                for bits in UInt8(0)..<8 {
                    let decision = Decision(
                        limit: .mebibytes(3),
                        predicted: Bytes(1),
                        bound: Bytes(2),
                        headroom: 0.1,
                        reason: reason,
                        adjustments: LimitAdjustments(rawValue: bits)
                    )
                    let answer = BeginAnswer(
                        id: Self.id,
                        function: "f",
                        limit: .max,
                        applied: true,
                        held: true,
                        mode: mode,
                        decision: DecisionReport(decision, policyVersion: 1)
                    )
                    var body = ByteBuffer()
                    answer.write(into: &body)
                    #expect(try BeginAnswer(parsing: body) == answer)
                }
            }
        }
    }

    @Test(
        "are refused when something is missing or of another type",
        arguments: [
            "", "{}", "null", "[]", #"{"id":"6650f1a2-1"}"#,
            #"{"id":"x","function":"f","limit_bytes":1,"applied":true,"mode":"enforce"}"#,
            #"{"id":"6650f1a2-1","function":"f","limit_bytes":"1","applied":true,"mode":"enforce"}"#,
            #"{"id":"6650f1a2-1","function":"f","limit_bytes":-1,"applied":true,"mode":"enforce"}"#,
            #"{"id":"6650f1a2-1","function":"f","limit_bytes":1.5,"applied":true,"mode":"enforce"}"#,
            #"{"id":"6650f1a2-1","function":"f","limit_bytes":1,"applied":1,"mode":"enforce"}"#,
            #"{"id":"6650f1a2-1","function":"f","limit_bytes":1,"applied":true,"mode":"loud"}"#,
            #"{"id":"6650f1a2-1","function":"f","limit_bytes":1,"applied":true,"mode":"enforce","decision":{}}"#,
            #"{"id":"6650f1a2-1","function":"f","limit_bytes":1,"applied":true,"mode":"enforce"}x"#,
        ]
    )
    func bad(body: String) {
        #expect(throws: JSONError.self) { try BeginAnswer(parsing: ByteBuffer(string: body)) }
    }
}

@Suite("End answers")
struct EndAnswerTests {
    private static let id = InvocationID(epoch: 0x6650_F1A2, sequence: 31)

    @Test("are this document")
    func golden() throws {
        let answer = EndAnswer(
            id: Self.id,
            peak: .mebibytes(64),
            peakMethod: .window,
            limit: .mebibytes(64),
            outOfMemory: .init(.ownLimit, evidence: ["memory.events.local oom +1", "said \"no\""]),
            retryLimit: .mebibytes(128)
        )
        let written = text { answer.write(into: &$0) }
        #expect(
            written
                == #"{"id":"6650f1a2-1f","peak_bytes":67108864,"peak_method":"window","limit_bytes":67108864,"#
                + #""oom":{"class":"own_limit","evidence":["memory.events.local oom +1","said \"no\""]},"#
                + #""thrashing":false,"retry":{"limit_bytes":134217728}}"#
        )
        #expect(try EndAnswer(parsing: ByteBuffer(string: written)) == answer)
    }

    @Test("of an earlier run of the agent say so")
    func earlierRun() throws {
        let answer = EndAnswer(id: Self.id, known: false)
        let written = text { answer.write(into: &$0) }
        #expect(
            written
                == #"{"id":"6650f1a2-1f","known":false,"peak_bytes":null,"peak_method":null,"limit_bytes":null,"#
                + #""oom":null,"thrashing":false,"retry":null}"#
        )
        #expect(try EndAnswer(parsing: ByteBuffer(string: written)) == answer)
    }

    @Test("name every class of running out of memory", arguments: EndAnswer.OutOfMemory.Class.allCases)
    func classes(kind: EndAnswer.OutOfMemory.Class) throws {
        let answer = EndAnswer(id: Self.id, outOfMemory: .init(kind, evidence: []), thrashing: true)
        var body = ByteBuffer()
        answer.write(into: &body)
        #expect(try EndAnswer(parsing: body) == answer)
    }

    @Test("with a class that is not known yet are still out of memory")
    func unknownClass() throws {
        let body = ByteBuffer(string: #"{"id":"6650f1a2-1f","oom":{"class":"of_the_future","evidence":[]}}"#)
        #expect(try EndAnswer(parsing: body).outOfMemory?.kind == .unknown)
    }
}

@Suite("Refusals")
struct ErrorAnswerTests {
    @Test("read back with code and message", arguments: ErrorAnswer.Code.allCases)
    func roundTrip(code: ErrorAnswer.Code) throws {
        let answer = ErrorAnswer(code, "give \"it\"\nonce")
        var body = ByteBuffer()
        answer.write(into: &body)
        #expect(try ErrorAnswer(parsing: body) == answer)
        #expect((400...599).contains(code.status))
    }

    @Test("are this document")
    func golden() {
        #expect(
            text { ErrorAnswer(.notFound, "m").write(into: &$0) } == #"{"error":{"code":"not_found","message":"m"}}"#
        )
    }

    @Test("with a code that is not known yet mean that there is no agent to count on")
    func unknownCode() throws {
        let body = ByteBuffer(string: #"{"error":{"code":"of_the_future","message":"m"}}"#)
        #expect(try ErrorAnswer(parsing: body).code == .unavailable)
    }

    @Test("are refused when they are none", arguments: ["", "{}", #"{"error":"x"}"#, #"{"error":{"message":"m"}}"#])
    func bad(body: String) {
        #expect(throws: JSONError.self) { try ErrorAnswer(parsing: ByteBuffer(string: body)) }
    }
}
