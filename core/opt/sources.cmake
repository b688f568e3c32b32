# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  opt/folding.cc
  opt/pass.cc
  opt/passes/batch_norm_into_weights.cc
  opt/passes/casts.cc
  opt/passes/common_subexpressions.cc
  opt/passes/constant_folding.cc
  opt/passes/dead_code.cc
  opt/passes/identities.cc
  opt/passes/inline_if.cc
  opt/passes/pad_into_window.cc
  opt/passes/raise_gelu.cc
  opt/passes/raise_layer_normalization.cc
  opt/passes/raise_swish.cc
  opt/passes/rounded_folding.cc
  opt/passes/scale_into_weights.cc
  opt/passes/shape_slice.cc
  opt/passes/transposes.cc
  opt/product.cc
  opt/raising.cc
  opt/run_passes.cc)
tenon_core_tests(
  opt/exact_passes_test.cc
  opt/models_test.cc
  opt/prohibitions_test.cc
  opt/rounding_passes_test.cc
  opt/run_passes_test.cc)
