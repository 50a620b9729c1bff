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
                      "gif": {"base": 25511080, "term_x": 1985.369, "term_y": 992525.6},
                      "mark": {"base": 40169440, "term_x": 672.9423},
                      "still": null
                    }
                  },
                  "safety": {
                    "headroom": 0.008333333333333333,
                    "calibration": {
                      "gif": {
                        "offset_bytes": 815088,
                        "scale": 0.03311451,
                        "leverage": [[680017.2], [-689424.3, 158.6589], [-1244242, 33.54869, 205003.5]]
                      },
                      "mark": {
                        "offset_bytes": 736076,
                        "scale": 0.03429353,
                        "leverage": [[902524.2], [-1630110, 370.8543]]
                      }
                    },
                    "rescue": {
                      "headroom": 0,
                      "calibration": {
                        "gif": {
                          "offset_bytes": 812254,
                          "scale": 0.03216972,
                          "leverage": [[332663], [-337461.8, 77.59004], [-608890.7, 16.42839, 100287.4]]
                        },
                        "mark": {
                          "offset_bytes": 733047,
                          "scale": 0.03003717,
                          "leverage": [[392926.6], [-709695.2, 161.4565]]
                        }
                      }
                    }
                  }
                }

                """
        )
    }
}
