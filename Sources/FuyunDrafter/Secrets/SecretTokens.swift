/// Tokens that are told by their form: a prefix, then so many of certain characters.
struct SecretToken {
    var kind: String
    var prefix: [UInt8]
    var characters: Characters
    /// How many characters follow the prefix.
    var length: ClosedRange<Int>

    enum Characters {
        case hex, upper, word, token
    }

    private init(_ kind: String, _ prefix: String, _ characters: Characters, _ length: ClosedRange<Int>) {
        self.kind = kind
        self.prefix = Array(prefix.utf8)
        self.characters = characters
        self.length = length
    }

    /// The longest token that is looked at.
    static let longest = 4096

    /// All forms by the prefix's first byte, the longer prefix first.
    static let byFirst: [UInt8: [SecretToken]] = Dictionary(grouping: all) { $0.prefix[0] }
        .mapValues { $0.sorted { $0.prefix.count > $1.prefix.count } }

    private static let all: [SecretToken] =
        ["AKIA", "ASIA", "AROA", "AIDA", "AGPA", "ANPA"].map { SecretToken("aws_access_key", $0, .upper, 16...16) }
        + ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map { SecretToken("github_token", $0, .word, 30...255) }
        + [
            SecretToken("github_token", "github_pat_", .word, 30...255),
            SecretToken("gitlab_token", "glpat-", .token, 20...255),
            SecretToken("gitlab_token", "gldt-", .token, 20...255),
            SecretToken("gitlab_token", "glrt-", .token, 20...255),
            SecretToken("gitlab_token", "glcbt-", .token, 20...255),
            SecretToken("gitlab_token", "glptt-", .token, 20...255),
            SecretToken("stripe_key", "sk_live_", .word, 16...255),
            SecretToken("stripe_key", "sk_test_", .word, 16...255),
            SecretToken("stripe_key", "rk_live_", .word, 16...255),
            SecretToken("stripe_key", "rk_test_", .word, 16...255),
            SecretToken("stripe_key", "whsec_", .word, 16...255),
            SecretToken("anthropic_key", "sk-ant-", .token, 20...255),
            SecretToken("openai_key", "sk-proj-", .token, 20...255),
            SecretToken("openai_key", "sk-svcacct-", .token, 20...255),
            SecretToken("openai_key", "sk-", .token, 32...255),
            SecretToken("google_api_key", "AIza", .token, 35...35),
            SecretToken("google_oauth", "ya29.", .token, 20...1024),
            SecretToken("google_oauth", "GOCSPX-", .token, 20...64),
            SecretToken("npm_token", "npm_", .word, 36...36), SecretToken("pypi_token", "pypi-", .token, 50...512),
            SecretToken("twilio_key", "SK", .hex, 32...32), SecretToken("twilio_account", "AC", .hex, 32...32),
            SecretToken("mailgun_key", "key-", .hex, 32...32),
            SecretToken("digitalocean_token", "dop_v1_", .hex, 64...64),
            SecretToken("huggingface_token", "hf_", .word, 30...64),
            SecretToken("databricks_token", "dapi", .hex, 32...32),
            SecretToken("shopify_token", "shpat_", .hex, 32...32),
            SecretToken("shopify_token", "shpss_", .hex, 32...32),
            SecretToken("square_token", "sq0atp-", .token, 22...64),
            SecretToken("square_token", "sq0csp-", .token, 40...64),
            SecretToken("docker_token", "dckr_pat_", .token, 20...64),
            SecretToken("vault_token", "hvs.", .token, 24...255),
            SecretToken("linear_key", "lin_api_", .word, 32...64), SecretToken("newrelic_key", "NRAK-", .word, 24...64),
            SecretToken("grafana_token", "glsa_", .word, 32...64),
            SecretToken("planetscale_token", "pscale_tkn_", .token, 32...64),
            SecretToken("postman_key", "PMAK-", .token, 32...80),
            SecretToken("age_key", "AGE-SECRET-KEY-1", .upper, 58...58),
        ]
        + ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xapp-", "xoxe-"].map {
            SecretToken("slack_token", $0, .token, 10...255)
        }

    func accepts(_ byte: UInt8) -> Bool {
        switch characters {
        case .hex: byte.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
        case .upper: byte.isDigit || byte.isUpper
        case .word: byte.isLetter || byte.isDigit || byte == UInt8(ascii: "_")
        case .token: byte.isToken
        }
    }
}

/// Places in addresses behind which something secret stands.
enum SecretAddress {
    static let hooks: [(kind: String, text: [UInt8])] = [
        ("slack_webhook", Array("hooks.slack.com/services/".utf8)),
        ("slack_webhook", Array("hooks.slack.com/workflows/".utf8)),
        ("discord_webhook", Array("discord.com/api/webhooks/".utf8)),
        ("discord_webhook", Array("discordapp.com/api/webhooks/".utf8)),
        ("telegram_token", Array("api.telegram.org/bot".utf8)),
    ]
}

/// Names of what is secret.
enum SecretName {
    /// The longest name that is looked at.
    static let longest = 128

    private static let parts = [
        "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "accountkey", "privatekey",
        "sharedaccesskey", "sharedkey", "signingkey", "encryptionkey", "masterkey", "clientkey", "credential",
        "authkey",
        "connectionstring", "bearer", "sessionkey", "webhookkey", "storagekey", "licensekey", "servicekey",
    ]
    private static let whole: Set<String> = [
        "auth", "authorization", "pass", "pw", "key_data", "clientkeydata", "sig", "xapikey", "salt", "pin", "cookie",
    ]
    private static let harmlessEndings = [
        "name", "file", "path", "url", "uri", "id", "length", "count", "type", "size", "field", "header", "prefix",
        "tokenizer",
        "limit", "ttl", "expiry", "tokens", "regex", "pattern", "hint", "label", "env", "var",
    ]

    /// Whether what is assigned to this name is likely secret: `db_password`, `apiKey`, `AUTH-TOKEN`.
    static func isSecret(_ name: ArraySlice<UInt8>) -> Bool {
        guard name.count <= longest else { return false }
        var plain = ""
        for byte in name where byte.isLetter || byte.isDigit {
            plain.unicodeScalars.append(Unicode.Scalar(byte.isUpper ? byte | 0x20 : byte))
        }
        if whole.contains(plain) { return true }
        guard parts.contains(where: { plain.contains($0) }) else { return false }
        return !harmlessEndings.contains { plain.hasSuffix($0) } && !plain.contains("tokeniz")
    }
}

extension UInt8 {
    var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    var isUpper: Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) }
    var isLower: Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self) }
    var isLetter: Bool { isUpper || isLower }
    /// A letter, a digit, `_` or `-`: what base64 for addresses is made of.
    var isToken: Bool { isLetter || isDigit || self == UInt8(ascii: "_") || self == UInt8(ascii: "-") }
    var isBase64: Bool {
        isToken || self == UInt8(ascii: "+") || self == UInt8(ascii: "/") || self == UInt8(ascii: "=")
    }
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
    var isNewline: Bool { self == UInt8(ascii: "\n") || self == UInt8(ascii: "\r") }
    var isQuote: Bool { self == UInt8(ascii: "\"") || self == UInt8(ascii: "'") || self == UInt8(ascii: "`") }
}
