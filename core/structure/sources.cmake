# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  structure/body.cc
  structure/branch.cc
  structure/dense.cc
  structure/gathered.cc
  structure/loop.cc
  structure/maps.cc
  structure/object.cc
  structure/object_call.cc
  structure/operators.cc
  structure/scan.cc
  structure/sequence_map.cc
  structure/sequences.cc
  structure/structure.cc
  structure/view.cc)
tenon_core_tests(
  structure/dense_test.cc
  structure/gathered_test.cc
  structure/object_test.cc)
