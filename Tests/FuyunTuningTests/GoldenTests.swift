import FuyunPolicy
import FuyunTuning
import MemoryUnits
import Testing

@testable import FuyunTuning

/// Whole documents, as they travel.
@Suite struct GoldenTests {
    @Test(arguments: [
        (0, 0), (1, 1), (123_456_789, 123_456_800), (1.234567891, 1.234568), (1.2345671e-9, 1.234568e-9),
        (99_999_999, 100_000_000), (0.1, 0.1), (2e300, 2e300),
    ])
    func sevenDigits(_ value: Double, _ expected: Double) {
        #expect(Decimal.up(value) == expected)
        #expect(Decimal.nearest(-value) >= -expected && Decimal.up(value) >= value)
    }

    @Test func aProposal() throws {
        let draft = document(
            [law("gif", base: 20e6, x: 1000, y: 5), law("mark", base: 30e6, x: 500), law("still", x: 1)],
            select: ["gif", "mark", "still"]
        )
        var samples = (1...12).map { index in
            let (x, y) = (Double(index * index * 100), Double((index * 7) % 12))
            return Sample(x: x, y: y, op: "gif", need: 25e6 + 2000 * x + 1e6 * y + Double(index % 3) * 4e5)
        }
        samples += (1...8).map {
            Sample(x: Double($0) * 1000, op: "mark", need: 40e6 + 700e3 * Double($0) + 1e5 * Double($0 % 2))
        }
        samples.append(Sample(x: 5, op: "still", need: 12e6))
        let proposal = try #require(
            Tuner.tune(TuningProblem(skeletons: [draft], samples: samples, grant: everything)).proposal
        )
        let text = String(decoding: proposal.encoded(), as: UTF8.self)
        #expect(
            text == """
                {
                  "schema": "fuyun.policy/v1",
                  "metadata": {
                    "policy_id": "guest/f",
                    "version": 1,
                    "status": "shadow",
                    "origin": {"kind": "tuner"}
                  },
                  "inputs": {
                    "source": "payload",
                    "variables": [
                      {"name": "x", "type": "number", "range": [0, 1000000000000]},
                      {"name": "y", "type": "number", "range": [0, 1000000000000]},
                      {"name": "op", "type": "category", "values": ["gif", "mark", "still"]}
                    ],
                    "mapping": {"x": {"json": "/x"}, "y": {"json": "/y"}, "op": {"json": "/op"}}
                  },
                  "logic": {
                    "type": "linear",
                    "select": "op",
                    "terms": {
                      "gif": {"term_x": "x", "term_y": "y"},
                      "mark": {"term_x": "x"},
                      "still": {"term_x": "x"}
                    },
                    "coefficients": {
                      "gif": {"base": 25510950, "term_x": 1985.377, "term_y": 992543.8},
                      "mark": {"base": 40169440, "term_x": 672.9423},
                      "still": null
                    }
                  },
                  "safety": {
                    "headroom": 0.008333333333333333,
                    "calibration": {
                      "gif": {
                        "offset_bytes": 828588,
                        "scale": 0.03357864,
                        "leverage": [[685977.7], [-695525.3, 160.0404], [-1255200, 33.84744, 206797.8]]
                      },
                      "mark": {
                        "offset_bytes": 737859,
                        "scale": 0.03436764,
                        "leverage": [[903508.7], [-1631888, 371.2588]]
                      }
                    },
                    "rescue": {
                      "headroom": 0,
                      "calibration": {
                        "gif": {
                          "offset_bytes": 822044,
                          "scale": 0.03219195,
                          "leverage": [[334411.1], [-339558.9, 77.94458], [-612369.6, 16.54061, 100797.1]]
                        },
                        "mark": {
                          "offset_bytes": 734822,
                          "scale": 0.03011099,
                          "leverage": [[393887.1], [-711430, 161.8512]]
                        }
                      }
                    }
                  }
                }

                """
        )
    }
}
