# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  structure/branch.cc
  structure/operators.cc
  structure/view.cc)
