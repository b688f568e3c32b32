# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  ir/constant.cc
  ir/graph.cc
  ir/text_parse.cc
  ir/text_print.cc
  ir/types.cc
  ir/verify.cc)
tenon_core_tests(
  ir/graph_test.cc
  ir/text_test.cc
  ir/types_test.cc
  ir/verify_test.cc)
