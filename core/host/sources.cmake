# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  host/custom_operators.cc
  host/device.cc
  host/discovery.cc
  host/graph_view.cc
  host/host_table.cc
  host/loader.cc
  host/manifest.cc
  host/node_runner.cc
  host/options.cc
  host/packed.cc
  host/provider.cc
  host/query.cc
  host/region.cc
  host/weights.cc)
tenon_core_tests(host/device_test.cc host/loader_test.cc host/manifest_test.cc host/query_test.cc host/region_test.cc)
