/// What the node under test looks like, and what it is asked: names, a policy, a payload, a request.
public enum Sample {
    /// Where containers are.
    static let slice = "machine.slice"

    /// The scope of a container, as podman with crun makes it.
    static func scope(_ index: Int) -> String {
        let digits = String(index, radix: 16)
        return "\(slice)/libpod-\(String(repeating: "0", count: 64 - digits.count))\(digits).scope"
    }

    /// The cgroup of its processes.
    public static func container(_ index: Int) -> String { scope(index) + "/container" }

    /// A function's name.
    public static func function(_ index: Int) -> String { "bench/f-\(index)" }

    /// A policy of the size that people write: five inputs, two laws, everything optional in use.
    static func policy(_ index: Int) -> String {
        """
        {
          "schema": "fuyun.policy/v1",
          "metadata": {
            "policy_id": "\(function(index))", "version": 3, "status": "active", "supersedes": 2,
            "origin": {"kind": "manual"}, "updated_at": "2026-01-31T12:00:00Z"
          },
          "inputs": {
            "source": "payload",
            "variables": [
              {"name": "width", "type": "integer", "unit": "px", "range": [1, 16384]},
              {"name": "height", "type": "integer", "unit": "px", "range": [1, 16384]},
              {"name": "fps", "type": "number", "range": [1, 240]},
              {"name": "duration", "type": "number", "unit": "s", "range": [0, 3600]},
              {"name": "op", "type": "category", "values": ["gif", "watermark"]}
            ],
            "mapping": {
              "width": {"json": "/object/width"},
              "height": {"json": "/object/height"},
              "fps": {"number_of": "/object/fps", "default": 30},
              "duration": {"json": "/object/duration"},
              "op": {"json": "/op", "default": "watermark"}
            }
          },
          "logic": {
            "type": "linear",
            "select": "op",
            "terms": {
              "gif": {"pixels": "width * height"},
              "watermark": {"frames": "width * height * 3 * min(fps * duration, 30)"}
            },
            "coefficients": {
              "gif": {"base": 30000000, "pixels": 8},
              "watermark": {"base": 42000000, "frames": 1.3}
            },
            "decision_rationale": "a gif keeps one picture, a watermark thirty"
          },
          "safety": {
            "headroom": 0.05, "bounds": {"min": 33554432, "max": 2147483648}, "tier_bytes": 1048576,
            "calibration": {"offset_bytes": 1000000, "scale": 0.1}
          }
        }
        """
    }

    /// A payload of exactly so many bytes (at least 256); what the policy asks for is at its end.
    public static func payload(bytes: Int = 1024) -> [UInt8] {
        let tail = """
            ","op":"watermark","object":{"name":"clip.mp4","width":1280,"height":720,"fps":"30000/1001","duration":12.5}}
            """
        let head = #"{"bucket":"videos","tags":["night","4k",{"n":[1,2,3]}],"token":""#
        let room = bytes - head.utf8.count - tail.utf8.count
        return Array((head + String(repeating: "c", count: room) + tail).utf8)
    }

    /// The whole request of a begin.
    public static func begin(function index: Int = 0, payload: [UInt8] = Sample.payload()) -> [UInt8] {
        let head = """
            POST /v1/invocations HTTP/1.1\r
            Host: fuyun\r
            Fuyun-Function: \(function(index))\r
            Fuyun-Activation: 4b1c0d5e8f2a4d6c9e7f1a2b3c4d5e6f\r
            Content-Length: \(payload.count)\r
            \r

            """
        return Array(head.utf8) + payload
    }

    /// A call as a platform sends it to a function.
    public static func call(payload: [UInt8] = Sample.payload()) -> [UInt8] {
        let head = """
            POST / HTTP/1.1\r
            Host: function\r
            Content-Type: application/json\r
            Content-Length: \(payload.count)\r
            \r

            """
        return Array(head.utf8) + payload
    }

    /// A request without a body.
    public static func get(_ target: String) -> [UInt8] { Array("GET \(target) HTTP/1.1\r\nHost: fuyun\r\n\r\n".utf8) }
}
