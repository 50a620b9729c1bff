enum FuyunPolicyTestsPlaceholder {}
