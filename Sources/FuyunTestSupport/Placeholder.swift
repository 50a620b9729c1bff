enum FuyunTestSupportPlaceholder {}
