enum FuyunProtocolPlaceholder {}
