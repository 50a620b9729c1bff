import ArgumentParser
import FuyunProtocol

/// The operator's command line.
@main
struct Fuyun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuyun",
        abstract: "Looks at policies, at this node and its agent, and operates the coordinator.",
        discussion: """
            EXAMPLES
              fuyun doctor                                   is this node fit for Fuyun?
              fuyun policy check /etc/fuyun/policies         what is wrong in there?
              fuyun policy explain p.json --payload in.json  which limit, and why?
              fuyun status                                   what does the agent do?
              fuyun containers --watch                       limits and use, live
              fuyun explain 6650f1a2-1f                      why that limit for a call?
              fuyun functions                                which functions, under which versions?
              fuyun policies list guest/video                how do its versions do?
              fuyun tune guest/video --dry-run               what would the tuner change, and why?
              fuyun draft guest/video --source video.py      a policy from the function's source

            EXIT STATUS
              0   all is well
              1   what was asked about has a problem
              2   the agent or the coordinator cannot be reached
              64  the command line is wrong
            """,
        version: FuyunVersion.text,
        subcommands: [
            PolicyCommand.self, StatusCommand.self, ContainersCommand.self, FunctionsCommand.self, ExplainCommand.self,
            DoctorCommand.self, PoliciesCommand.self, DraftCommand.self, TuneCommand.self, NodesCommand.self,
            EventsCommand.self, SwitchCommand.self, ReplayCommand.self,
        ]
    )
}
