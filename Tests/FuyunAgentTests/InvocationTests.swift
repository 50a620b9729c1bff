import FuyunClient
import FuyunPolicy
import FuyunProtocol
import FuyunTestSupport
import MemoryUnits
import NIOCore
import Testing

@Suite("Invocations, from the socket to the limit and back")
struct InvocationTests {
    @Test("the limit is in place when begin is answered, and the ceiling is back when end is")
    func limitAndCeiling() async throws {
        try await Fixture.with { fixture in
            let connection = try fixture.connect()
            let begun = try await connection.begin(
                BeginRequest(function: "guest/f", activation: "a1"), payload: ByteBuffer(string: #"{"n":60000000}"#))
            let limit = try fixture.limit()
            #expect(begun.limit == Bytes(100_663_296))
            #expect(limit == "100663296")
            #expect(begun.applied)
            #expect(begun.mode == .enforce)
            #expect(begun.decision?.predicted == Bytes(100_000_000))
            #expect(begun.decision?.features == [.init("n", .number(60_000_000))])
            let ended = try await connection.end(begun.id, EndRequest(outcome: .success))
            #expect(ended.known)
            #expect(ended.limit == Bytes(100_663_296))
            #expect(ended.outOfMemory == nil)
            #expect(try fixture.limit() == "\(Fixture.ceiling.rawValue)")
            let line = try await fixture.observations(1)[0]
            #expect(line.contains(#""function":"guest/f""#))
            #expect(line.contains(#""activation":"a1""#))
            #expect(line.contains(#""outcome":"success""#))
        }
    }
}
