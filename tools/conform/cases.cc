// SPDX-License-Identifier: Apache-2.0
#include "cases.hpp"

#include <tenon/kit/dims.hpp>

#include <cstring>
#include <functional>

namespace tenon::conform {

namespace {

using Dims = std::vector<int64_t>;

/// Floats between -2 and 2 that differ from place to place; the same for the same dims and seed.
Tensor float_tensor(const Dims& dims, uint32_t seed) {
  Tensor out{TENON_FLOAT32, dims, std::vector<std::byte>(dense_bytes(TENON_FLOAT32, dims))};
  uint32_t state = seed * 2654435761u + 12345;
  for (size_t i = 0; i < out.bytes.size(); i += sizeof(float)) {
    state = state * 1664525u + 1013904223u;
    const float x = static_cast<float>(static_cast<int32_t>(state >> 8) % 4001 - 2000) / 1000.0f;
    std::memcpy(out.bytes.data() + i, &x, sizeof(x));
  }
  return out;
}

Tensor int64_tensor(const Dims& values) {
  Tensor out{TENON_INT64, {static_cast<int64_t>(values.size())}, std::vector<std::byte>(values.size() * 8)};
  std::memcpy(out.bytes.data(), values.data(), out.bytes.size());
  return out;
}

Attribute int_attr(const char* name, int64_t value) { return {name, TENON_ATTR_INT, value, 0, {}, {}, {}}; }
Attribute ints_attr(const char* name, Dims values) { return {name, TENON_ATTR_INTS, 0, 0, {}, std::move(values), {}}; }
Attribute string_attr(const char* name, const char* value) { return {name, TENON_ATTR_STRING, 0, 0, value, {}, {}}; }

/// Puts a case together. Every value that is no constant gets data, intermediate ones too: each claim runs alone.
class Builder {
 public:
  explicit Builder(std::string name) { case_.name = std::move(name); }

  uint32_t input(const Dims& dims) {
    const uint32_t id = value(dims, TENON_FLOAT32);
    case_.graph.inputs.push_back(id);
    return id;
  }
  uint32_t constant(Tensor tensor) {
    const uint32_t id = value(tensor.dims, tensor.dtype);
    case_.inputs.erase(id);
    case_.graph.values[id].constant = std::move(tensor);
    return id;
  }
  uint32_t weights(const Dims& dims) { return constant(float_tensor(dims, 99)); }
  /// Adds a node with one output.
  uint32_t node(const char* op, uint32_t form, std::vector<uint32_t> inputs, const Dims& dims,
                std::vector<Attribute> attributes = {}, uint32_t dtype = TENON_FLOAT32,
                const char* domain = "ai.onnx") {
    const uint32_t out = value(dims, dtype);
    case_.graph.nodes.push_back({domain, op, form, std::move(inputs), {out}, std::move(attributes), TENON_NO_ID});
    return out;
  }
  Case finish(std::vector<uint32_t> outputs) {
    case_.graph.outputs = std::move(outputs);
    return std::move(case_);
  }

