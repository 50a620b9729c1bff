enum FuyunShimPlaceholder {}
