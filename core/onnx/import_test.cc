// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/onnx/testing.hpp"

namespace tenon {
namespace {

using onnx_testing::expect_failure;
using onnx_testing::import_graph;
using onnx_testing::import_proto;
using onnx_testing::import_string;
using onnx_testing::model_of;
using onnx_testing::parse;

std::vector<int64_t> integers(const Constant& constant) {
  std::vector<int64_t> out;
  EXPECT_TRUE(read_integers(constant, &out));
  return out;
}

const Value& value_named(const Graph& graph, std::string_view name) {
  for (const Value& value : graph.values) {
    if (value.name == name) {
      return value;
    }
  }
  ADD_FAILURE() << "no value " << name;
  return graph.values.front();
}

const Constant& constant_named(const Model& model, std::string_view name) {
  const Value& value = value_named(*model.graph, name);
  EXPECT_NE(value.constant, kNone) << name;
  return *model.constants[value.constant];
}

TEST(Import, HeaderAndTypes) {
  auto model = import_proto(parse(R"(<ir_version: 9, opset_import: ["" : 20, "ai.onnx.ml" : 3], producer_name: "p",
    model_version: 4, metadata_props: ["k": "v"]>
    g (float[batch,3,"?"] x) => (float[batch,3,n] y) { y = Relu(x) })"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Model& m = **model;
  EXPECT_EQ(m.ir_version, 9);
  EXPECT_EQ(m.opsets, (std::map<std::string, uint32_t>{{"ai.onnx", 20}, {"ai.onnx.ml", 3}}));
  EXPECT_EQ(m.producer_name, "p");
  EXPECT_EQ(m.model_version, 4);
  EXPECT_EQ(m.metadata, (std::vector<std::pair<std::string, std::string>>{{"k", "v"}}));
  const Type& x = value_named(*m.graph, "x").type;
  EXPECT_EQ(m.symbols[(*x.shape)[0].symbol], "batch");
  EXPECT_EQ((*x.shape)[1].size, 3);
  EXPECT_EQ(m.symbols[(*x.shape)[2].symbol].front(), '?') << "a size without a name is an unknown of its own";
  EXPECT_EQ(value_named(*m.graph, "y").type.shape, x.shape);
  ASSERT_EQ(m.origins.size(), 1U);
  EXPECT_EQ(m.origins[0].path, "main/Relu_0");
  EXPECT_EQ(m.origins[0].opset, 20U);
}

TEST(Import, ConstantsAreValues) {
  auto model = import_graph(R"(g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
    a = Constant<value_ints = [1, 2]>()
    b = Constant<value_float = 0.5>()
    s = Constant<value_strings = ["p", "qr"]>()
    z = ConstantOfShape<value = int64[1] {7}>(a)
    y = Mul(x, w)
  })");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(integers(constant_named(**model, "a")), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(constant_named(**model, "b").dims.size(), 0U);
  const Constant& splat = constant_named(**model, "z");
  EXPECT_TRUE(splat.splat);
  EXPECT_EQ(splat.bytes, 8U);
  EXPECT_EQ(integers(splat), (std::vector<int64_t>{7, 7}));
  const Constant& strings = constant_named(**model, "s");
  int64_t offsets[3];
  std::memcpy(offsets, strings.data, sizeof(offsets));
  EXPECT_EQ(offsets[2], 3);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(strings.data) + sizeof(offsets), 3), "pqr");
  EXPECT_EQ((*model)->graph->order.size(), 1U);
  const auto removed = std::count_if((*model)->origins.begin(), (*model)->origins.end(),
                                     [](const Origin& origin) { return origin.fate == Fate::removed; });
  EXPECT_EQ(removed, 4);
}

TEST(Import, ASplatOfAnySizeTakesOneElement) {
  auto model =
      import_graph(R"(g () => (float[n] y) <int64[3] s = {100000, 100000, 100000}> { y = ConstantOfShape(s) })");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(constant_named(**model, "y").dims.size(), 3U);  // what a node makes wins over the declared rank
  EXPECT_EQ(constant_named(**model, "y").bytes, 4U);
  expect_failure(
      import_graph("g () => (float[a,b] y) <int64[2] s = {4611686018427387904, 4}> { y = ConstantOfShape(s) }"),
      TENON_INVALID_MODEL, "no 64-bit number");
}

