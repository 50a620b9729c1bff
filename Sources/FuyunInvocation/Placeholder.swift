enum FuyunInvocationPlaceholder {}
