extension FakeCgroupTree {
    /// The files of a fresh cgroup on Linux 6.12 with the memory controller on, holding a small idle process.
    public static let defaultFiles: [String: String] = [
        "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
        "cgroup.events": "populated 1\nfrozen 0\n",
        "cgroup.procs": "",
        "cgroup.subtree_control": "memory pids\n",
        "cgroup.type": "domain\n",
        "memory.current": "8388608\n",
        "memory.events": events,
        "memory.events.local": events,
        "memory.high": "max\n",
        "memory.low": "0\n",
        "memory.max": "max\n",
        "memory.min": "0\n",
        "memory.oom.group": "0\n",
        "memory.peak": "8388608\n",
        "memory.pressure": pressure,
        "memory.reclaim": "",
        "memory.stat": stat,
        "memory.swap.current": "0\n",
        "memory.swap.events": "high 0\nmax 0\nfail 0\n",
        "memory.swap.high": "max\n",
        "memory.swap.max": "max\n",
        "memory.swap.peak": "0\n",
    ]

    /// The files of the root cgroup, which has neither limits nor counters.
    static let rootFiles: [String: String] = [
        "cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
        "cgroup.procs": "1\n",
        "cgroup.subtree_control": "cpu io memory pids\n",
        "memory.pressure": pressure,
        "memory.stat": stat,
    ]

    private static let events = "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n"

    private static let pressure = """
        some avg10=0.00 avg60=0.00 avg300=0.00 total=0
        full avg10=0.00 avg60=0.00 avg300=0.00 total=0

        """

    /// Lines that are not zero; together they make `memory.current`.
    private static let use = ["anon": 4_194_304, "file": 2_097_152, "kernel": 2_097_152, "inactive_file": 2_097_152]

    private static let stat = statKeys.split(whereSeparator: \.isWhitespace)
        .map { "\($0) \(use[String($0)] ?? 0)\n" }.joined()

    private static let statKeys = """
        anon file kernel kernel_stack pagetables sec_pagetables percpu sock vmalloc shmem zswap zswapped file_mapped
        file_dirty file_writeback swapcached anon_thp file_thp shmem_thp inactive_anon active_anon inactive_file
        active_file unevictable slab_reclaimable slab_unreclaimable slab workingset_refault_anon
        workingset_refault_file workingset_activate_anon workingset_activate_file workingset_restore_anon
        workingset_restore_file workingset_nodereclaim pgdemote_kswapd pgdemote_direct pgdemote_khugepaged
        pgpromote_success pgscan pgsteal pgscan_kswapd pgscan_direct pgscan_khugepaged pgsteal_kswapd pgsteal_direct
        pgsteal_khugepaged pgfault pgmajfault pgrefill pgactivate pgdeactivate pglazyfree pglazyfreed swpin_zero
        swpout_zero zswpin zswpout zswpwb thp_fault_alloc thp_collapse_alloc thp_swpout thp_swpout_fallback
        """
}