TEST(Import, InitializersAreDefaultsFromIr4On) {
  tenon_onnx::ModelProto proto = model_of("g (float[2] x, float[2] w) => (float[2] y) { y = Mul(x, w) }", 13, 4);
  tenon_onnx::TensorProto* tensor = proto.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(1);
  tensor->add_dims(2);
  tensor->add_float_data(1);
  tensor->add_float_data(2);
  auto model = import_proto(proto);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ((*model)->graph->inputs.size(), 2U);
  EXPECT_EQ((*model)->overridable.size(), 1U);
  proto.set_ir_version(3);
  model = import_proto(proto);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ((*model)->graph->inputs.size(), 1U);
  EXPECT_NE(value_named(*(*model)->graph, "w").constant, kNone);
}

// One initializer `w` of an otherwise empty model.
Result<std::unique_ptr<Model>> import_tensor(const tenon_onnx::TensorProto& tensor, const ImportOptions& options = {}) {
  tenon_onnx::ModelProto proto = model_of("g (float[1] x) => (float[1] y) { y = Relu(x) }");
  *proto.mutable_graph()->add_initializer() = tensor;
  proto.mutable_graph()->mutable_initializer(0)->set_name("w");
  return import_proto(proto, options);
}

tenon_onnx::TensorProto tensor_of(int32_t dtype, const std::vector<int64_t>& dims) {
  tenon_onnx::TensorProto tensor;
  tensor.set_data_type(dtype);
  tensor.mutable_dims()->Add(dims.begin(), dims.end());
  return tensor;
}

// The constant that a tensor becomes.
std::string bytes_of(const tenon_onnx::TensorProto& tensor) {
  auto model = import_tensor(tensor);
  EXPECT_TRUE(model.ok()) << model.status().message();
  if (!model.ok()) {
    return "";
  }
  const Constant& constant = constant_named(**model, "w");
  return {reinterpret_cast<const char*>(constant.data), static_cast<size_t>(constant.bytes)};
}

TEST(ImportTensor, TypedFieldsAreConverted) {
  using namespace std::string_literals;
  auto tensor = tensor_of(TENON_FLOAT16, {2});
  tensor.add_int32_data(0x3C00);
  tensor.add_int32_data(0x4000);
  EXPECT_EQ(bytes_of(tensor), "\x00\x3C\x00\x40"s);
  tensor = tensor_of(TENON_INT8, {2});
  tensor.add_int32_data(-1);
  tensor.add_int32_data(5);
  EXPECT_EQ(bytes_of(tensor), "\xFF\x05"s);
  tensor = tensor_of(TENON_INT4, {3});
  tensor.add_int32_data(0x21);
  tensor.add_int32_data(0x03);
  EXPECT_EQ(bytes_of(tensor), "\x21\x03"s);
  tensor = tensor_of(TENON_UINT32, {1});
  tensor.add_uint64_data(0xFFFFFFFF);
  EXPECT_EQ(bytes_of(tensor), "\xFF\xFF\xFF\xFF"s);
  tensor = tensor_of(TENON_FLOAT64, {1});
  tensor.add_double_data(1.0);
  EXPECT_EQ(bytes_of(tensor), "\x00\x00\x00\x00\x00\x00\xF0\x3F"s);
  tensor = tensor_of(TENON_COMPLEX64, {1});
  tensor.add_float_data(1);
  tensor.add_float_data(2);
  EXPECT_EQ(bytes_of(tensor), "\x00\x00\x80\x3F\x00\x00\x00\x40"s);
  tensor = tensor_of(TENON_FLOAT6E2M3, {5});  // one a number in the field, a stream of bits in memory
  for (const int32_t bits : {1, 2, 3, 4, 63}) {
    tensor.add_int32_data(bits);
  }
  EXPECT_EQ(bytes_of(tensor), "\x81\x30\x10\x3F"s);
  tensor = tensor_of(TENON_BOOL, {3});
  tensor.set_raw_data("\x00\x02\x01"s);
  EXPECT_EQ(bytes_of(tensor), "\x00\x01\x01"s);
  tensor = tensor_of(TENON_FLOAT32, {0, 3});
  EXPECT_EQ(bytes_of(tensor), "");
}