 private:
  uint32_t value(const Dims& dims, uint32_t dtype) {
    const auto id = static_cast<uint32_t>(case_.graph.values.size());
    case_.graph.values.push_back({plugin::cat("v", id), dtype, dims, std::nullopt, TENON_NO_ID, TENON_NO_ID});
    case_.dims.push_back(dims);
    bool open = false;
    for (const int64_t d : dims) open = open || d < 0;
    if (dtype == TENON_FLOAT32 && !open) case_.inputs[id] = float_tensor(dims, id + 1);
    return id;
  }
  Case case_;
};

Case unary(std::string name, const char* op, uint32_t form, const Dims& dims) {
  Builder b(std::move(name));
  const uint32_t x = b.input(dims);
  return b.finish({b.node(op, form, {x}, dims)});
}

Case binary(std::string name, const char* op, const Dims& a, const Dims& c, const Dims& out) {
  Builder b(std::move(name));
  const uint32_t x = b.input(a);
  const uint32_t y = b.input(c);
  return b.finish({b.node(op, 7, {x, y}, out)});
}

Case matmul(std::string name, int64_t m, int64_t k, int64_t n, bool constant) {
  Builder b(std::move(name));
  const uint32_t x = b.input({m, k});
  const uint32_t w = constant ? b.weights({k, n}) : b.input({k, n});
  return b.finish({b.node("MatMul", 1, {x, w}, {m, n})});
}

Case conv() {
  Builder b("conv");
  const uint32_t x = b.input({1, 4, 7, 6});
  const uint32_t w = b.weights({5, 4, 3, 3});
  const uint32_t bias = b.weights({5});
  return b.finish(
      {b.node("Conv", 1, {x, w, bias}, {1, 5, 7, 6},
              {string_attr("auto_pad", "NOTSET"), ints_attr("dilations", {1, 1}), int_attr("group", 1),
               ints_attr("kernel_shape", {3, 3}), ints_attr("pads", {1, 1, 1, 1}), ints_attr("strides", {1, 1})})});
}

Case softmax() {
  Builder b("softmax");
  const uint32_t x = b.input({3, 11});
  return b.finish({b.node("Softmax", 13, {x}, {3, 11}, {int_attr("axis", -1)})});
}

Case transpose() {
  Builder b("transpose");
  const uint32_t x = b.input({2, 3, 5});
  return b.finish({b.node("Transpose", 1, {x}, {5, 2, 3}, {ints_attr("perm", {2, 0, 1})})});
}

Case reshape() {
  Builder b("reshape");
  const uint32_t x = b.input({2, 6});
  const uint32_t shape = b.constant(int64_tensor({3, 4}));
  return b.finish({b.node("Reshape", 5, {x, shape}, {3, 4}, {int_attr("allowzero", 0)})});
}

Case concat() {
  Builder b("concat");
  const uint32_t x = b.input({2, 3});
  const uint32_t y = b.input({4, 3});
  return b.finish({b.node("Concat", 4, {x, y}, {6, 3}, {int_attr("axis", 0)})});
}

Case nonzero() {
  Builder b("nonzero");
  const uint32_t x = b.input({3, 4});
  return b.finish({b.node("NonZero", 9, {x}, {2, TENON_UNKNOWN_DIM}, {}, TENON_INT64)});
}

/// x * y + z, then Relu, and a side branch that reads the product too when `branch`.
Case chain(std::string name, bool branch) {
  Builder b(std::move(name));
  const Dims dims{2, 6, 3};
  const uint32_t x = b.input(dims);
  const uint32_t y = b.input(dims);
  const uint32_t z = b.input(dims);
  const uint32_t product = b.node("Mul", 7, {x, y}, dims);
  const uint32_t sum = b.node("Add", 7, {product, z}, dims);
  const uint32_t result = b.node("Relu", 6, {sum}, dims);
  if (!branch) return b.finish({result});
  return b.finish({result, b.node("Add", 7, {product, result}, dims)});
}

Case dense_layer() {
  Builder b("matmul, add, relu with constant weights");
  const uint32_t x = b.input({4, 8});
  const uint32_t product = b.node("MatMul", 1, {x, b.weights({8, 6})}, {4, 6});
  const uint32_t sum = b.node("Add", 7, {product, b.weights({6})}, {4, 6});
  return b.finish({b.node("Relu", 6, {sum}, {4, 6})});
}

/// The same case as a graph in which no dim of an input or of what is made from one is known before a run.
Case with_open_dims(Case c) {
  c.name += ", open dims";
  for (ValueSpec& v : c.graph.values) {
    if (v.constant) continue;
    for (int64_t& d : v.dims) d = TENON_UNKNOWN_DIM;
  }
  return c;
}

std::optional<Case> own_case(const Provider& provider, const tenon_schema& schema) {
  const std::string name(plugin::view(schema.op));
  const std::string domain(plugin::view(schema.domain));
  Builder b(plugin::cat(domain, ":", name));
  std::vector<uint32_t> inputs;
  for (uint32_t i = 0; i < std::max(1u, schema.min_inputs) && i < 16; ++i) inputs.push_back(b.input({2, 3}));
  std::vector<Attribute> attributes;
  for (const tenon_attribute& a :
       plugin::Records<const tenon_attribute>(schema.attributes, schema.nattributes, schema.attribute_stride)) {
    if (a.count == 0) return std::nullopt;  // a required one, of which no sensible value is known here
    Attribute copy{std::string(plugin::view(a.name)), a.type, a.i, a.f, std::string(plugin::view(a.s)), {}, {}};
    if (a.type == TENON_ATTR_INTS) copy.ints.assign(a.ints, a.ints + a.count);
    if (a.type == TENON_ATTR_FLOATS) copy.floats.assign(a.floats, a.floats + a.count);
    attributes.push_back(std::move(copy));
  }
  const uint32_t first =
      b.node(name.c_str(), schema.since_version, inputs, {2, 3}, attributes, TENON_FLOAT32, domain.c_str());
  Case c = b.finish({first});
  // The dims of the output are what infer says they are.
  const GraphRecords records(c.graph, 0);
  std::vector<tenon_shape> in;
  Dims dims{2, 3};
  for (size_t i = 0; i < inputs.size(); ++i) in.push_back({TENON_FLOAT32, 2, dims.data(), nullptr});
  Dims out_dims(TENON_MAX_RANK, -7);
  tenon_shape out{TENON_UNDEFINED, TENON_UNKNOWN_RANK, out_dims.data(), nullptr};
  tenon_shapes shapes{sizeof(tenon_shapes), 0,    in.data(), static_cast<uint32_t>(in.size()),
                      sizeof(tenon_shape),  &out, 1,         sizeof(tenon_shape)};
  StatusBox status;
  const int32_t code = status.check(
      provider.report(), provider.table().infer(provider.self(), records.get()->nodes, &shapes, status.get()), "infer");
  if (code != TENON_OK || out.rank > TENON_MAX_RANK || out.dtype != TENON_FLOAT32) return std::nullopt;
  out_dims.resize(out.rank);
  c.graph.values[first].dims = out_dims;
  c.dims[first] = out_dims;
  return c;
}

}  // namespace

std::vector<Case> common_cases() {
  std::vector<Case> out;
  out.push_back(binary("add", "Add", {2, 3, 4}, {2, 3, 4}, {2, 3, 4}));
  out.push_back(binary("add, broadcast", "Add", {2, 3, 4}, {3, 1}, {2, 3, 4}));
  out.push_back(binary("mul", "Mul", {5, 7}, {5, 7}, {5, 7}));
  out.push_back(unary("relu", "Relu", 6, {3, 5}));
  out.push_back(unary("relu of a scalar", "Relu", 6, {}));
  out.push_back(unary("relu of an empty tensor", "Relu", 6, {2, 0, 3}));
  out.push_back(unary("sigmoid", "Sigmoid", 6, {17}));
  out.push_back(matmul("matmul", 4, 8, 3, false));
  out.push_back(matmul("matmul with constant weights", 4, 8, 3, true));
  out.push_back(conv());
  out.push_back(softmax());
  out.push_back(transpose());
  out.push_back(reshape());
  out.push_back(concat());
  out.push_back(nonzero());
  out.push_back(chain("mul, add, relu", false));
  out.push_back(chain("mul, add, relu and a branch", true));
  out.push_back(dense_layer());
  const size_t n = out.size();
  for (size_t i = 0; i < n; ++i) {
    if (!out[i].graph.values[out[i].graph.outputs[0]].dims.empty()) out.push_back(with_open_dims(out[i]));
  }
  return out;
}

std::vector<Case> own_cases(const Provider& provider) {
  std::vector<Case> out;
  if (provider.table().infer == nullptr) return out;
  for (const tenon_schema& s : provider.schemas()) {
    if (auto c = own_case(provider, s)) out.push_back(std::move(*c));
  }
  return out;
}

std::vector<Case> all_cases(const Provider& provider) {
  std::vector<Case> out = common_cases();
  for (Case& c : own_cases(provider)) out.push_back(std::move(c));
  return out;
}

std::vector<Case> large_cases() {
  std::vector<Case> out;
  out.push_back(matmul("large matmul", 96, 128, 80, false));
  out.push_back(matmul("large matmul with constant weights", 96, 128, 80, true));
  out.push_back(binary("large add", "Add", {64, 1000}, {64, 1000}, {64, 1000}));
  out.push_back(unary("large relu", "Relu", 6, {60000}));
  Builder b("large softmax");
  const uint32_t x = b.input({64, 300});
  out.push_back(b.finish({b.node("Softmax", 13, {x}, {64, 300}, {int_attr("axis", -1)})}));
  return out;
}

}  // namespace tenon::conform
