enum FuyunAgentTestsPlaceholder {}