TEST(ImportTensor, WhatDoesNotFitIsRefused) {
  const auto refused = [](const tenon_onnx::TensorProto& tensor, int32_t code, std::string_view words) {
    expect_failure(import_tensor(tensor), code, words);
  };
  auto tensor = tensor_of(TENON_FLOAT32, {2});
  refused(tensor, TENON_INVALID_MODEL, "main: initializer 'w' has no data");
  tensor.set_raw_data("12345");
  refused(tensor, TENON_INVALID_MODEL, "has 5 bytes of data, expected 8");
  tensor.add_float_data(1);
  refused(tensor, TENON_INVALID_MODEL, "more than one field");
  tensor = tensor_of(TENON_FLOAT32, {1 << 20, 1 << 20, 1 << 20, 1 << 20});
  refused(tensor, TENON_INVALID_MODEL, "no 64-bit number");
  tensor = tensor_of(TENON_FLOAT32, {int64_t{1} << 40});
  tensor.set_raw_data("1234");
  refused(tensor, TENON_INVALID_MODEL, "has 4 bytes of data");
  tensor = tensor_of(TENON_INT32, {int64_t{1} << 40});
  tensor.add_int32_data(1);
  refused(tensor, TENON_INVALID_MODEL, "at most 1 numbers, expected 1099511627776");
  tensor = tensor_of(TENON_INT64, {2});
  tensor.add_int64_data(1LL << 60);  // one number of nine bytes
  refused(tensor, TENON_INVALID_MODEL, "has 1 numbers, expected 2");
  tensor = tensor_of(TENON_INT64, {1});
  tensor.add_int32_data(1);
  refused(tensor, TENON_INVALID_MODEL, "field of another element type");
  tensor = tensor_of(TENON_FLOAT32, {-1});
  refused(tensor, TENON_INVALID_MODEL, "a dim of -1");
  refused(tensor_of(99, {1}), TENON_UNSUPPORTED, "unknown element type 99");
  refused(tensor_of(TENON_FLOAT32, std::vector<int64_t>(65, 1)), TENON_UNSUPPORTED, "rank 65");
  tensor = tensor_of(TENON_STRING, {2});
  tensor.add_string_data("one");
  refused(tensor, TENON_INVALID_MODEL, "has 1 strings, expected 2");
}

TEST(ImportTensor, SparseBecomesDense) {
  tenon_onnx::ModelProto proto = model_of("g (float[1] x) => (float[1] y) { y = Relu(x) }");
  tenon_onnx::SparseTensorProto* sparse = proto.mutable_graph()->add_sparse_initializer();
  sparse->add_dims(2);
  sparse->add_dims(3);
  *sparse->mutable_values() = tensor_of(TENON_INT64, {2});
  sparse->mutable_values()->set_name("w");
  sparse->mutable_values()->add_int64_data(5);
  sparse->mutable_values()->add_int64_data(6);
  *sparse->mutable_indices() = tensor_of(TENON_INT64, {2, 2});
  for (const int64_t index : {0, 1, 1, 2}) {
    sparse->mutable_indices()->add_int64_data(index);
  }
  auto model = import_proto(proto);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(integers(constant_named(**model, "w")), (std::vector<int64_t>{0, 5, 0, 0, 0, 6}));
  sparse->mutable_indices()->set_int64_data(3, 3);
  expect_failure(import_proto(proto), TENON_INVALID_MODEL, "the index 3, expected 0 to below 3");
  sparse->mutable_indices()->set_int64_data(3, 2);
  sparse->set_dims(0, int64_t{1} << 40);
  expect_failure(import_proto(proto), TENON_LIMIT, "dense_bytes");
}

