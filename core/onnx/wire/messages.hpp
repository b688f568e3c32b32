// SPDX-License-Identifier: Apache-2.0
// ONNX's messages as the file has them: views into its bytes, nothing interpreted. Field names are onnx.proto's.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace tenon::wire {

using Text = std::string_view;
using Entries = std::vector<std::pair<Text, Text>>;

struct Tensor {
  std::vector<int64_t> dims;
  int32_t data_type = 0;
  Text name;
  bool has_raw = false;
  Text raw_data;
  // Contents of float_data, int32_data, int64_data, double_data or uint64_data, not decoded: a packed field is one
  // piece, and so is each element of one that is not packed.
  std::vector<Text> pieces;
  uint32_t pieces_field = 0;  // 4, 5, 7, 10 or 11; 0: none
  bool mixed = false;         // more than one of these fields holds something
  std::vector<Text> string_data;
  Entries external_data;
  int32_t data_location = 0;
  bool segment = false;
};

struct SparseTensor {
  Tensor values;
  Tensor indices;
  std::vector<int64_t> dims;
};

struct Dimension {
  enum Kind : uint8_t { unset, value, param } kind = unset;
  int64_t dim_value = 0;
  Text dim_param;
};

struct Type {
  enum Kind : uint8_t { none, tensor, sequence, map, optional, sparse_tensor, opaque } kind = none;
  int32_t elem_type = 0;  // map: key_type
  bool has_shape = false;
  std::vector<Dimension> dims;
  std::unique_ptr<Type> element;
};

struct ValueInfo {
  Text name;
  Type type;
};

struct Graph;

struct Attribute {
  Text name;
  Text ref_attr_name;
  int32_t type = 0;
  float f = 0;
  int64_t i = 0;
  Text s;
  std::unique_ptr<Tensor> t;
  std::unique_ptr<Graph> g;
  std::unique_ptr<SparseTensor> sparse_tensor;
  std::unique_ptr<Type> tp;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<Text> strings;
  uint32_t seen = 0;   // bit n: field n was there (of f, i, s, t, g, tp and the lists)
  bool other = false;  // tensors, graphs, sparse_tensors or type_protos: kinds that no operator has
};

struct Node {
  std::vector<Text> input;
  std::vector<Text> output;
  Text name;
  Text op_type;
  Text domain;
  Text overload;
  std::vector<Attribute> attribute;
};

struct Graph {
  Text name;
  Text doc_string;
  std::vector<Node> node;
  std::vector<Tensor> initializer;
  std::vector<SparseTensor> sparse_initializer;
  std::vector<ValueInfo> input;
  std::vector<ValueInfo> output;
  std::vector<ValueInfo> value_info;
};

struct OperatorSetId {
  Text domain;
  int64_t version = 0;
};

struct Function {
  Text name;
  Text domain;
  Text overload;
  std::vector<Text> input;
  std::vector<Text> output;
  std::vector<Text> attribute;             // without a default
  std::vector<Attribute> attribute_proto;  // with one
  std::vector<Node> node;
  std::vector<OperatorSetId> opset_import;
  std::vector<ValueInfo> value_info;
};

struct Model {
  int64_t ir_version = 0;
  std::vector<OperatorSetId> opset_import;
  Text producer_name;
  Text producer_version;
  Text domain;
  int64_t model_version = 0;
  Text doc_string;
  bool has_graph = false;
  Graph graph;
  Entries metadata_props;
  std::vector<Function> functions;
};

}  // namespace tenon::wire
