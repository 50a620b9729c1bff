import ArgumentParser

/// `fuyun draft`.
struct DraftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "draft",
        abstract: "Drafts a function's policy from its source, with a language model or without.",
        discussion: """
            The coordinator asks the model that it is configured for (drafter.url), checks what comes, and tries it in \
            shadow: nothing is limited until it has proven itself. Without a model it drafts from what payloads look \
            like. Secrets in the source are masked before anything leaves this machine; of payloads only their shape is \
            told: names, types and powers of two.

            prompt and accept do the same by hand, with any model and without a coordinator.

            EXAMPLES
              fuyun draft guest/video --source video.py --runtime python:3.12
              fuyun draft guest/video --source action.zip --payload example.json --dry-run
              fuyun draft list guest/video
              fuyun draft prompt guest/video --source video.py > prompt.txt
              fuyun draft accept guest/video --source video.py --reply answer.txt --output video.json
            """,
        subcommands: [
            DraftAskCommand.self, DraftListCommand.self, DraftShowCommand.self, DraftPromptCommand.self,
            DraftAcceptCommand.self,
        ],
        defaultSubcommand: DraftAskCommand.self
    )
}