class ImportFile : public testing::Test {
 protected:
  ImportFile() {
    folder_ = std::filesystem::temp_directory_path() / ("tenon_import_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "deep");
  }
  ~ImportFile() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  // Imports a model in `folder_` whose tensor `w` of two floats lies elsewhere.
  Result<std::unique_ptr<Model>> import_external(const std::vector<std::pair<std::string, std::string>>& entries) {
    tenon_onnx::ModelProto proto = model_of("g (float[2] x) => (float[2] y) { y = Mul(x, w) }");
    tenon_onnx::TensorProto* tensor = proto.mutable_graph()->add_initializer();
    *tensor = tensor_of(TENON_FLOAT32, {2});
    tensor->set_name("w");
    tensor->set_data_location(tenon_onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : entries) {
      auto* entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    write("model.onnx", proto.SerializeAsString());
    return import_file((folder_ / "model.onnx").string());
  }
  std::filesystem::path folder_;
};

TEST_F(ImportFile, WeightsStayInTheFile) {
  write("deep/w.bin", std::string(12, '\0') + std::string("\x00\x00\x80\x3F\x00\x00\x00\x40", 8));
  auto model = import_external({{"location", "deep/w.bin"}, {"offset", "12"}, {"length", "8"}});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Constant& constant = constant_named(**model, "w");
  EXPECT_GE(constant.fd, 0);
  EXPECT_EQ(constant.file_offset, 12U);
  float values[2];
  std::memcpy(values, constant.data, sizeof(values));
  EXPECT_EQ(values[1], 2.0F);
}

TEST_F(ImportFile, ExternalDataStaysBeneathTheFolder) {
  write("w.bin", std::string(8, '\0'));
  std::filesystem::create_symlink("/etc/hostname", folder_ / "link.bin");
  expect_failure(import_external({{"location", "/etc/hostname"}}), TENON_PERMISSION, "'/etc/hostname'");
  expect_failure(import_external({{"location", "../w.bin"}}), TENON_PERMISSION, "'../w.bin'");
  expect_failure(import_external({{"location", "deep/../../w.bin"}}), TENON_PERMISSION, "");
  expect_failure(import_external({{"location", "link.bin"}}), TENON_PERMISSION, "'link.bin'");
  expect_failure(import_external({{"location", "deep"}}), TENON_PERMISSION, "'deep'");
  expect_failure(import_external({{"location", "none.bin"}}), TENON_NOT_FOUND, "'none.bin'");
  expect_failure(import_external({}), TENON_INVALID_MODEL, "not named");
  expect_failure(import_external({{"location", "w.bin"}, {"offset", "1"}}), TENON_INVALID_MODEL, "which has 8");
  expect_failure(import_external({{"location", "w.bin"}, {"offset", "18446744073709551615"}}), TENON_INVALID_MODEL,
                 "w.bin");
  expect_failure(import_external({{"location", "w.bin"}, {"offset", "-1"}}), TENON_INVALID_MODEL, "unreadable offset");
  expect_failure(import_external({{"location", "w.bin"}, {"length", "4"}}), TENON_INVALID_MODEL, "length of 4 bytes");
}

TEST_F(ImportFile, ACacheOfLinksLoads) {
  std::filesystem::create_directories(folder_ / "blobs");
  std::filesystem::create_directories(folder_ / "snapshots/c0/onnx");
  write("w.bin", std::string(8, '\0'));
  expect_failure(import_external({{"location", "model.onnx_data"}}), TENON_NOT_FOUND, "model.onnx_data");
  std::filesystem::rename(folder_ / "model.onnx", folder_ / "blobs/1a2b");
  std::filesystem::rename(folder_ / "w.bin", folder_ / "blobs/3c4d");
  for (const std::string place : {"snapshots/c0", "snapshots/c0/onnx"}) {
    const std::string up = place.ends_with("onnx") ? "../../../blobs/" : "../../blobs/";
    std::filesystem::create_symlink(up + "1a2b", folder_ / place / "model.onnx");
    std::filesystem::create_symlink(up + "3c4d", folder_ / place / "model.onnx_data");
    const std::string path = (folder_ / place / "model.onnx").string();
    const auto model = import_file(path);
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_GE(constant_named(**model, "w").fd, 0);
    ImportOptions options;
    options.external_root = (folder_ / place).string();  // a folder that the caller names holds all there is
    expect_failure(import_file(path, options), TENON_PERMISSION, "through a link");
    std::filesystem::remove(folder_ / place / "model.onnx_data");
    std::filesystem::create_symlink("/etc/hostname", folder_ / place / "model.onnx_data");
    expect_failure(import_file(path), TENON_PERMISSION, "through a link");
  }
}

TEST_F(ImportFile, BytesAloneHaveNoFolder) {
  write("w.bin", std::string(8, '\0'));
  ASSERT_TRUE(import_external({{"location", "w.bin"}}).ok());
  std::ifstream file(folder_ / "model.onnx", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  expect_failure(import_string(bytes), TENON_PERMISSION, "no folder");
  ImportOptions options;
  options.external_root = folder_.string();
  EXPECT_TRUE(import_string(bytes, options).ok());
}

TEST_F(ImportFile, ReadModeKeepsNoFile) {
  write("m.onnx",
        model_of("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Mul(x, w) }").SerializeAsString());
  ImportOptions options;
  options.weights = WeightsMode::read;
  auto model = import_file((folder_ / "m.onnx").string(), options);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(constant_named(**model, "w").fd, -1);
  expect_failure(import_file((folder_ / "other.onnx").string()), TENON_NOT_FOUND, "other.onnx");
}

// ---- Names, graphs, bodies -----------------------------------------------------------------------------------------

TEST(ImportNames, NodesMayStandInAnyOrder) {
  auto model = import_graph("g (float[2] x) => (float[2] y) { y = Relu(a) a = Neg(b) b = Abs(x) }");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Graph& graph = *(*model)->graph;
  EXPECT_EQ(graph.nodes[graph.order[0]].op, "Abs");
  EXPECT_EQ(graph.nodes[graph.order[2]].op, "Relu");
}

TEST(ImportNames, MistakesAreNamed) {
  const struct {
    const char* graph;
    const char* words;
  } cases[] = {
      {"g (float[2] x) => (float[2] y) { a = Add(x, b) b = Neg(a) y = Relu(b) }",
       "main has a cycle: Add_0 -> Neg_1 -> Add_0"},
      {"g (float[2] x) => (float[2] y) { y = Add(x, y) }", "main has a cycle: Add_0 -> Add_0"},
      {"g (float[2] x) => (float[2] y) { y = Relu(x) y = Neg(x) }", "value 'y' is already made by Relu_0"},
      {"g (float[2] x) => (float[2] x) { x = Relu(x) }", "value 'x' is already made by an input"},
      {"g (float[2] x, float[2] x) => (float[2] y) { y = Relu(x) }", "input 'x' stands there twice"},
      {"g (float[2] x) => (float[2] y) { y = Relu(z) }", "main/Relu_0 (ai.onnx.Relu): reads 'z', which nothing makes"},
      {"g (float[2] x) => (float[2] z) { y = Relu(x) }", "output 'z' is made by nothing"},
      {"g (float[2] x) => (float[2] y) { y = Relu(x, x) }", "has 2 inputs, expected 1"},
      {"g (float[2] x) => (float[2] y) { y = Add(x, ) }", "has 1 inputs, expected 2"},
      {"g (float[2,2] x) => (float[2,2] y) { y = Gemm(x, , x) }", "input 'B' is required but absent"},
      {"g (float[2] x) => (float[2] y) { y, z = Relu(x) }", "has 2 outputs, expected 1"},
      {"g (float[2] x) => (float[2] y) { y = Elu<alpha = 1>(x) }", "attribute 'alpha' is of type int, expected float"},
      {"g (float[2] x) => (float[2] y) { y = Elu<alhpa = 1.0>(x) }", "did you mean 'alpha'?"},
      {"g (float[2] x) => (float[4] y) { y = Concat(x, x) }", "lacks the required attribute 'axis'"},
      {"g (float[2] x) => (int64[2] y) { y = Relu(x) }",
       "declared as tensor(int64)[2], but its node makes a tensor(float32)[2]"},
      {"g (float[2] x, int64[2] k) => (float[2] y) { y = Add(x, k) }",
       "input 'B' is a tensor(int64)[2], expected a tensor(float32)"},
      {"g (bool[2] x) => (bool[2] y) { y = Relu(x) }", "input 'X' is a tensor(bool)[2], expected one of"},
      {"g (float[2,3] a, float[4,5] b) => (float[2,5] y) { y = MatMul(a, b) }", "main/MatMul_0 (ai.onnx.MatMul): "},
      {"g (float[2] x) => (float[2] y) { y = Softmax<axis = 9>(x) }", "ai.onnx.Softmax"},
      {"g (float[1,3,8,8] x, float[4,2,3,3] w) => (float[1,4,6,6] y) { y = Conv(x, w) }",
       "3 channels, but the weights are for 2"},
      {"g (float[1,3,8,8] x, float[4,3,3,3] w) => (float[1,4,6,6] y) { y = Conv<group = 0>(x, w) }",
       "'group' must be at least 1"},
      {"g (float[2,3] x) => (float[7] y) <int64[1] s = {7}> { y = Reshape(x, s) }",
       "has 6 elements, but the new shape has 7"},
  };
  for (const auto& [graph, words] : cases) {
    SCOPED_TRACE(graph);
    expect_failure(import_graph(graph), TENON_INVALID_MODEL, words);
  }
}

TEST(ImportNames, WhatNobodyHasIsUnsupported) {
  expect_failure(import_graph("g (float[2] x) => (float[2] y) { y = Frobnicate(x) }"), TENON_UNSUPPORTED,
                 "main/Frobnicate_0 (ai.onnx.Frobnicate): there is no operator Frobnicate in opset 28 of ai.onnx");
  expect_failure(import_graph("g (float[2] x) => (float[2] y) { y = Gelu(x) }", 19), TENON_UNSUPPORTED,
                 "came with a later one");
  expect_failure(import_graph("g (float[2] x) => (float[2] y) { y = com.acme.Fast(x) }"), TENON_INVALID_MODEL,
                 "does not import the domain com.acme");
  expect_failure(import_graph("g (float[2] x) => (float[2] y) { y = Relu(x) }", 29), TENON_VERSION, "opset 29");
  expect_failure(import_graph("g (float[2] x) => (float[2] y) { y = Relu(x) }", 13, 99), TENON_VERSION,
                 "IR version 99");
  expect_failure(import_graph("g (float[2] x) => (float[2] y) { y = Relu(x) }", 13, 2), TENON_VERSION, "IR version 2");
}

TEST(ImportBodies, CaptureValuesAndShareConstants) {
  auto model = import_graph(R"(g (bool c, bool d, float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
    a = Neg(x)
    y = If(c) <
      then_branch = t () => (float[2] r) {
        r = If(d) <then_branch = tt () => (float[2] q) { q = Mul(a, w) }, else_branch = te () => (float[2] q) { q = Relu(x) }>
      },
      else_branch = e () => (float[2] r) { r = Identity(w) }>
  })");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Graph& main = *(*model)->graph;
  const Node& node = main.nodes[main.order[1]];
  const Graph& then = *node.body("then_branch");
  EXPECT_EQ(then.captures.size(), 3U);  // d, a, x; not w
  const Graph& inner = *then.nodes[then.order[0]].body("then_branch");
  EXPECT_EQ(inner.captures.size(), 1U);
  EXPECT_EQ(value_named(inner, "w").constant, value_named(main, "w").constant);
  EXPECT_EQ(value_named(inner, "q").type.shape, value_named(main, "x").type.shape);
  EXPECT_EQ(node.body("else_branch")->captures.size(), 0U);
  std::vector<std::string> paths;
  for (const Origin& origin : (*model)->origins) {
    paths.push_back(origin.path);
  }
  EXPECT_NE(std::find(paths.begin(), paths.end(), "main/If_1.then_branch/If_0.else_branch/Relu_0"), paths.end());
}

TEST(ImportBodies, LoopAndScanGiveTypes) {
  auto model = import_graph(R"(g (int64 n, float[2] x) => (float[2] last, float[k,2] all) {
    t = Constant<value = bool {1}>()
    last, all = Loop(n, t, x) <body = b (int64 i, bool c, float[2] s) => (bool c2, float[2] s2, float[2] o) {
      c2 = Identity(c)
      s2 = Neg(s)
      o = Relu(s)
    }>
  })");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(value_named(*(*model)->graph, "all").type.dtype, static_cast<Dtype>(TENON_FLOAT32));
  model = import_graph(R"(g (float[3] s, float[5,3] x) => (float[3] f, float[5,3] y) {
    f, y = Scan(s, x) <num_scan_inputs = 1, body = b (float[3] a, float[3] e) => (float[3] a2, float[3] o) {
      a2 = Add(a, e)
      o = Identity(a2)
    }>
  })");
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ((*value_named(*(*model)->graph, "y").type.shape)[0].size, 5);
}

