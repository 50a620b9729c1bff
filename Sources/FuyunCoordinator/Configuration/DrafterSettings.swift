import Glibc
import ModelClient
import Settings

extension CoordinatorConfiguration {
    /// The settings of drafting.
    static let drafterSettings: [Setting] = [
        .optionalText(
            "drafter.url",
            "chat-completions endpoint that drafts policies, with or without `/v1`; empty: none, drafts come from a library of forms"
        ),
        .optionalText("drafter.model", "the model, as the endpoint names it"),
        .optionalText(
            "drafter.key_file",
            "file with the endpoint's key; empty: the credential `fuyun.llm-key` where there is one, else no key"
        ),
        .optionalText("drafter.ca_file", "certificates (PEM) that vouch for the endpoint; empty: those of the system"),
        .whole("drafter.timeout_seconds", 1...3_600, 120, "time within which one answer must be there whole"),
        .whole("drafter.retries", 0...20, 3, "further tries when the endpoint is busy, fails or cannot be reached"),
        .whole("drafter.requests_per_hour", 1...100_000, 60, "requests to the endpoint within an hour, tries counted"),
        .number(
            "drafter.cost_per_day",
            0...1_000_000,
            0,
            "cost within a day from which the endpoint is no longer asked, in the prices' currency; 0: no limit"
        ),
        .number("drafter.prompt_price", 0...1_000_000, 0, "price of a million tokens of questions"),
        .number("drafter.completion_price", 0...1_000_000, 0, "price of a million tokens of answers"),
        .whole("drafter.rounds", 0...5, 2, "how many times an answer that is refused is sent back with what is wrong"),
        .flag("drafter.second_thoughts", true, "whether the model is asked again, with evidence, when no formula fits"),
        .optionalText(
            "drafter.knowledge_directory",
            "directory of notes for the model: `global/*.md`, `functions/NAME.md` with `/` as `%2F`; empty: none"
        ),
    ]
}

extension DraftingSettings {
    /// The name of the key among the service manager's credentials.
    static let credential = "fuyun.llm-key"

    /// The settings as configured.
    ///
    /// - Parameter credentials: The directory of the service's credentials, when there is one.
    init(reading settings: inout SettingReader, credentials: String?) {
        self.init()
        rounds = settings.whole("drafter.rounds")
        secondThoughts = settings.flag("drafter.second_thoughts")
        knowledgeDirectory = settings.textOrNone("drafter.knowledge_directory")
        let prices = ModelSettings.Prices(
            prompt: settings.number("drafter.prompt_price"),
            completion: settings.number("drafter.completion_price")
        )
        let costPerDay = settings.number("drafter.cost_per_day")
        let isPriced = prices.prompt > 0 || prices.completion > 0
        if costPerDay > 0, !isPriced {
            settings.report(
                place: "drafter.cost_per_day",
                "without prices nothing has a cost: set drafter.prompt_price and drafter.completion_price, or leave it 0"
            )
        }
        guard let url = settings.textOrNone("drafter.url") else { return }
        let endpoint: ModelEndpoint
        do throws(ModelEndpoint.Malformed) {
            endpoint = try ModelEndpoint(url)
        } catch {
            settings.report(place: "drafter.url", error.description)
            return
        }
        guard let name = settings.textOrNone("drafter.model") else {
            settings.report(place: "drafter.model", "drafter.url is set: name the model, as the endpoint calls it")
            return
        }
        var model = ModelSettings(endpoint: endpoint, model: name)
        model.keyFile = settings.textOrNone("drafter.key_file") ?? Self.credentialFile(in: credentials)
        model.authorityFile = settings.textOrNone("drafter.ca_file")
        model.timeout = settings.seconds("drafter.timeout_seconds")
        model.retries = settings.whole("drafter.retries")
        model.prices = isPriced ? prices : nil
        model.limits = ModelBudget.Limits(
            requestsPerHour: settings.whole("drafter.requests_per_hour"),
            costPerDay: costPerDay > 0 ? costPerDay : nil
        )
        self.model = model
    }

    private static func credentialFile(in directory: String?) -> String? {
        guard let directory else { return nil }
        let path = "\(directory)/\(credential)"
        return access(path, F_OK) == 0 ? path : nil
    }
}
