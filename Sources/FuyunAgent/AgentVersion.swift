/// The version of the agent.
public enum AgentVersion {
    /// As `fuyun-agent --version` prints it.
    public static let text = "0.1.0"
}
