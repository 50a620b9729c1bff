import MemoryUnits
import Testing

@testable import fuyun

struct CommandLineTests {
    @Test(arguments: [
        (["--version"], 0, "0.1.0"),
        (["--help"], 0, "EXIT STATUS"),
        (["policy", "explain", "--help"], 0, "EXAMPLES"),
        (["frobnicate"], 64, "Unexpected argument 'frobnicate'"),
        (["policy", "check"], 64, "Missing expected argument '<files> ...'"),
        (["policy", "check", "-", "-"], 64, "standard input (-) can be read only once"),
        (["policy", "explain", "-", "--payload", "-"], 64, "standard input (-) can be read only once"),
        (["policy", "explain", "p", "--preset", "64Q"], 64, "not a size; write it like 64MiB, 512m or 1073741824"),
        (["policy", "explain", "p", "--minimum", "2g", "--maximum", "1g"], 64, "must not be above --maximum (1 GiB)"),
        (["policy", "explain", "p", "--header", "X-Size"], 64, "a header is written like X-Object-Size=1048576"),
        (["policy", "explain", "p", "--payload-length", "-1"], 64, "--payload-length"),
        (["explain", "4479"], 64, "the id of a call looks like 6650f1a2-1f"),
        (["explain"], 64, "Missing expected argument '<id>'"),
        (["status", "--watch", "0"], 64, "--watch takes 0.1 to 86400 seconds, not 0"),
        (["status", "--colour"], 64, "Unknown option '--colour'"),
    ])
    func usage(arguments: [String], status: Int32, text: String) async throws {
        let run = try await fuyun(arguments)
        #expect(run.status == status)
        #expect(run.errors.contains(text))
    }

    @Test(
        arguments: [
            ("1073741824", 1 << 30), ("512m", 512 << 20), ("64MiB", 64 << 20), ("64 MiB", 64 << 20), ("1.5g", 3 << 29),
            ("2Ki", 2048), ("0", 0), ("10B", 10), ("1T", 1 << 40), ("100kb", 102_400),
        ] as [(String, UInt64)]
    )
    func sizes(text: String, bytes: UInt64) throws {
        #expect(try MemoryUnits.Bytes.size(text).rawValue == bytes)
    }

    @Test(arguments: ["", "m", "-1", "1.2.3", "64Q", "1e9", "99999999999999999999", "99999999t", "١٢", "nan", "0x10"])
    func notSizes(text: String) {
        #expect(throws: (any Error).self) { try MemoryUnits.Bytes.size(text) }
    }
}
