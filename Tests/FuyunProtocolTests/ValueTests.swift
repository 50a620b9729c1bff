import FuyunProtocol
import NIOCore
import Testing

@Suite("Invocation ids")
struct InvocationIDTests {
    @Test(
        "write as they read",
        arguments: [
            ("6650f1a2-1f", 0x6650_F1A2, 0x1F), ("00000000-0", 0, 0), ("ffffffff-ffffffffffffffff", .max, .max),
            ("0000000a-10", 10, 16),
        ] as [(String, UInt32, UInt64)]
    )
    func good(text: String, epoch: UInt32, sequence: UInt64) {
        let id = InvocationID(epoch: epoch, sequence: sequence)
        #expect(InvocationID(text) == id)
        #expect(id.description == text)
        var buffer = ByteBuffer()
        id.write(into: &buffer)
        #expect(String(buffer: buffer) == text)
    }

    @Test(
        "are refused in any other form",
        arguments: [
            "", "6650f1a2", "6650f1a2-", "6650f1a21f", "6650F1A2-1f", "6650f1a2-01", "6650f1a2-00", "6650f1a-1f0",
            "6650f1a2-1g",
            "6650f1a2-11111111111111111", " 6650f1a2-1f", "6650f1a2-1f ", "6650f1a2--1", "6650f1a2-é",
        ]
    )
    func bad(text: String) { #expect(InvocationID(text) == nil) }
}

@Suite("Deadlines")
struct DeadlineTests {
    @Test(
        "are milliseconds with a fraction",
        arguments: [
            ("0", 0), ("1769000000123", 1_769_000_000_123_000_000), ("1769000000123.5", 1_769_000_000_123_500_000),
            ("1.000001", 1_000_001), ("1.0000019", 1_000_001), ("0.25", 250_000), ("007", 7_000_000),
            ("9223372036854.775807", .max),
        ] as [(String, Int64)]
    )
    func good(text: String, nanoseconds: Int64) { #expect(Deadline(text)?.nanosecondsSinceEpoch == nanoseconds) }

    @Test(
        "are refused in any other form",
        arguments: [
            "", ".", "1.", ".5", "-1", "+1", "1e3", "1..2", "1.2.3", " 1", "1 ", "0x1", "nan", "9223372036855",
            "9223372036854.775808", "99999999999999999999999999999999999999999",
        ]
    )
    func bad(text: String) { #expect(Deadline(text) == nil) }

    @Test("read back as they were written")
    func roundTrip() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<5_000 {
            let deadline = Deadline(nanosecondsSinceEpoch: Int64.random(in: 0...Int64.max, using: &generator))
            #expect(Deadline(deadline.description) == deadline)
        }
    }

    @Test("add durations and end at their bounds")
    func sum() {
        let start = Deadline(nanosecondsSinceEpoch: 1_000_000)
        #expect((start + .milliseconds(5)).description == "6")
        #expect((start + .milliseconds(-5)).description == "0")
        #expect((start + .seconds(Int64.max)).nanosecondsSinceEpoch == .max)
        #expect(start < start + .nanoseconds(1))
    }
}

@Suite("Routes")
struct RouteTests {
    @Test(
        "read as they are written",
        arguments: [
            .invocations, .functions, .containers, .status, .metrics, .healthz, .readyz,
            .end(InvocationID(epoch: 1, sequence: 2)), .explain(InvocationID(epoch: .max, sequence: .max)),
        ] as [Route]
    )
    func good(route: Route) throws {
        #expect(try Route(target: route.path) == route)
        #expect(try Route(target: route.path + "?x=/y") == route)
    }

    @Test(
        "are refused",
        arguments: [
            ("", .notFound), ("/", .notFound), ("/v1", .notFound), ("/v1/invocations/", .notFound),
            ("/v1/invocations/00000001-2", .notFound), ("/v1/invocations/00000001-2/", .notFound),
            ("/v1/invocations/00000001-2/end/", .notFound), ("/v1/invocations//end", .unknownInvocation),
            ("/v1/invocations/1-2/end", .unknownInvocation), ("/metrics/", .notFound), ("/METRICS", .notFound),
        ] as [(String, ErrorAnswer.Code)]
    )
    func bad(target: String, code: ErrorAnswer.Code) {
        #expect(refusal { () throws(ErrorAnswer) in _ = try Route(target: target) } == code)
    }
}
