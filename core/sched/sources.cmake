# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  sched/allocator.cc
  sched/blocks.cc
  sched/call_order.cc
  sched/executor.cc
  sched/expand.cc
  sched/flight.cc
  sched/frame_cache.cc
  sched/lower.cc
  sched/offsets.cc
  sched/order_calls.cc
  sched/placement.cc
  sched/plan.cc
  sched/program.cc
  sched/report.cc
  sched/segment_memory.cc
  sched/strided.cc
  sched/walk.cc)
tenon_core_tests(
  sched/blocks_test.cc
  sched/call_order_test.cc
  sched/expand_test.cc
  sched/flight_test.cc
  sched/offsets_test.cc
  sched/placement_test.cc)