TEST(ImportBodies, ABranchThatNeverRunsMayContradictItself) {
  const char* body =
      "then_branch = t () => (float[n] r) { r = Add(x, z) }, else_branch = e () => (float[n] r) { r = Relu(x) }";
  EXPECT_TRUE(
      import_graph("g (bool c, float[2] x, float[3] z) => (float[n] y) { y = If(c) <" + std::string(body) + "> }")
          .ok());
}

// ---- Functions of the model ----------------------------------------------------------------------------------------

constexpr const char* kFunctionModel = R"(<ir_version: 9, opset_import: ["" : 20, "local" : 1]>
  g (float[2,3] x) => (float[2,3] y) {
    h = local.scaled<by = 2.0>(x)
    y = local.scaled(h)
  }
  <domain: "local", opset_import: ["" : 11]>
  scaled <by: float = 3.0> (v) => (r) {
    f = Constant<value_float: float = @by>()
    s = Softmax(v)
    r = Mul(s, f)
  })";

TEST(ImportFunctions, AreInlinedWithTheirOwnOpset) {
  // Constant's value_float came with opset 12, Softmax meant another thing before 13: both are the function's own.
  expect_failure(import_proto(parse(kFunctionModel)), TENON_INVALID_MODEL, "value_float");
  std::string text(kFunctionModel);
  text.replace(text.find("[\"\" : 11]"), 9, "[\"\" : 12]");
  auto model = import_proto(parse(text));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Graph& graph = *(*model)->graph;
  ASSERT_EQ(graph.order.size(), 4U);
  EXPECT_EQ(graph.nodes[graph.order[0]].op, "Softmax");
  EXPECT_EQ(graph.nodes[graph.order[0]].int_or("axis", 0), -1);
  EXPECT_EQ(graph.path_of(graph.order[0]), "main/scaled_0/Softmax_1");
  float by = 0;
  std::memcpy(&by, constant_named(**model, "scaled_0/f").data, sizeof(by));
  EXPECT_EQ(by, 2.0F);
  std::memcpy(&by, constant_named(**model, "scaled_1/f").data, sizeof(by));
  EXPECT_EQ(by, 3.0F);
  EXPECT_EQ(graph.values[graph.outputs[0]].name, "y");
  EXPECT_EQ((*model)->origins[0].by, "inlining");
}

