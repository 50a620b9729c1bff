import FuyunPolicy
import Testing

@testable import fuyun

struct PolicyExplainTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory([
            "p.json": Policies.watermark, "canary.json": Policies.canary, "bad.json": Policies.bad,
            "call.json": Policies.call,
        ])
    }

    private func explain(_ arguments: String..., width: Int? = nil, input: String? = nil) async throws -> Recording {
        let paths = arguments.map { $0.hasSuffix(".json") ? directory.file($0) : $0 }
        return try await fuyun(["policy", "explain"] + paths, width: width, input: input)
    }

    @Test func everyStepIsShown() async throws {
        let run = try await explain("p.json", "--payload", "call.json", "--header", "x-size=1000000")
        #expect(run.status == 0)
        // frames: 1280 × 720 × 3 × 12.5 = 34560000, × 1.5 = 51840000; size: 2000000; + 42000000 = 95840000;
        // × 1.02 + 1000000 = 98756800; × 1.05 = 103694640; up to a multiple of 1 MiB = 103809024.
        #expect(
            run.output == """
                guest/watermark  version 3, active: linear
                payload: 82 bytes, read as far as needed

                VARIABLE    VALUE  UNIT   STATE  SOURCE
                width        1280  px     value  json /object/width
                height        720  px     value  json /object/height
                seconds      12.5  s      value  number_of /object/seconds
                size      1000000  bytes  value  header X-Size

                TERM    EXPRESSION                             VALUE OF X  LAW         BYTES
                base                                                                42000000
                frames  width * height * 3 * min(seconds, 30)    34560000  1.5 × x  51840000
                size    size                                      1000000  2 × x     2000000

                STEP           BYTES            HOW
                predicted   95840000  91.3 MiB  base + terms
                bound       98756800  94.1 MiB  calibration: × (1 + 0.02) + 1000000
                headroom   103694640  98.8 MiB  + 5 %
                clip       103694640  98.8 MiB  within 32 MiB … 1 GiB
                tier       103809024    99 MiB  rounded up to a multiple of 1 MiB
                limit      103809024    99 MiB

                The policy's formula decided.
                Active: agents let it decide for every call.

                """
        )
    }

    @Test func whyThePresetApplies() async throws {
        let run = try await explain(
            "p.json",
            "--payload",
            "-",
            "--preset",
            "512m",
            input: "{\"object\": {\"width\": 0}}"
        )
        #expect(run.status == 0)
        #expect(
            run.output == """
                guest/watermark  version 3, active: linear
                payload: 24 bytes, read as far as needed

                VARIABLE  VALUE  UNIT   STATE         SOURCE
                width         0  px     out_of_range  json /object/width
                height        -  px     missing       json /object/height
                seconds      10  s      defaulted     number_of /object/seconds
                size          -  bytes  missing       header X-Size

                TERM    EXPRESSION                             VALUE OF X  LAW         BYTES
                base                                                                42000000
                frames  width * height * 3 * min(seconds, 30)           -  1.5 × x         -
                size    size                                            -  2 × x           -

                STEP       BYTES           HOW
                limit  536870912  512 MiB  the preset: out_of_range

                The payload's "width" is outside the declared range; the preset applies. Widen the range if the formula holds there.
                Active: agents let it decide for every call.

                """
        )
    }

    @Test(arguments: [
        (["--minimum", "128MiB"], 134_217_728), (["--maximum", "64m"], 67_108_864), (["--tier", "64m"], 134_217_728),
        (["--minimum", "2g"], 2_147_483_648),
    ])
    func theOperatorsBoundsWin(options: [String], limit: Double) async throws {
        let arguments = ["--payload", directory.file("call.json"), "--header", "X-Size=0", "--json"] + options
        let run = try await fuyun(["policy", "explain", directory.file("p.json")] + arguments)
        let json = try JSONDocument.parse(Array(run.output.utf8)).root
        #expect(json["limit_bytes"]?.number == limit)
    }

    @Test func jsonForPrograms() async throws {
        let run = try await explain("p.json", "--payload", "call.json", "--header", "X-Size=1000000", "--json")
        let json = try JSONDocument.parse(Array(run.output.utf8)).root
        #expect(json["policy_id"]?.text == "guest/watermark")
        #expect(json["mode"]?.text == "enforce")
        #expect(json["variables"]?.elements.map { $0["value"]?.number } == [1280, 720, 12.5, 1_000_000])
        #expect(json["terms"]?.elements.map { $0["bytes"]?.number } == [51_840_000, 2_000_000])
        #expect(json["steps"]?.elements.map { $0["step"]?.text } == ["predicted", "bound", "headroom", "clip", "tier"])
        #expect(json["maximum_bytes"]?.number == 1_073_741_824)
        #expect(json["reason"]?.text == "policy")
    }

    @Test func payloadsAreNeverShown() async throws {
        for option in ["--json", "--no-color"] {
            let run = try await explain("p.json", "--payload", "call.json", option)
            #expect(!run.output.contains("hunter2") && !run.errors.contains("hunter2"))
        }
    }

    @Test func onlyTheFirstMebibyteCounts() async throws {
        let filling = String(repeating: "x", count: 1 << 20)
        try directory.write(
            "{\"filling\": \"\(filling)\", \"object\": {\"width\": 1, \"height\": 1}}",
            to: "large.json"
        )
        let run = try await explain("p.json", "--payload", "large.json", "--header", "X-Size=0")
        #expect(run.output.contains("payload: the first 1048576 of 1048628 bytes, read to where it is cut"))
        #expect(run.output.contains("the preset: truncated_payload"))
    }

    @Test func aCutPayloadHasItsTrueLength() async throws {
        let run = try await explain(
            "p.json",
            "--payload",
            "call.json",
            "--payload-length",
            "5000000",
            "--header",
            "X-Size=0"
        )
        #expect(run.output.contains("payload: the first 82 of 5000000 bytes"))
        let short = try await explain("p.json", "--payload", "call.json", "--payload-length", "5")
        #expect(short.status == 1)
        #expect(short.errors.hasPrefix("fuyun: --payload-length is 5, but the payload has 82 bytes"))
    }

    @Test func canariesAreToldByTheActivation() async throws {
        var modes: Set<String> = []
        for activation in 0..<40 {
            let run = try await explain("canary.json", "--activation", "a\(activation)", "--json")
            let json = try JSONDocument.parse(Array(run.output.utf8)).root
            modes.insert(json["mode"]?.text ?? "")
        }
        #expect(modes == ["canary", "shadow"])
        let open = try await explain("canary.json")
        #expect(open.output.contains("A canary: it decides for 10 % of the calls"))
    }

    @Test func aBadPolicyDecidesNothing() async throws {
        let run = try await explain("bad.json")
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("fuyun: the policy has errors, so it decides nothing:\n  "))
        #expect(run.errors.contains("bad.json:2:39: error: $.metadata.version: "))
    }

    @Test func narrowTerminalsLoseNoFigures() async throws {
        let run = try await explain("p.json", "--payload", "call.json", "--header", "X-Size=1000000", width: 60)
        for figure in ["34560000", "51840000", "42000000", "103694640", "103809024"] {
            #expect(run.output.contains(figure))
        }
        #expect(run.output.split(separator: "\n").allSatisfy { $0.count <= 60 })
    }
}
