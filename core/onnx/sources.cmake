# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  onnx/wire/parse.cc
  onnx/wire/reader.cc)
