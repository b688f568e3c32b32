# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  api/env.cc
  api/error.cc
  api/graph_json.cc
  api/load.cc
  api/optimize.cc
  api/options.cc
  api/output_pool.cc
  api/profile_json.cc
  api/report_json.cc
  api/run.cc
  api/session.cc
  api/value.cc
  api/value_items.cc
  api/weights.cc)
tenon_core_tests(api/output_pool_test.cc)
