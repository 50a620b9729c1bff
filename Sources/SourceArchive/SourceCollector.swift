import FuyunDrafter

/// Takes files in, one after the other, and keeps what is source within the limits.
struct SourceCollector {
    private let limits: SourceLimits
    private var files: [SourceBundle.File] = []
    private var omitted: [SourceBundle.Omission] = []
    private var omissions = 0
    private var total = 0
    private var masked = 0
    private var digest = SHA256()

    init(limits: SourceLimits) { self.limits = limits }

    var fileLimit: Int { limits.fileBytes }
    var entryLimit: Int { limits.entries }
    var depthLimit: Int { limits.depth }

    /// Takes a file; `isNamed` when the user named this very file.
    mutating func add(_ path: String, _ bytes: [UInt8], isNamed: Bool = false) {
        digest.update("\(path.utf8.count) \(path) \(bytes.count)\n".utf8)
        digest.update(bytes)
        if !isNamed, let reason = Self.exclusion(of: path) { return omit(path, reason) }
        guard bytes.count <= limits.fileBytes else { return omit(path, .tooLarge) }
        guard isText(bytes) else { return omit(path, .binary) }
        guard files.count < limits.files else { return omit(path, .tooMany) }
        guard total + bytes.count <= limits.totalBytes else { return omit(path, .tooLarge) }
        // Of two entries of one name the later one counts, as it does when an archive is unpacked.
        files.removeAll { $0.path == path }
        total += bytes.count
        let (text, count) = SecretMask.mask(String(decoding: bytes, as: UTF8.self), path: path)
        masked += count
        files.append(.init(path: path, text: text))
    }

    /// Why something is not kept.
    enum Reason: String {
        case binary
        case tooLarge = "too_large"
        case tooMany = "too_many"
        case link
        case excluded
    }

    /// Names what is left out, as long as it is not too much to name.
    mutating func omit(_ path: String, _ reason: Reason) {
        omissions += 1
        guard omitted.count < limits.omissions else { return }
        omitted.append(.init(path: Self.shown(path), reason: reason.rawValue))
    }

    consuming func bundle(of path: String, digest named: String?) throws(SourceError) -> SourceBundle {
        guard !files.isEmpty else {
            let hint = omissions > 0 ? "; \(omissions) left out, such as \(omitted[0].path) (\(omitted[0].reason))" : ""
            throw SourceError(path: path, message: "there is no source code in it\(hint)")
        }
        if omissions > omitted.count {
            omitted.append(.init(path: "\(omissions - omitted.count) more", reason: Reason.tooMany.rawValue))
        }
        return SourceBundle(
            files: files.sorted { $0.path < $1.path },
            omitted: omitted.sorted { $0.path < $1.path },
            digest: named ?? "sha256:" + digest.finish(),
            maskedSecrets: masked
        )
    }

    /// Whether bytes are text: no NUL, hardly any control characters, UTF-8 but for a few places.
    func isText(_ bytes: [UInt8]) -> Bool {
        var odd = 0
        for byte in bytes {
            switch byte {
            case 0: return false
            case 1..<9, 14..<27, 28..<32, 127: odd += 1
            default: break
            }
        }
        if odd * 50 > bytes.count { return false }
        let text = String(decoding: bytes, as: UTF8.self)
        return text.unicodeScalars.count { $0 == "\u{FFFD}" } * 20 <= bytes.count
    }

    // MARK: What is never looked at

    private static let folders: Set<String> = [
        "node_modules", "bower_components", "jspm_packages", ".git", ".hg", ".svn", "__pycache__", "__MACOSX",
        "venv", ".venv", "virtualenv", "env", "site-packages", "dist-packages", ".tox", ".nox", ".mypy_cache",
        ".pytest_cache", ".ruff_cache", ".eggs", "vendor", "third_party", "target", ".build", "build", "dist",
        ".gradle",
        ".idea", ".vscode", ".terraform", ".serverless", ".aws-sam", ".next", "coverage", ".cache", ".bundle", ".ssh",
        ".aws", ".gnupg", ".kube",
    ]
    private static let suffixes = [
        ".dist-info", ".egg-info",
    ]
    private static let names: Set<String> = [
        "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "poetry.lock", "pipfile.lock",
        "cargo.lock", "go.sum", "composer.lock", "gemfile.lock", "package.resolved", "id_rsa", "id_dsa", "id_ecdsa",
        "id_ed25519", ".ds_store", ".htpasswd", "uv.lock",
    ]
    private static let endings: Set<String> = [
        "pem", "key", "p12", "pfx", "jks", "keystore", "kdbx", "der", "crt", "cer", "gpg", "asc", "map",
    ]

    /// Whether a folder holds what others wrote, or what is made from the source.
    static func isExcludedFolder(_ name: Substring) -> Bool {
        folders.contains(String(name)) || suffixes.contains { name.hasSuffix($0) }
    }

    private static func exclusion(of path: String) -> Reason? {
        let steps = path.split(separator: "/")
        if steps.dropLast().contains(where: isExcludedFolder) { return .excluded }
        guard let name = steps.last?.lowercased() else { return .excluded }
        if names.contains(name) || name.hasSuffix(".min.js") || name.hasSuffix(".min.css") { return .excluded }
        guard let dot = name.lastIndex(of: ".") else { return nil }
        return endings.contains(String(name[name.index(after: dot)...])) ? .excluded : nil
    }

    /// A path as it may be shown: no control characters, not too long.
    private static func shown(_ path: String) -> String {
        var result = ""
        for scalar in path.unicodeScalars.prefix(200) {
            let isControl =
                scalar.value < 32 || (0x7F...0x9F).contains(scalar.value) || scalar == "\u{2028}"
                || scalar == "\u{2029}"
            result.unicodeScalars.append(isControl ? "?" : scalar)
        }
        return result
    }
}
