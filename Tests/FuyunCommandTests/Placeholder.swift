enum FuyunCommandTestsPlaceholder {}
