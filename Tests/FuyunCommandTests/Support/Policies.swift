/// Policy documents for tests.
enum Policies {
    /// A good one; all of its steps change something.
    static let watermark = """
        {
          "schema": "fuyun.policy/v1",
          "metadata": {"policy_id": "guest/watermark", "version": 3, "status": "active"},
          "inputs": {
            "source": "payload",
            "variables": [
              {"name": "width", "type": "integer", "unit": "px", "range": [1, 16384]},
              {"name": "height", "type": "integer", "unit": "px", "range": [1, 16384]},
              {"name": "seconds", "type": "number", "unit": "s", "range": [0, 7200]},
              {"name": "size", "type": "integer", "unit": "bytes", "range": [0, 1e12]}
            ],
            "mapping": {
              "width": {"json": "/object/width"},
              "height": {"json": "/object/height"},
              "seconds": {"number_of": "/object/seconds", "default": 10},
              "size": {"header": "X-Size"}
            }
          },
          "logic": {
            "type": "linear",
            "terms": {"frames": "width * height * 3 * min(seconds, 30)", "size": "size"},
            "coefficients": {"base": 42000000, "frames": 1.5, "size": 2}
          },
          "safety": {
            "headroom": 0.05,
            "bounds": {"min": 33554432, "max": 1073741824},
            "tier_bytes": 1048576,
            "calibration": {"offset_bytes": 1000000, "scale": 0.02}
          }
        }
        """

    /// The same as a canary.
    static let canary = watermark.replacing("\"active\"", with: "\"canary\"")

    /// Not good in three ways.
    static let bad = """
        {"schema": "fuyun.policy/v1",
         "metadata": {"policy_id": "guest/f", "version": 0, "status": "actve"},
         "inputs": {"source": "payload", "variables": [], "mapping": {}},
         "logic": {"type": "constant", "coefficients": {"base": 1000000}},
         "safety": {"headroom": 0.05, "colour": 1}}
        """

    /// Good, but not what its writer meant: a variable that nothing uses, without a range.
    static let warned = """
        {"schema": "fuyun.policy/v1",
         "metadata": {"policy_id": "guest/w", "version": 1, "status": "draft"},
         "inputs": {"source": "payload", "variables": [{"name": "n", "type": "integer"}], "mapping": {"n": {"json": "/n"}}},
         "logic": {"type": "constant", "coefficients": {"base": 1000000}},
         "safety": {"headroom": 0.05}}
        """

    /// A payload for the good one.
    static let call = #"{"object": {"width": 1280, "height": 720, "seconds": "12.5", "secret": "hunter2"}}"#
}
