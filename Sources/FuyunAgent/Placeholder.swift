enum FuyunAgentPlaceholder {}
