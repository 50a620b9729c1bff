enum FuyunClientPlaceholder {}
