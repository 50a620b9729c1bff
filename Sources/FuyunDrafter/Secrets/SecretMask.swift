/// Finds secrets in text, and puts `[secret KIND]` in their place.
///
/// It looks at each byte a bounded number of times, so it takes time in proportion to the text whatever the text says.
/// It cannot know every secret: what is told by a well-known form, by the name that it is assigned to, or by looking random is
/// found (docs/drafter.md lists the kinds).
public enum SecretMask {
    /// Masks a text.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - path: The file that it is from; some kinds are told by it (`.env`).
    /// - Returns: The text without secrets, and how many were masked.
    public static func mask(_ text: String, path: String) -> (text: String, count: Int) {
        var scanner = SecretScanner(Array(text.utf8), form: SecretForm(path: path))
        scanner.run()
        return (String(decoding: scanner.output, as: UTF8.self), scanner.count)
    }
}

/// How values are written in a file, by its name.
enum SecretForm {
    /// Only what stands in quotes is a value; a bare word is code.
    case code
    /// `name: value` or `name = value`, quotes or not.
    case settings
    /// Every line is `NAME=value`, and every value may be secret.
    case environment

    private static let settingsEndings: Set<String> = [
        "yml", "yaml", "ini", "cfg", "conf", "toml", "properties", "sh", "bash", "dockerfile", "npmrc", "pypirc",
        "netrc",
        "tfvars", "config", "pgpass",
    ]

    init(path: String) {
        let name = path.split(separator: "/").last?.lowercased() ?? ""
        let ending = name.split(separator: ".").last.map(String.init) ?? ""
        if name == ".env" || name.hasPrefix(".env.") || ending == "env" || name == "environment" {
            self = .environment
        } else if Self.settingsEndings.contains(ending) || name.hasPrefix("dockerfile") {
            self = .settings
        } else {
            self = .code
        }
    }
}
