enum FuyunShimTestsPlaceholder {}
