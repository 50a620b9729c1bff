import Cgroup
import FuyunInvocation
import FuyunPolicy
import MemoryUnits
import Testing

@Suite("Observations")
struct ObservationTests {
    struct Need: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var resident: UInt64 = 50
        var peak: PeakReading?
        var limits: (low: Bytes, high: Bytes) = (.mebibytes(100), .mebibytes(100))
        var succeeded = true
        var verdict = OOMVerdict.none
        var expected: NeedInterval
    }

    static let needs: [Need] = [
        Need(
            testDescription: "success: between use and peak",
            peak: .window(.mebibytes(80)),
            expected: NeedInterval(lower: .mebibytes(50), upper: .mebibytes(80))
        ),
        Need(
            testDescription: "success with a peak at the limit: at most the limit",
            peak: .window(.mebibytes(101)),
            expected: NeedInterval(lower: .mebibytes(50), upper: .mebibytes(100))
        ),
        Need(
            testDescription: "raised on the way: at most the widest limit",
            peak: .window(.mebibytes(150)),
            limits: (.mebibytes(100), .mebibytes(160)),
            expected: NeedInterval(lower: .mebibytes(50), upper: .mebibytes(150))
        ),
        Need(
            testDescription: "a lifetime peak bounds too",
            peak: .lifetime(.mebibytes(90), atBegin: .mebibytes(90)),
            expected: NeedInterval(lower: .mebibytes(50), upper: .mebibytes(90))
        ),
        Need(
            testDescription: "samples bound nothing from above",
            peak: .sampled(.mebibytes(60)),
            expected: NeedInterval(lower: .mebibytes(50), upper: .mebibytes(100))
        ),
        Need(
            testDescription: "no limit and no peak",
            limits: (.max, .max),
            expected: NeedInterval(lower: .mebibytes(50), upper: nil)
        ),
        Need(
            testDescription: "statistics ahead of the counter",
            resident: 81,
            peak: .window(.mebibytes(80)),
            expected: NeedInterval(lower: .mebibytes(80), upper: .mebibytes(80))
        ),
        Need(
            testDescription: "own limit: more than the limit",
            peak: .window(.mebibytes(100)),
            succeeded: false,
            verdict: OOMVerdict(.ownLimit, ownLimitExceeded: true),
            expected: NeedInterval(lower: .mebibytes(100), upper: nil, isCensored: true)
        ),
        Need(
            testDescription: "a child killed in a call that succeeded",
            peak: .window(.mebibytes(100)),
            verdict: OOMVerdict(.childOnly, ownLimitExceeded: true),
            expected: NeedInterval(lower: .mebibytes(100), upper: nil, isCensored: true)
        ),
        Need(
            testDescription: "own limit, raised on the way: more than the tightest",
            limits: (.mebibytes(100), .mebibytes(160)),
            succeeded: false,
            verdict: OOMVerdict(.ownLimit, ownLimitExceeded: true),
            expected: NeedInterval(lower: .mebibytes(100), upper: nil, isCensored: true)
        ),
        Need(
            testDescription: "an ancestor's limit says nothing of ours",
            peak: .window(.mebibytes(90)),
            succeeded: false,
            verdict: OOMVerdict(.ancestorLimit),
            expected: NeedInterval(lower: .mebibytes(50), upper: nil, isCensored: true)
        ),
        Need(
            testDescription: "an error may have come before the memory was needed",
            peak: .window(.mebibytes(80)),
            succeeded: false,
            expected: NeedInterval(lower: .mebibytes(50), upper: nil)
        ),
    ]

    @Test("need is an interval", arguments: needs)
    func need(row: Need) {
        let interval = NeedInterval(
            highestResident: .mebibytes(row.resident),
            peak: row.peak,
            lowestLimit: row.limits.low,
            highestLimit: row.limits.high,
            succeeded: row.succeeded,
            verdict: row.verdict
        )
        #expect(interval == row.expected)
    }

    @Test("an invocation's whole observation as a line of JSON")
    func golden() throws {
        var driver = Driver(reading: Self.reading(heap: 20, max: 4, kills: 0, stalled: 10))
        let begin = BeginFacts(
            id: InvocationID(epoch: 0x6650_f1a2, sequence: 17),
            activation: "44\"79\\\u{1}é",
            function: "guest/video",
            claimant: .platform,
            decision: DecisionRecord(
                Decision(
                    limit: .mebibytes(100),
                    predicted: .mebibytes(80),
                    bound: .mebibytes(90),
                    inputPart: .mebibytes(60),
                    headroom: 0.05,
                    reason: .policy,
                    law: 1,
                    adjustments: [.snappedUp]
                ),
                policyVersion: 3
            ),
            mode: .enforce,
            shadow: DecisionRecord(
                Decision(limit: .mebibytes(64), reason: .missingFeature, variable: 2),
                policyVersion: 4
            ),
            features: RecordedFeatures(
                [.init("width"), .init("ratio"), .init("fps"), .init("op", words: ["gif", "wa\"ter"])]
            ) { [1280, 0.1, nil, 1][$0] },
            time: .milliseconds(1_000),
            epochMilliseconds: 1_769_000_000_000,
            reading: MeterReading(current: .mebibytes(30))
        )
        _ = driver.ledger.began(begin)
        driver.ledger.sampled(.use(heap: 70))
        let end = driver.ledger.ended(
            EndFacts(
                id: begin.id,
                outcome: .crashed,
                exitStatus: 137,
                reportedDuration: .microseconds(12_050),
                time: .milliseconds(1_500),
                epochMilliseconds: 1_769_000_000_500,
                peak: .window(.mebibytes(100)),
                reading: Self.reading(heap: 25, max: 34, kills: 1, stalled: 35),
                populated: true
            )
        )
        var line: [UInt8] = Array("kept\n".utf8)
        try #require(end).observation.appendJSONLine(to: &line)
        #expect(String(decoding: line, as: UTF8.self) == "kept\n" + Self.goldenLine + "\n")
    }

    static func reading(heap: UInt64, max: UInt64, kills: UInt64, stalled: Int64) -> MeterReading {
        var reading = MeterReading.use(heap: heap)
        reading.events = MemoryEvents(low: 0, max: max, oom: kills, oomKill: kills)
        reading.localEvents = reading.events
        reading.pressure = PressureStall(some: .milliseconds(stalled), full: .microseconds(stalled * 500))
        return reading
    }

    static let goldenLine = [
        #"{"schema":"fuyun.observation/v1","id":"6650f1a2-11","function":"guest/video","#,
        #""activation":"44\"79\\\u0001é","container":7,"cgroup":"/faas/c1","began_ms":1769000000000,"#,
        #""ended_ms":1769000000500,"duration_ms":500,"reported_duration_ms":12.05,"known":true,"mode":"enforce","#,
        #""reason":"policy","decision":{"reason":"policy","policy_version":3,"predicted_bytes":83886080,"#,
        #""bound_bytes":94371840,"input_bytes":62914560,"headroom":0.05,"limit_bytes":104857600,"variable":null,"#,
        #""law":1,"adjustments":["snapped_up"]},"shadow":{"reason":"missing_feature","policy_version":4,"#,
        #""predicted_bytes":null,"bound_bytes":null,"input_bytes":67108864,"headroom":0,"limit_bytes":67108864,"#,
        #""variable":2,"law":0,"adjustments":[]},"features":{"width":1280,"ratio":0.1,"fps":null,"op":"wa\"ter"},"#,
        #""limit_bytes":104857600,"lowest_limit_bytes":104857600,"highest_limit_bytes":104857600,"#,
        #""ceiling_bytes":536870912,"held":false,"peak_bytes":104857600,"peak_method":"window","peak_exact":true,"#,
        #""resident_start_bytes":20971520,"resident_end_bytes":26214400,"resident_highest_bytes":73400320,"#,
        #""need":{"lower_bytes":104857600,"upper_bytes":null,"censored":true},"events":{"low":0,"high":null,"#,
        #""max":30,"oom":1,"oom_kill":1,"oom_group_kill":null},"local_events":{"low":0,"high":null,"max":30,"#,
        #""oom":1,"oom_kill":1,"oom_group_kill":null},"stall":{"some_ms":25,"full_ms":12.5},"thrashing":false,"#,
        #""limit_hits_per_second":60,"outcome":"crashed","exit_status":137,"http_status":null,"#,
        #""oom":{"class":"own_limit","own_limit_exceeded":true,"evidence":["memory.events oom_kill +1","#,
        #""memory.events.local oom +1","exit status 137 (signal 9)"]},"warm_index":0,"concurrency":1,"#,
        #""shared":false,"overwrites":0,"reasserts":0,"rescues":0}"#,
    ].joined()

    @Test("a call that another run of the agent began is accounted for")
    func unknown() {
        let end = EndFacts(
            id: InvocationID(epoch: 9, sequence: 1),
            outcome: .success,
            time: .milliseconds(1),
            epochMilliseconds: 5
        )
        let observation = Observation.unknown(
            end,
            function: "guest/f",
            activation: nil,
            container: CgroupID(rawValue: 7),
            path: "/faas/c1",
            ceiling: .max
        )
        var line: [UInt8] = []
        observation.appendJSONLine(to: &line)
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.contains(#""known":false"#))
        #expect(text.contains(#""limit_bytes":null"#))
        #expect(text.contains(#""peak_bytes":null"#))
    }

    @Test("a cgroup that is gone leaves what was seen before, but no proof that nothing happened")
    func vanished() {
        var driver = Driver(reading: Self.reading(heap: 20, max: 0, kills: 0, stalled: 0))
        _ = driver.begin(Driver.decision(limit: 100, part: 60))
        driver.ledger.sampled(Self.reading(heap: 90, max: 3, kills: 0, stalled: 0))
        let quiet = driver.end(nil, .abandoned, reading: MeterReading(), vanished: true)
        #expect(quiet?.observation.verdict.oomClass == .unknown)
        #expect(quiet?.observation.highestResident == .mebibytes(90))

        driver = Driver(reading: Self.reading(heap: 20, max: 0, kills: 0, stalled: 0))
        _ = driver.begin(Driver.decision(limit: 100, part: 60))
        driver.ledger.sampled(Self.reading(heap: 90, max: 3, kills: 1, stalled: 0))
        let killed = driver.end(nil, .abandoned, reading: MeterReading(), vanished: true)
        #expect(killed?.observation.verdict.oomClass == .ownLimit)
    }

    @Test("features are bounded and only finite numbers")
    func features() {
        let features = RecordedFeatures((0..<20).map { .init("f\($0)") }) { $0 == 3 ? .infinity : Double($0) }
        #expect(features.count == 16)
        #expect(features[2] == .number(2))
        #expect(features[3] == nil)
        #expect(features[16] == nil)
        #expect(features[-1] == nil)
        #expect(features == features)
        #expect(features != .none)
        let words = RecordedFeatures(["op", "far", "half"].map { .init($0, words: ["a", "b"]) }) { [1, 2, 0.5][$0] }
        #expect((0..<3).map { words[$0] } == [.word("b"), nil, nil])
    }

    @Test("the clock saturates")
    func clock() {
        let late = MonotonicTime(nanoseconds: .max - 5)
        #expect(late.advanced(by: .seconds(9)).nanoseconds == .max)
        #expect(late.advanced(by: .seconds(-9)) == late)
        #expect(MonotonicTime.milliseconds(1).since(.milliseconds(3)) == .zero)
        #expect(MonotonicTime.milliseconds(3).since(.milliseconds(1)) == .milliseconds(2))
    }
}
