enum CgroupTestsPlaceholder {}
