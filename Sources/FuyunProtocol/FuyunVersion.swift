/// The version of Fuyun: of the agent, the shim and the command line, which are released together.
public enum FuyunVersion {
    /// As `--version` prints it.
    public static let text = "0.1.0"
}