// Functions f0 .. f(n-1), each calling the next one twice.
std::string doubling(int functions, int last_calls) {
  std::string text =
      "<ir_version: 9, opset_import: [\"\" : 20, \"l\" : 1]> g (float[2] x) => (float[2] y) { y = l.f0(x) }\n";
  for (int i = 0; i < functions; ++i) {
    const int callee = i + 1 == functions ? last_calls : i + 1;
    const std::string call = callee < 0 ? "Relu" : "l.f" + std::to_string(callee);
    text += "<domain: \"l\", opset_import: [\"\" : 20, \"l\" : 1]> f" + std::to_string(i) +
            " (a) => (c) { b = " + call + "(a) c = " + call + "(b) }\n";
  }
  return text;
}

TEST(ImportFunctions, AreBounded) {
  auto model = import_proto(parse(doubling(5, -1)));
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ((*model)->graph->order.size(), 32U);
  expect_failure(import_proto(parse(doubling(40, -1))), TENON_LIMIT, "'nodes'");
  expect_failure(import_proto(parse(doubling(80, -1))), TENON_LIMIT, "'nesting'");
  expect_failure(import_proto(parse(doubling(3, 1))), TENON_INVALID_MODEL,
                 "a function calls itself: l.f1 -> l.f2 -> l.f1");
}

