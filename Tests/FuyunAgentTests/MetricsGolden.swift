/// The metrics page of an agent that has just started with two containers and one policy.
let metricsGolden = #"""
    # HELP fuyun_configuration_reloads_refused_total Configuration reloads refused; the old configuration stays.
    # TYPE fuyun_configuration_reloads_refused_total counter
    fuyun_configuration_reloads_refused_total 0
    # HELP fuyun_configuration_reloads_total Configuration reloads taken into use.
    # TYPE fuyun_configuration_reloads_total counter
    fuyun_configuration_reloads_total 0
    # HELP fuyun_containers Containers known now.
    # TYPE fuyun_containers gauge
    fuyun_containers 2
    # HELP fuyun_containers_admission_failures_total Cgroups that match but could not be admitted.
    # TYPE fuyun_containers_admission_failures_total counter
    fuyun_containers_admission_failures_total 0
    # HELP fuyun_containers_admitted_total Containers admitted.
    # TYPE fuyun_containers_admitted_total counter
    fuyun_containers_admitted_total 2
    # HELP fuyun_containers_removed_total Containers that went away.
    # TYPE fuyun_containers_removed_total counter
    fuyun_containers_removed_total 0
    # HELP fuyun_containers_strangers_total Requests of callers that are no managed container.
    # TYPE fuyun_containers_strangers_total counter
    fuyun_containers_strangers_total 0
    # HELP fuyun_discovery_overflows_total Times the kernel's event queue overflowed and everything was scanned again.
    # TYPE fuyun_discovery_overflows_total counter
    fuyun_discovery_overflows_total 0
    # HELP fuyun_function_invocations_total Calls that began, by function.
    # TYPE fuyun_function_invocations_total counter
    fuyun_function_invocations_total{function="other"} 0
    # HELP fuyun_function_limit_bytes The limit of a function's last call.
    # TYPE fuyun_function_limit_bytes gauge
    fuyun_function_limit_bytes{function="other"} 0
    # HELP fuyun_function_ooms_total Calls that ran out of memory, by function.
    # TYPE fuyun_function_ooms_total counter
    fuyun_function_ooms_total{function="other"} 0
    # HELP fuyun_function_peak_bytes The peak of a function's last call.
    # TYPE fuyun_function_peak_bytes gauge
    fuyun_function_peak_bytes{function="other"} 0
    # HELP fuyun_invocation_decisions_total Decisions of policies by their reason.
    # TYPE fuyun_invocation_decisions_total counter
    fuyun_invocation_decisions_total{reason="empty_payload"} 0
    fuyun_invocation_decisions_total{reason="law_open"} 0
    fuyun_invocation_decisions_total{reason="malformed_payload"} 0
    fuyun_invocation_decisions_total{reason="missing_feature"} 0
    fuyun_invocation_decisions_total{reason="no_policy"} 0
    fuyun_invocation_decisions_total{reason="not_finite"} 0
    fuyun_invocation_decisions_total{reason="not_positive"} 0
    fuyun_invocation_decisions_total{reason="out_of_range"} 0
    fuyun_invocation_decisions_total{reason="payload_too_deep"} 0
    fuyun_invocation_decisions_total{reason="policy"} 0
    fuyun_invocation_decisions_total{reason="truncated_payload"} 0
    fuyun_invocation_decisions_total{reason="unknown_category"} 0
    fuyun_invocation_decisions_total{reason="wrong_type"} 0
    # HELP fuyun_invocation_limits_total Calls by the reason of their limit.
    # TYPE fuyun_invocation_limits_total counter
    fuyun_invocation_limits_total{reason="canary_rest"} 0
    fuyun_invocation_limits_total{reason="concurrent"} 0
    fuyun_invocation_limits_total{reason="frozen"} 0
    fuyun_invocation_limits_total{reason="function_mismatch"} 0
    fuyun_invocation_limits_total{reason="no_policy"} 0
    fuyun_invocation_limits_total{reason="observe"} 0
    fuyun_invocation_limits_total{reason="policy"} 0
    fuyun_invocation_limits_total{reason="preset"} 0
    fuyun_invocation_limits_total{reason="shadow"} 0
    fuyun_invocation_limits_total{reason="too_many_in_flight"} 0
    fuyun_invocation_limits_total{reason="unmanaged"} 0
    fuyun_invocation_limits_total{reason="use_unknown"} 0
    # HELP fuyun_invocation_ooms_total Calls that ran out of memory, by class.
    # TYPE fuyun_invocation_ooms_total counter
    fuyun_invocation_ooms_total{class="ancestor_limit"} 0
    fuyun_invocation_ooms_total{class="child_only"} 0
    fuyun_invocation_ooms_total{class="external_kill"} 0
    fuyun_invocation_ooms_total{class="global"} 0
    fuyun_invocation_ooms_total{class="group"} 0
    fuyun_invocation_ooms_total{class="own_limit"} 0
    fuyun_invocation_ooms_total{class="runtime_heap"} 0
    fuyun_invocation_ooms_total{class="timeout_kill"} 0
    fuyun_invocation_ooms_total{class="unknown"} 0
    fuyun_invocation_ooms_total{class="userspace_killer"} 0
    # HELP fuyun_invocation_outcomes_total Calls by the way they ended.
    # TYPE fuyun_invocation_outcomes_total counter
    fuyun_invocation_outcomes_total{outcome="abandoned"} 0
    fuyun_invocation_outcomes_total{outcome="crashed"} 0
    fuyun_invocation_outcomes_total{outcome="error"} 0
    fuyun_invocation_outcomes_total{outcome="success"} 0
    fuyun_invocation_outcomes_total{outcome="timeout"} 0
    # HELP fuyun_invocation_peaks_total Peaks by the way they were had.
    # TYPE fuyun_invocation_peaks_total counter
    fuyun_invocation_peaks_total{method="lifetime"} 0
    fuyun_invocation_peaks_total{method="sampled"} 0
    fuyun_invocation_peaks_total{method="window"} 0
    # HELP fuyun_invocation_thrashing_total Calls that thrashed at their limit.
    # TYPE fuyun_invocation_thrashing_total counter
    fuyun_invocation_thrashing_total 0
    # HELP fuyun_invocations_earlier_run_total Ends of calls that began in an earlier run of the agent.
    # TYPE fuyun_invocations_earlier_run_total counter
    fuyun_invocations_earlier_run_total 0
    # HELP fuyun_invocations_in_flight Calls in flight.
    # TYPE fuyun_invocations_in_flight gauge
    fuyun_invocations_in_flight 0
    # HELP fuyun_invocations_total Calls that began.
    # TYPE fuyun_invocations_total counter
    fuyun_invocations_total 0
    # HELP fuyun_invocations_untracked_total Calls that were not followed, as there were too many in their container.
    # TYPE fuyun_invocations_untracked_total counter
    fuyun_invocations_untracked_total 0
    # HELP fuyun_limiter_ceilings_adopted_total Ceilings adopted from the platform.
    # TYPE fuyun_limiter_ceilings_adopted_total counter
    fuyun_limiter_ceilings_adopted_total 0
    # HELP fuyun_limiter_held_total Limits kept above the decision because page cache was in the way.
    # TYPE fuyun_limiter_held_total counter
    fuyun_limiter_held_total 0
    # HELP fuyun_limiter_observe_only_total Containers that are only observed as someone else keeps writing their limits.
    # TYPE fuyun_limiter_observe_only_total counter
    fuyun_limiter_observe_only_total 0
    # HELP fuyun_limiter_overwrites_total Changes of memory.max or memory.swap.max by someone else.
    # TYPE fuyun_limiter_overwrites_total counter
    fuyun_limiter_overwrites_total 0
    # HELP fuyun_limiter_raises_total Times the limits of a policy version were raised on the node after a miss.
    # TYPE fuyun_limiter_raises_total counter
    fuyun_limiter_raises_total 0
    # HELP fuyun_limiter_reassertions_total Limits written again after such a change.
    # TYPE fuyun_limiter_reassertions_total counter
    fuyun_limiter_reassertions_total 0
    # HELP fuyun_limiter_settle_dropped_total Containers for which there was no room in the settle queue.
    # TYPE fuyun_limiter_settle_dropped_total counter
    fuyun_limiter_settle_dropped_total 0
    # HELP fuyun_limiter_settle_failures_total Containers for which giving back failed or did not end in time.
    # TYPE fuyun_limiter_settle_failures_total counter
    fuyun_limiter_settle_failures_total 0
    # HELP fuyun_limiter_settled_total Containers whose page cache was given back after a call.
    # TYPE fuyun_limiter_settled_total counter
    fuyun_limiter_settled_total 0
    # HELP fuyun_limiter_systemd_proposal_failures_total Ceilings that systemd refused.
    # TYPE fuyun_limiter_systemd_proposal_failures_total counter
    fuyun_limiter_systemd_proposal_failures_total 0
    # HELP fuyun_limiter_systemd_proposals_total Ceilings proposed to systemd.
    # TYPE fuyun_limiter_systemd_proposals_total counter
    fuyun_limiter_systemd_proposals_total 0
    # HELP fuyun_limiter_write_failures_total Writes of memory.max that failed.
    # TYPE fuyun_limiter_write_failures_total counter
    fuyun_limiter_write_failures_total 0
    # HELP fuyun_limiter_writes_total Writes of memory.max that were done.
    # TYPE fuyun_limiter_writes_total counter
    fuyun_limiter_writes_total 0
    # HELP fuyun_observations_dropped_total Observations dropped because the queue was full.
    # TYPE fuyun_observations_dropped_total counter
    fuyun_observations_dropped_total 0
    # HELP fuyun_observations_rotations_total Rotations of the observation log.
    # TYPE fuyun_observations_rotations_total counter
    fuyun_observations_rotations_total 0
    # HELP fuyun_observations_write_errors_total Writes of the observation log that failed; they are tried again.
    # TYPE fuyun_observations_write_errors_total counter
    fuyun_observations_write_errors_total 0
    # HELP fuyun_observations_written_total Observations written to the log.
    # TYPE fuyun_observations_written_total counter
    fuyun_observations_written_total 0
    # HELP fuyun_policies Policies in use.
    # TYPE fuyun_policies gauge
    fuyun_policies 1
    # HELP fuyun_policy_documents_bad Policy documents that are refused as they stand now.
    # TYPE fuyun_policy_documents_bad gauge
    fuyun_policy_documents_bad 0
    # HELP fuyun_policy_documents_refused_total Policy documents refused.
    # TYPE fuyun_policy_documents_refused_total counter
    fuyun_policy_documents_refused_total 0
    # HELP fuyun_policy_reloads_total Policy snapshots taken into use.
    # TYPE fuyun_policy_reloads_total counter
    fuyun_policy_reloads_total 1
    # HELP fuyun_rescue_calls_total Calls that needed more than they were given and got it while they ran.
    # TYPE fuyun_rescue_calls_total counter
    fuyun_rescue_calls_total 0
    # HELP fuyun_rescue_duration_seconds Time from the look to the written limits.
    # TYPE fuyun_rescue_duration_seconds histogram
    fuyun_rescue_duration_seconds_bucket{le="1e-05"} 0
    fuyun_rescue_duration_seconds_bucket{le="2.5e-05"} 0
    fuyun_rescue_duration_seconds_bucket{le="5e-05"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.0001"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.00025"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.0005"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.001"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.0025"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.005"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.01"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.025"} 0
    fuyun_rescue_duration_seconds_bucket{le="0.1"} 0
    fuyun_rescue_duration_seconds_bucket{le="1"} 0
    fuyun_rescue_duration_seconds_bucket{le="10"} 0
    fuyun_rescue_duration_seconds_bucket{le="+Inf"} 0
    fuyun_rescue_duration_seconds_sum 0
    fuyun_rescue_duration_seconds_count 0
    # HELP fuyun_rescue_given_up_total Containers for which no room came in time.
    # TYPE fuyun_rescue_given_up_total counter
    fuyun_rescue_given_up_total 0
    # HELP fuyun_rescue_granted_bytes What rescues in flight have above what their calls began with.
    # TYPE fuyun_rescue_granted_bytes gauge
    fuyun_rescue_granted_bytes 0
    # HELP fuyun_rescue_raises_total Raises of the limit of calls in flight.
    # TYPE fuyun_rescue_raises_total counter
    fuyun_rescue_raises_total{reason="allocation_failed"} 0
    fuyun_rescue_raises_total{reason="near_limit"} 0
    fuyun_rescue_raises_total{reason="thrashing"} 0
    # HELP fuyun_rescue_refused_total Containers whose tripwire could not be set.
    # TYPE fuyun_rescue_refused_total counter
    fuyun_rescue_refused_total 0
    # HELP fuyun_rescue_stall_seconds Time for which saved calls stood still for memory.
    # TYPE fuyun_rescue_stall_seconds histogram
    fuyun_rescue_stall_seconds_bucket{le="1e-05"} 0
    fuyun_rescue_stall_seconds_bucket{le="2.5e-05"} 0
    fuyun_rescue_stall_seconds_bucket{le="5e-05"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.0001"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.00025"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.0005"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.001"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.0025"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.005"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.01"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.025"} 0
    fuyun_rescue_stall_seconds_bucket{le="0.1"} 0
    fuyun_rescue_stall_seconds_bucket{le="1"} 0
    fuyun_rescue_stall_seconds_bucket{le="10"} 0
    fuyun_rescue_stall_seconds_bucket{le="+Inf"} 0
    fuyun_rescue_stall_seconds_sum 0
    fuyun_rescue_stall_seconds_count 0
    # HELP fuyun_rescue_trips_total Looks that found that a call in flight needs more memory.
    # TYPE fuyun_rescue_trips_total counter
    fuyun_rescue_trips_total 0
    # HELP fuyun_rescue_waiting Containers that wait for room on the node.
    # TYPE fuyun_rescue_waiting gauge
    fuyun_rescue_waiting 0
    # HELP fuyun_rescue_waits_total Times the node had no room for a rescue at first.
    # TYPE fuyun_rescue_waits_total counter
    fuyun_rescue_waits_total 0
    # HELP fuyun_server_begin_duration_seconds Time from a whole begin request to its answer.
    # TYPE fuyun_server_begin_duration_seconds histogram
    fuyun_server_begin_duration_seconds_bucket{le="1e-05"} 0
    fuyun_server_begin_duration_seconds_bucket{le="2.5e-05"} 0
    fuyun_server_begin_duration_seconds_bucket{le="5e-05"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.0001"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.00025"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.0005"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.001"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.0025"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.005"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.01"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.025"} 0
    fuyun_server_begin_duration_seconds_bucket{le="0.1"} 0
    fuyun_server_begin_duration_seconds_bucket{le="1"} 0
    fuyun_server_begin_duration_seconds_bucket{le="10"} 0
    fuyun_server_begin_duration_seconds_bucket{le="+Inf"} 0
    fuyun_server_begin_duration_seconds_sum 0
    fuyun_server_begin_duration_seconds_count 0
    # HELP fuyun_server_connections Connections open now.
    # TYPE fuyun_server_connections gauge
    fuyun_server_connections 1
    # HELP fuyun_server_connections_refused_total Connections closed because a bound was reached.
    # TYPE fuyun_server_connections_refused_total counter
    fuyun_server_connections_refused_total 0
    # HELP fuyun_server_connections_timed_out_total Connections closed for being idle or too slow.
    # TYPE fuyun_server_connections_timed_out_total counter
    fuyun_server_connections_timed_out_total 0
    # HELP fuyun_server_deadlines_passed_total Begins refused because the caller had stopped waiting.
    # TYPE fuyun_server_deadlines_passed_total counter
    fuyun_server_deadlines_passed_total 0
    # HELP fuyun_server_end_duration_seconds Time from a whole end request to its answer.
    # TYPE fuyun_server_end_duration_seconds histogram
    fuyun_server_end_duration_seconds_bucket{le="1e-05"} 0
    fuyun_server_end_duration_seconds_bucket{le="2.5e-05"} 0
    fuyun_server_end_duration_seconds_bucket{le="5e-05"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.0001"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.00025"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.0005"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.001"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.0025"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.005"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.01"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.025"} 0
    fuyun_server_end_duration_seconds_bucket{le="0.1"} 0
    fuyun_server_end_duration_seconds_bucket{le="1"} 0
    fuyun_server_end_duration_seconds_bucket{le="10"} 0
    fuyun_server_end_duration_seconds_bucket{le="+Inf"} 0
    fuyun_server_end_duration_seconds_sum 0
    fuyun_server_end_duration_seconds_count 0
    # HELP fuyun_server_requests_failed_total Requests answered with status 5xx.
    # TYPE fuyun_server_requests_failed_total counter
    fuyun_server_requests_failed_total 0
    # HELP fuyun_server_requests_refused_total Requests answered with status 4xx.
    # TYPE fuyun_server_requests_refused_total counter
    fuyun_server_requests_refused_total 0

    """#
