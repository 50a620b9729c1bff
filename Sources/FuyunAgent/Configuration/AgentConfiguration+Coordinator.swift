import CoordinatorClient
import Glibc
import Settings

extension AgentConfiguration.Coordinator {
    /// This machine's name; `localhost` when it has none.
    static func hostName() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0, name[0] != 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The same for a client.
    func settings() throws(CoordinatorError) -> CoordinatorSettings {
        CoordinatorSettings(
            address: try CoordinatorAddress(url),
            tokenFile: tokenFile,
            authorityFile: authorityFile
        )
    }

    /// Finds what the table of settings cannot say.
    func check(reporting settings: inout SettingReader) {
        do throws(CoordinatorError) {
            let address = try CoordinatorAddress(url)
            if !address.isEncrypted, !address.isLoopback {
                settings.report(
                    place: "coordinator.url",
                    "\(url): expected https:// for a coordinator on another machine; anyone on the way could read along"
                )
            }
        } catch {
            settings.report(place: "coordinator.url", error.description)
        }
        if !Self.isNode(node) {
            settings.report(place: "coordinator.node", "\(node): expected 1 to 128 of [A-Za-z0-9._-]")
        }
    }

    /// What is wrong with the files that are named, one line each; what a running agent would only say in its log.
    func problemsOfFiles() -> [String] {
        do throws(CoordinatorError) {
            return try settings().problems().map(\.description)
        } catch {
            return [error.description]
        }
    }

    private static func isNode(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