TEST(ImportFunctions, OutputsThatAreInputsGetTheirOwnValue) {
  auto model = import_proto(parse(R"(<ir_version: 9, opset_import: ["" : 20, "l" : 1]>
    g (float[2] x) => (float[2] y) { y = l.same(x) }
    <domain: "l", opset_import: ["" : 20]> same (a) => (a) { b = Relu(a) })"));
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Graph& graph = *(*model)->graph;
  EXPECT_EQ(graph.values[graph.outputs[0]].name, "y");
  EXPECT_EQ(graph.nodes[graph.values[graph.outputs[0]].producer].op, "Identity");
}

// ---- Limits, custom operators, whole models ------------------------------------------------------------------------

TEST(ImportLimits, AreNamed) {
  const std::string bytes =
      model_of("g (float[2] x) => (float[2] y) { a = Relu(x) b = Relu(a) y = Relu(b) }").SerializeAsString();
  ImportOptions options;
  options.limits.nodes = 2;
  expect_failure(import_string(bytes, options), TENON_LIMIT, "'nodes' of 2");
  options = {};
  options.limits.file_bytes = 10;
  expect_failure(import_string(bytes, options), TENON_LIMIT, "'file_bytes' of 10");
  options = {};
  options.limits.table_bytes = 100;
  expect_failure(import_string(bytes, options), TENON_LIMIT, "'table_bytes'");
}

TEST(ImportCustom, OperatorsOfProvidersHaveSchemaAndTypes) {
  onnx_facts::CustomOperator op;
  op.domain = "com.acme";
  op.op = "Twice";
  op.provider = "acme";
  op.min_inputs = op.max_inputs = 1;
  op.attributes.push_back({});
  op.attributes[0].value.name = "gain";
  op.attributes[0].value.type = 2;
  op.attributes[0].value.i = 7;
  op.infer = [](const Node&, std::span<const onnx_facts::InferInput> inputs, std::vector<Type>* out) {
    *out = {*inputs[0].type};
    return Status();
  };
  const onnx_facts::CustomLookup lookup = [&](std::string_view domain, std::string_view name, uint32_t) {
    return domain == op.domain && name == op.op ? &op : nullptr;
  };
  ImportOptions options;
  options.custom = &lookup;
  const auto import = [&](const std::string& node) {
    return import_proto(
        parse("<ir_version: 9, opset_import: [\"\" : 20, \"com.acme\" : 1]> g (float[2] x) => (float[2] y) { y = " +
              node + " }"),
        options);
  };
  auto model = import("com.acme.Twice(x)");
  ASSERT_TRUE(model.ok()) << model.status().message();
  const Graph& graph = *(*model)->graph;
  EXPECT_EQ(graph.nodes[graph.order[0]].int_or("gain", 0), 7);
  EXPECT_EQ((*value_named(graph, "y").type.shape)[0].size, 2);
  expect_failure(import("com.acme.Twice(x, x)"), TENON_INVALID_MODEL, "has 2 inputs, expected 1");
  expect_failure(import("com.acme.Thrice(x)"), TENON_UNSUPPORTED, "com.acme.Thrice");
}

TEST(ImportModels, GraphsOfRealExportersWithoutWeights) {
  const std::filesystem::path folder = std::filesystem::path(TENON_SOURCE_DIR) / "tests/models";
  size_t models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".onnx") {
      continue;
    }
    ++models;
    EXPECT_FALSE(import_file(entry.path().string()).ok()) << "its weights are missing";
    ImportOptions options;
    options.missing_weights_as_zero = true;
    auto model = import_file(entry.path().string(), options);
    ASSERT_TRUE(model.ok()) << model.status().message();
    EXPECT_TRUE(verify(**model).ok()) << verify(**model).message();
    for (const NodeId id : (*model)->graph->order) {
      for (const ValueId output : (*model)->graph->nodes[id].outputs) {
        EXPECT_TRUE(output == kNone || (*model)->graph->values[output].type.known()) << (*model)->graph->path_of(id);
      }
    }
  }
  EXPECT_EQ(models, 8U);
}

}  // namespace
}  // namespace tenon
