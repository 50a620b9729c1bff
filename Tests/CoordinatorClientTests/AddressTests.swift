import CoordinatorClient
import Testing

@Suite("Addresses of coordinators")
struct AddressTests {
    @Test(
        "are read",
        arguments: [
            ("http://127.0.0.1:7070", "127.0.0.1", false, true),
            ("https://fuyun.example.org", "fuyun.example.org", true, false),
            ("https://fuyun.example.org/prefix/", "fuyun.example.org", true, false),
            ("HTTP://localhost/", "localhost", false, true),
            ("http://[::1]:7070", "::1", false, true), ("http://[fe80::1]", "fe80::1", false, false),
        ]
    )
    func good(text: String, host: String, isEncrypted: Bool, isLoopback: Bool) throws {
        let address = try CoordinatorAddress(text)
        #expect(address.host == host)
        #expect(address.isEncrypted == isEncrypted)
        #expect(address.isLoopback == isLoopback)
        #expect(!address.description.hasSuffix("/"))
    }

    @Test(
        "are refused with what was expected",
        arguments: [
            "", "fuyun.example.org", "ftp://host", "http://", "https:///path", "http://host:0", "http://host:65536",
            "http://host:port", "http://a b", "http://host/?query", "http://host/#fragment", "http://user:secret@host",
            "http://[::1", "http://[::1]x", "http://[zz]", "http://hôst", "http://host\r\nX: y",
            "http://" + String(repeating: "h", count: 254), "http://host/" + String(repeating: "p", count: 1024),
        ]
    )
    func bad(text: String) throws {
        let error = #expect(throws: CoordinatorError.self) { try CoordinatorAddress(text) }
        #expect(error?.code == .configuration)
        #expect(error?.advice.contains("expected http://") == true)
        #expect(error?.message.contains("secret") == false)
    }
}
