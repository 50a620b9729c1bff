import FuyunPolicy
import FuyunProtocol
import MemoryUnits
import NIOCore
import Testing

@Suite("Answers to observations")
struct ObservationsAnswerTests {
    @Test("are this document")
    func golden() throws {
        let answer = ObservationsAnswer(
            stored: 3,
            duplicates: 2,
            sampling: .init(standard: 1, functions: ["guest/g": 0.05, "guest/f": 0])
        )
        let written = text { answer.write(into: &$0) }
        #expect(
            written
                == #"{"stored":3,"duplicates":2,"sampling":{"default":1,"functions":{"guest/f":0,"guest/g":0.05}}}"#
        )
        #expect(try ObservationsAnswer(parsing: ByteBuffer(string: written)) == answer)
        #expect(answer.sampling.share(of: "guest/g") == 0.05)
        #expect(answer.sampling.share(of: "guest/x") == 1)
    }

    @Test("without rates mean everything")
    func lenient() throws {
        let answer = try ObservationsAnswer(parsing: ByteBuffer(string: #"{"stored":1,"duplicates":0,"new":[1]}"#))
        #expect(answer == ObservationsAnswer(stored: 1, duplicates: 0))
    }

    @Test(
        "are refused when they are none",
        arguments: [
            "", "null", "{}", #"{"stored":1}"#, #"{"stored":-1,"duplicates":0}"#, #"{"stored":1,"duplicates":0}}"#,
            #"{"stored":1,"duplicates":0,"sampling":{"default":1.5}}"#,
            #"{"stored":1,"duplicates":0,"sampling":{"functions":{"f":-0.1}}}"#,
            #"{"stored":1,"duplicates":0,"sampling":{"functions":{"f":"all"}}}"#,
        ]
    )
    func bad(body: String) {
        #expect(throws: JSONError.self) { try ObservationsAnswer(parsing: ByteBuffer(string: body)) }
    }
}

@Suite("Answers with policies")
struct PoliciesAnswerTests {
    static let document = #"{"schema":"fuyun.policy/v1","a":["]",{"b":"}\""}]}"#

    @Test("are this document")
    func golden() throws {
        let answer = PoliciesAnswer(
            revision: 12,
            isFull: true,
            modeCap: .canary,
            functions: [
                .init(
                    name: "guest/f",
                    modeCap: .observe,
                    preset: .mebibytes(256),
                    minimum: nil,
                    maximum: .mebibytes(512),
                    tier: .mebibytes(1),
                    documents: [Array(Self.document.utf8), Array("{}".utf8)]
                ), .init(name: "guest/gone"),
            ]
        )
        let written = text { answer.write(into: &$0) }
        #expect(
            written == #"{"schema":"fuyun.policies/v1","revision":12,"full":true,"mode_cap":"canary","functions":["#
                + #"{"function":"guest/f","mode_cap":"observe","preset_bytes":268435456,"minimum_bytes":null,"#
                + #""maximum_bytes":536870912,"tier_bytes":1048576,"policies":[\#(Self.document),{}]},"#
                + #"{"function":"guest/gone","mode_cap":"enforce","preset_bytes":null,"minimum_bytes":null,"#
                + #""maximum_bytes":null,"tier_bytes":null,"policies":[]}]}"#
        )
        #expect(try PoliciesAnswer(parsing: ByteBuffer(string: written)) == answer)
    }

    @Test("carry a document as it was encoded")
    func encoded() throws {
        let document = PolicyDocument(
            metadata: PolicyMetadata(policyID: "guest/f", version: 2, status: .active),
            inputs: PolicyInputs(source: .payload, variables: []),
            logic: PolicyLogic(
                family: .constant,
                laws: [PolicyLaw(base: 42_000_000, terms: [])]
            ),
            safety: PolicySafety(headroom: 0.05)
        )
        let answer = PoliciesAnswer(
            revision: 1,
            isFull: false,
            functions: [.init(name: "guest/f", documents: [document.encoded()])]
        )
        var body = ByteBuffer()
        answer.write(into: &body)
        let read = try PoliciesAnswer(parsing: body)
        let compiled = PolicyCompiler.compile(try #require(read.functions.first?.documents.first))
        #expect(compiled.errors.isEmpty)
        #expect(compiled.document == document)
    }

    @Test("when nothing changed name no function")
    func unchanged() throws {
        let body =
            #"{"schema":"fuyun.policies/v1","revision":4,"full":false,"mode_cap":"enforce","functions":[],"x":{}}"#
        #expect(try PoliciesAnswer(parsing: ByteBuffer(string: body)) == PoliciesAnswer(revision: 4, isFull: false))
    }

    @Test(
        "are refused when they are none",
        arguments: [
            "", "{}", "[]",
            #"{"schema":"fuyun.policies/v2","revision":4,"full":false,"mode_cap":"enforce","functions":[]}"#,
            #"{"schema":"fuyun.policies/v1","revision":-4,"full":false,"mode_cap":"enforce","functions":[]}"#,
            #"{"schema":"fuyun.policies/v1","revision":4,"full":0,"mode_cap":"enforce","functions":[]}"#,
            #"{"schema":"fuyun.policies/v1","revision":4,"full":false,"mode_cap":"full","functions":[]}"#,
            #"{"schema":"fuyun.policies/v1","revision":4,"full":false,"mode_cap":"enforce"}"#,
            #"{"schema":"fuyun.policies/v1","revision":4,"full":false,"mode_cap":"enforce","functions":[{"policies":[]}]}"#,
            #"{"schema":"fuyun.policies/v1","revision":4,"full":false,"mode_cap":"enforce","functions":[{"function":"f"}]}"#,
            #"{"schema":"fuyun.policies/v1","revision":4,"full":false,"mode_cap":"enforce","#
                + #""functions":[{"function":"a b","policies":[]}]}"#,
            #"{"schema":"fuyun.policies/v1","revision":4,"full":false,"mode_cap":"enforce","#
                + #""functions":[{"function":"f","policies":[1,2,3,4,5,6,7,8,9]}]}"#,
        ]
    )
    func bad(body: String) {
        #expect(throws: JSONError.self) { try PoliciesAnswer(parsing: ByteBuffer(string: body)) }
    }
}
