/// Which model to ask, where, with what, and how much.
public struct ModelSettings: Hashable, Sendable {
    /// What tokens cost, in the operator's currency per million.
    public struct Prices: Hashable, Sendable {
        /// Tokens of questions.
        public var prompt: Double
        /// Tokens of answers.
        public var completion: Double

        /// Makes a price list.
        public init(prompt: Double, completion: Double) {
            self.prompt = prompt
            self.completion = completion
        }
    }

    /// Where the endpoint is.
    public var endpoint: ModelEndpoint
    /// The model, as the endpoint names it.
    public var model: String
    /// A file that holds the key, for its owner only; nil sends none.
    public var keyFile: String?
    /// A file with the certificates (PEM) of the authorities to trust; nil trusts those of the system.
    public var authorityFile: String?
    /// How long one try may take, from the connection to the answer's last byte.
    public var timeout = Duration.seconds(120)
    /// Further tries when the endpoint is busy, fails or cannot be reached.
    public var retries = 3
    /// The pause before the first of them; doubles with each.
    public var pause = Duration.seconds(1)
    /// The longest pause, also when the endpoint asks for more.
    public var longestPause = Duration.seconds(60)
    /// What tokens cost; nil when nobody says.
    public var prices: Prices?
    /// Requests and cost that are allowed.
    public var limits = ModelBudget.Limits()

    /// Makes settings.
    public init(endpoint: ModelEndpoint, model: String) {
        self.endpoint = endpoint
        self.model = model
    }
}
