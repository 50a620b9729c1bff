import FuyunDrafter
import MemoryUnits
import Testing

/// No secret of a source leaves the process.
@Suite struct SecretTests {
    /// Keys of many kinds, put together at run time so that no scanner of this repository takes them for real ones.
    static let secrets: [(kind: String, secret: String)] = [
        ("aws access", "AKIA" + "QWERTZUIOPASDFG7"),
        ("aws secret", "wJalrXUtnFEMI" + "/K7MDENG/bPxRfiCYzz41"),
        ("github", "ghp" + "_" + word(36)),
        ("github, fine", "github" + "_pat_" + word(60)),
        ("gitlab", "glpat" + "-" + word(20)),
        ("stripe", "sk" + "_live_" + word(24)),
        ("stripe hook", "whsec" + "_" + word(32)),
        ("anthropic", "sk" + "-ant-" + word(40)),
        ("openai", "sk" + "-proj-" + word(40)),
        ("google", "AI" + "za" + word(35)),
        ("google oauth", "GOCSPX" + "-" + word(28)),
        ("npm", "npm" + "_" + word(36)),
        ("pypi", "pypi" + "-" + word(60)),
        ("slack", "xoxb" + "-" + word(40)),
        ("sendgrid", "SG" + "." + word(22) + "." + word(43)),
        ("telegram", "123456789" + ":AA" + word(33)),
        ("huggingface", "hf" + "_" + word(34)),
        ("databricks", "dapi" + hex(32)),
        ("digitalocean", "dop" + "_v1_" + hex(64)),
        ("vault", "hvs" + "." + word(24)),
        ("twilio", "SK" + hex(32)),
        ("jwt", "eyJ" + word(30) + "." + "eyJ" + word(30) + "." + word(43)),
        ("random", "q7Xk2Zp9Lw4Tn8Vb3Rm6" + "Yc1Hd5Jf0Gs"),
    ]

    private static func word(_ count: Int) -> String { cycle("aB3dE5gH7jK9mN2pQ4sT6vW8xY", count) }
    private static func hex(_ count: Int) -> String { cycle("0a9b8c7d6e5f4132", count) }
    private static func cycle(_ text: String, _ count: Int) -> String {
        let characters = Array(text)
        return String((0..<count).map { characters[$0 % characters.count] })
    }

    /// Secrets that are told by where they stand.
    static let placed: [(line: String, secret: String)] = [
        ("db = connect(\"postgres://app:h4rbour-Town@db:5432/x\")", "h4rbour-Town"),
        ("DB_PASSWORD = \"correct horse\"", "correct horse"),
        ("headers = {\"Authorization\": \"Bearer abc123def456ghi7\"}", "abc123def456ghi7"),
        ("config[\"api_key\"] = 'plainbutsecret'", "plainbutsecret"),
        (
            "pem = \"\"\"-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\n-----END RSA "
                + "PRIVATE KEY-----\"\"\"",
            "MIIEowIBAAKCAQEA7"
        ),
        ("hook = \"https://hooks.slack.com/services/T0/B0/abcdefghijkl\"", "abcdefghijkl"),
    ]

    static var source: String {
        var lines = ["import os", "def main(args):"]
        for (index, entry) in secrets.enumerated() { lines.append("    value_\(index) = \"\(entry.secret)\"") }
        lines += placed.map { "    " + $0.line }
        return (lines + ["    frames = args[\"width\"] * args[\"height\"]", "    return {\"frames\": frames}", ""])
            .joined(separator: "\n")
    }

    static var all: [String] { secrets.map(\.secret) + placed.map(\.secret) }

    @Test func noneIsLeftInAnyText() throws {
        try #require(Self.all.count >= 20)
        let (text, count) = SecretMask.mask(Self.source, path: "__main__.py")
        #expect(count >= Self.all.count)
        var request = BadReply.request
        request.source = SourceBundle(
            files: [.init(path: "__main__.py", text: text)],
            digest: BadReply.request.source.digest,
            maskedSecrets: count
        )
        let opening = DraftPrompt.opening(request)
        let draft = DraftAcceptance.accept(BadReply.good, for: request, model: "stub")
        let outgoing = [
            text, opening.map(\.content).joined(separator: "\n"), request.json(), request.json(forCoordinator: true),
            draft.json(),
        ]
        for (place, bytes) in outgoing.enumerated() {
            for secret in Self.all { #expect(!bytes.contains(secret), "\(secret) in text \(place)") }
        }
    }

    @Test func theCodeAroundStaysReadable() {
        let (text, _) = SecretMask.mask(Self.source, path: "__main__.py")
        for line in [
            "import os", "def main(args):", "frames = args[\"width\"] * args[\"height\"]",
            "return {\"frames\": frames}",
        ] {
            #expect(text.contains(line))
        }
        #expect(text.contains("postgres://app:[secret url_password]@db:5432/x"))
        #expect(text.contains("value_0 = \"[secret aws_access_key]\""))
    }

    @Test(arguments: [
        "token = os.environ[\"TOKEN\"]", "max_tokens = 4096", "password = get_password()", "key = row[\"id\"]",
        "password = \"${DB_PASSWORD}\"", "tokenizer = Tokenizer()",
    ])
    func codeIsNoSecret(_ line: String) {
        let (text, count) = SecretMask.mask(line, path: "a.py")
        #expect(text == line && count == 0)
    }

    @Test func anEnvironmentFileHasNoValuesLeft() {
        let (text, count) = SecretMask.mask("MODE=\nexport DSN=abc def ghi\nNAME=value-of-it\n", path: "app/.env")
        #expect(count == 2)
        #expect(!text.contains("def ghi") && !text.contains("value-of-it") && text.contains("export DSN="))
    }
}
