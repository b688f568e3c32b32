// SPDX-License-Identifier: Apache-2.0
#include "kernel.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/simd.hpp"

namespace tenon::cpu {
namespace {

const tenon_host* g_host = nullptr;  // the process's one table; written before any other call

template <class T>
void append_ints(const tenon_tensor& t, int64_t n, std::vector<int64_t>& out) {
  for (int64_t i = 0; i < n; ++i) {
    T x;
    std::memcpy(&x, static_cast<const std::byte*>(t.data) + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    out.push_back(static_cast<int64_t>(x));
  }
}

}  // namespace

void set_host(const tenon_host* host) { g_host = host; }

bool Refusal::set(uint32_t reason_, std::string text_, uint32_t value_) {
  reason = reason_;
  text = std::move(text_);
  value = value_;
  return false;
}

int Build::run_input(const Value& value) const {
  if (!value) return -1;
  const auto index = region.input_index(value.id());
  return index ? static_cast<int>(*index) : -1;
}

std::optional<std::vector<int64_t>> Build::const_ints(uint32_t input) const {
  const Value v = node.input(input);
  if (!v || !v.is_const()) return std::nullopt;
  return ints_of(session.weight(v.const_id(), 8).tensor);
}

std::optional<std::vector<float>> Build::const_floats(uint32_t input) const {
  const Value v = node.input(input);
  if (!v || !v.is_const() || v.dtype() != TENON_FLOAT32) return std::nullopt;
  const tenon_weight w = session.weight(v.const_id(), 4);
  const auto* data = static_cast<const float*>(w.tensor.data);
  return std::vector<float>(data, data + plugin::element_count(plugin::dims_of(w.tensor)));
}

Kernel::Kernel(const Build& build, std::string name)
    : node_text_(build.node.text()), name_(std::move(name)), max_workers_(build.session.max_workers()) {
  for (uint32_t i = 0; i < build.node.ninputs(); ++i) in_.push_back(build.run_input(build.node.input(i)));
  if (build.epilogue.nodes.empty()) {
    for (uint32_t i = 0; i < build.node.noutputs(); ++i) {
      const Value v = build.node.output(i);
      const auto index = v ? build.region.output_index(v.id()) : std::nullopt;
      out_.push_back(index ? static_cast<int>(*index) : -1);
    }
  } else {
    out_.push_back(static_cast<int>(build.region.output_index(build.epilogue.result.id()).value_or(0)));
    if (!build.epilogue.activation.is_identity() && !build.epilogue.activation.is_clamp())
      name_ += plugin::cat(" + ", name_of(build.epilogue.activation.function));
    if (build.epilogue.residual) name_ += " + add";
    if (build.epilogue.activation.is_clamp()) name_ += build.epilogue.activation.a == 0.0f ? " + relu" : " + clip";
  }
}

std::unique_ptr<Plan> Kernel::prepare(const Shapes&, tenon_prepared_info&) { return std::make_unique<Plan>(); }

void Kernel::prepack(uint32_t pack, const tenon_tensor&, const Task&) {
  plugin::fail(TENON_INTERNAL, node_text_, " asked for no pack ", pack);
}

void Kernel::bind_packed(uint32_t pack, const tenon_tensor&) {
  plugin::fail(TENON_INTERNAL, node_text_, " asked for no pack ", pack);
}

void Kernel::describe(tenon_exec_info& info) const {
  info.kernel = plugin::str(name_);
  info.aliases = aliases_.data();
  info.naliases = static_cast<uint32_t>(aliases_.size());
  info.alias_stride = sizeof(tenon_alias);
  info.packs = packs_.data();
  info.npacks = static_cast<uint32_t>(packs_.size());
  info.pack_stride = sizeof(tenon_pack_request);
}

void Kernel::alias(uint32_t output, uint32_t node_input) {
  if (!has(node_input) || !makes(output)) return;
  tenon_alias a{};
  a.output = static_cast<uint32_t>(out_[output]);
  a.input = static_cast<uint32_t>(in_[node_input]);
  a.kind = TENON_ALIAS_MAY;
  aliases_.push_back(a);
}

void Kernel::alias_residual(const Build& build) {
  const int input = build.run_input(build.epilogue.residual);
  if (input < 0) return;
  tenon_alias a{};
  a.output = static_cast<uint32_t>(out_[0]);
  a.input = static_cast<uint32_t>(input);
  a.kind = TENON_ALIAS_MAY;
  aliases_.push_back(a);
}

uint32_t Kernel::request_pack(const Value& constant, int64_t floats, const std::string& key) {
  keys_.push_back(plugin::cat("cpu.", simd::kIsa, ".", key));
  tenon_pack_request p{};
  p.const_id = constant.const_id();
  p.bytes = static_cast<uint64_t>(floats) * sizeof(float);
  p.align = 64;
  p.key = plugin::str(keys_.back());
  packs_.push_back(p);
  return static_cast<uint32_t>(packs_.size() - 1);
}

DimsView Kernel::dims(const Shapes& shapes, size_t input) const {
  return shapes.dims(static_cast<uint32_t>(in_[input]));
}

void Kernel::settle(const Shapes& shapes, size_t output, DimsView dims) const {
  if (!makes(output)) return;
  const auto index = static_cast<uint32_t>(out_[output]);
  const tenon_shape& shape = shapes.outputs()[index];
  // What the host knows has to be what the kernel will write: it gave memory for no more.
  const bool known = shape.rank != TENON_UNKNOWN_RANK;
  bool open = !known;
  bool fits = !known || shape.rank == dims.size();
  for (uint32_t i = 0; known && fits && i < shape.rank; ++i) {
    open = open || shape.dims[i] < 0;
    fits = shape.dims[i] < 0 || shape.dims[i] == dims[i];
  }
  plugin::require(fits, TENON_INVALID_TENSOR, node_text_, ": output ", output, " is planned as ",
                  DimsView(shape.dims, known ? shape.rank : 0), ", but the inputs make ", dims);
  if (open) shapes.set(index, dims);
}

std::optional<std::vector<int64_t>> Kernel::known_ints(const Shapes& shapes, size_t input) const {
  if (!has(input)) return std::nullopt;
  const tenon_tensor* value = shapes.inputs()[static_cast<uint32_t>(in_[input])].value;
  if (value == nullptr) return std::nullopt;
  return ints_of(*value);
}

void* Kernel::out_of(const Run& run, size_t output, DimsView dims) const {
  const auto index = static_cast<uint32_t>(out_[output]);
  if (run.open(index)) return run.alloc_output(index, dims).data;
  const tenon_tensor& t = run.output(index);
  plugin::require(std::ranges::equal(plugin::dims_of(t), dims), TENON_RUN, node_text_, ": output ", output,
                  " has dims ", plugin::dims_of(t), ", but the inputs make ", dims);
  return t.data;
}

Parallel Kernel::parallel(const Run& run) {
  return {g_host->parallel_for, run.raw().task, g_host->max_workers(run.raw().task)};
}

bool is_dtype(const Value& value, std::initializer_list<uint32_t> dtypes) {
  return std::ranges::find(dtypes, value.dtype()) != dtypes.end();
}

bool check_input(const Node& node, uint32_t input, std::initializer_list<uint32_t> dtypes, Refusal& refusal) {
  const Value v = node.input(input);
  if (!v || is_dtype(v, dtypes)) return true;
  return refusal.set(TENON_REFUSE_DTYPE,
                     plugin::cat(node.op(), " of ", plugin::dtype_name(v.dtype()), " is not in this provider"), v.id());
}

bool check_dtypes(const Node& node, std::initializer_list<uint32_t> dtypes, Refusal& refusal) {
  for (uint32_t i = 0; i < node.ninputs(); ++i)
    if (!check_input(node, i, dtypes, refusal)) return false;
  return true;
}

int64_t element_bytes(uint32_t dtype) {
  switch (dtype) {
    case TENON_UINT8:
    case TENON_INT8:
    case TENON_BOOL:
    case TENON_FLOAT8E4M3FN:
    case TENON_FLOAT8E4M3FNUZ:
    case TENON_FLOAT8E5M2:
    case TENON_FLOAT8E5M2FNUZ:
    case TENON_FLOAT8E8M0:
      return 1;
    case TENON_UINT16:
    case TENON_INT16:
    case TENON_FLOAT16:
    case TENON_BFLOAT16:
      return 2;
    case TENON_FLOAT32:
    case TENON_INT32:
    case TENON_UINT32:
      return 4;
    case TENON_INT64:
    case TENON_UINT64:
    case TENON_FLOAT64:
    case TENON_COMPLEX64:
      return 8;
    case TENON_COMPLEX128:
      return 16;
    default:
      return 0;
  }
}

int64_t count_of(DimsView dims) { return plugin::element_count(dims); }

Dims broadcast_dims(DimsView a, DimsView b, std::string_view who) {
  Dims out(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < out.size(); ++i) {
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    plugin::require(x == y || x == 1 || y == 1, TENON_RUN, who, ": dims ", a, " and ", b, " do not broadcast");
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

int64_t normal_axis(int64_t axis, size_t rank, std::string_view who) {
  const auto r = static_cast<int64_t>(rank);
  plugin::require(axis >= -r && axis < r, TENON_RUN, who, ": axis is ", axis, ", expected one in [", -r, ", ", r - 1,
                  "]");
  return axis < 0 ? axis + r : axis;
}

std::vector<int64_t> ints_of(const tenon_tensor& tensor) {
  std::vector<int64_t> out;
  const int64_t n = plugin::element_count(plugin::dims_of(tensor));
  if (tensor.dtype == TENON_INT32) {
    append_ints<int32_t>(tensor, n, out);
  } else {
    append_ints<int64_t>(tensor, n, out);
  }
  return out;
}

}  // namespace tenon::cpu
