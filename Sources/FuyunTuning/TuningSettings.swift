/// How the tuner works; the defaults are what docs/tuner.md measured.
public struct TuningSettings: Hashable, Sendable {
    /// The method.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// The tuner that this module is about.
        case fuyun
        /// The paper's, for comparison: ordinary least squares on the first skeleton and a fixed headroom. A run that was cut
        /// short counts as a need of its limit.
        case paper = "fuyun-paper"
    }

    /// The method.
    public var mode = Mode.fuyun
    /// The fewest samples that are not censored for a law with terms; one more for every term beyond the first whose slope no
    /// draft suggests.
    public var minimumSamples = 3
    /// The paper's number of samples before its first fit.
    public var paperMinimumSamples = 6
    /// The fewest such samples for a law without terms.
    public var minimumConstantSamples = 3
    /// The fewest such samples before a law with terms can be dropped for a constant or a library form.
    public var minimumChoiceSamples = 20
    /// The most samples of a law that are used, the newest ones; older ones are left out.
    public var maximumSamples = 1000
    /// The age at which a sample counts half.
    public var halfLife = Duration.seconds(14 * 24 * 3600)
    /// The share of the samples that the calibrated bound may lie below; 0 takes the largest residual.
    public var missLevel = 0.0
    /// The headroom that stays.
    public var headroom = 0.0
    /// The headroom that is added for n samples is this over n.
    public var headroomPerSample = 0.1
    /// The paper's headroom.
    public var paperHeadroom = 0.2
    /// Whether proposals hold a tighter bound as well, for calls that can be raised while they run (`safety.rescue`).
    public var rescue = true
    /// How much narrower than a constant a law with terms must be, as a share.
    public var advantage = 0.1
    /// Whether simple forms over single features are tried next to the skeletons.
    public var usesLibrary = true

    /// The default settings.
    public init(mode: Mode = .fuyun) { self.mode = mode }
}
