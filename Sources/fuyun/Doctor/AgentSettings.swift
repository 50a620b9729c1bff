import FuyunPolicy

/// The few settings of the agent that the doctor needs to know where to look.
///
/// The agent itself says what is wrong with its file (`fuyun-agent --check`); what cannot be read here counts as its
/// default.
struct AgentSettings: Sendable {
    /// The agent's file unless the environment names another.
    static let standardPath = "/etc/fuyun/agent.json"

    /// The file.
    var path: String
    /// `cgroup.mount`.
    var mount = "/sys/fs/cgroup"
    /// `cgroup.roots`.
    var roots = ["machine.slice", "system.slice", "kubepods.slice", "kubepods", "docker"]
    /// `cgroup.containers`.
    var containers: [String] = []
    /// `paths.policies`.
    var policies = "/etc/fuyun/policies"
    /// `paths.runtime`.
    var runtime = "/run/fuyun"

    /// Reads the settings of a machine.
    init(of machine: Machine) {
        path = Console.environment("FUYUN_CONFIG") ?? Self.standardPath
        guard let text = machine.text(path), let root = try? JSONDocument.parse(Array(text.utf8)).root else { return }
        mount = root["cgroup"]?["mount"]?.text ?? mount
        roots = root["cgroup"]?["roots"]?.elements.compactMap(\.text) ?? roots
        containers = root["cgroup"]?["containers"]?.elements.compactMap(\.text) ?? containers
        policies = root["paths"]?["policies"]?.text ?? policies
        runtime = root["paths"]?["runtime"]?.text ?? runtime
    }
}
