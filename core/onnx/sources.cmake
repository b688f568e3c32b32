# SPDX-License-Identifier: Apache-2.0
target_sources(tenon_core PRIVATE
  onnx/build.cc
  onnx/build_attributes.cc
  onnx/build_node.cc
  onnx/check.cc
  onnx/functions.cc
  onnx/guards.cc
  onnx/import.cc
  onnx/infer.cc
  onnx/libonnx.cc
  onnx/order.cc
  onnx/schema.cc
  onnx/tensors.cc
  onnx/forms/forms.cc
  onnx/wire/parse.cc
  onnx/wire/reader.cc)
