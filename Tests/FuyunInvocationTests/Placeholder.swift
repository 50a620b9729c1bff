enum FuyunInvocationTestsPlaceholder {}
