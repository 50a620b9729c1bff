enum FuyunProtocolTestsPlaceholder {}
