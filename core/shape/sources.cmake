# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  shape/deciding.cc
  shape/infer.cc
  shape/ops/arithmetic.cc
  shape/ops/fill.cc
  shape/ops/gather.cc
  shape/ops/join.cc
  shape/ops/logic.cc
  shape/ops/movement.cc
  shape/ops/reduce.cc
  shape/ops/shape_of.cc
  shape/refine.cc
  shape/shape_program.cc
  shape/slice_op.cc
  shape/slice_plan.cc
  shape/slice_tensor.cc)
tenon_core_tests(
  shape/infer_test.cc
  shape/shape_program_test.cc
  shape/slice_op_test.cc)
