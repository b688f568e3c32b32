// SPDX-License-Identifier: Apache-2.0
#include "operator.hpp"

#include <algorithm>
#include <utility>

namespace tenon::reference {

#define OP(Name, file) extern const Operator op_##file;
#include "ops/ai.onnx/ops.def"
#undef OP

namespace {

using plugin::cat;

constexpr Entry kOperators[] = {
#define OP(Name, file) {"ai.onnx", &op_##file},
#include "ops/ai.onnx/ops.def"
#undef OP
};

// An operand as an Operator spells it, taken apart.
struct Operand {
  std::string_view type;
  bool optional = false;
  bool variadic = false;
};

Operand parse(std::string_view text) {
  Operand out{text};
  if (text.ends_with("?")) {
    out.optional = true;
    out.type.remove_suffix(1);
  } else if (text.ends_with("...")) {
    out.variadic = true;
    out.type.remove_suffix(3);
  }
  return out;
}

template <size_t N>
size_t used(const std::string_view (&operands)[N]) {
  return static_cast<size_t>(std::find(operands, operands + N, std::string_view()) - operands);
}

// The spelling of operand `i`: the last one again and again when it is variadic; "" past the end.
template <size_t N>
std::string_view operand(const std::string_view (&operands)[N], size_t i) {
  const size_t n = used(operands);
  if (i < n) return operands[i];
  return n != 0 && parse(operands[n - 1]).variadic ? operands[n - 1] : std::string_view();
}

kit::DtypeSet types_of(const Operator& op, std::string_view type) {
  for (const TypeParameter& p : op.types) {
    if (p.name == type) return p.types;
  }
  for (uint32_t d = 1; d < TENON_DTYPE_COUNT; ++d) {
    if (plugin::dtype_name(d) == type) return {d};
  }
  return {};
}

// Checks the dtypes of a node's inputs or outputs; a type parameter is bound by the first operand that has it.
class TypeCheck {
 public:
  explicit TypeCheck(const Operator& op) : op_(op) {}

  std::optional<Refusal> add(std::string_view spelling, std::string_view side, uint32_t i, const plugin::Value& value) {
    const Operand o = parse(spelling);
    if (spelling.empty()) return Refusal{TENON_REFUSE_OP, cat("there is no ", side, " ", i)};
    if (!value) {
      if (o.optional || side == "output") return std::nullopt;
      return Refusal{TENON_REFUSE_OP, cat(side, " ", i, " is missing")};
    }
    if (!types_of(op_, o.type).has(value.dtype())) {
      return Refusal{
          TENON_REFUSE_DTYPE,
          cat(side, " ", i, " is ", plugin::dtype_name(value.dtype()), ", which ", op_.name, " does not have there"),
          value.id()};
    }
    for (const auto& [type, dtype] : bound_) {
      if (type != o.type || dtype == value.dtype()) continue;
      return Refusal{TENON_REFUSE_DTYPE,
                     cat(side, " ", i, " is ", plugin::dtype_name(value.dtype()), ", expected ",
                         plugin::dtype_name(dtype), " as the others of type ", type),
                     value.id()};
    }
    bound_.emplace_back(o.type, value.dtype());
    return std::nullopt;
  }

 private:
  const Operator& op_;
  std::vector<std::pair<std::string_view, uint32_t>> bound_;
};

template <size_t N>
std::string join(const std::string_view (&operands)[N]) {
  std::string out;
  for (size_t i = 0; i < used(operands); ++i) out += (i == 0 ? "" : ",") + std::string(operands[i]);
  return out;
}

}  // namespace

std::span<const Entry> operators() { return kOperators; }

const Operator* find_operator(std::string_view domain, std::string_view name) {
  for (const Entry& e : operators()) {
    if (e.op->name == name && e.domain == domain) return e.op;
  }
  return nullptr;
}

std::optional<Refusal> refusal(const plugin::Node& node) {
  const Operator* op = find_operator(node.domain(), node.op());
  if (op == nullptr) return Refusal{TENON_REFUSE_OP, cat("there is no operator ", node.domain(), ".", node.op())};
  if (node.form() != op->form) {
    return Refusal{TENON_REFUSE_FORM, cat("form ", node.form(), " of ", op->name, " is not known, only ", op->form)};
  }
  TypeCheck check(*op);
  const size_t formal = used(op->inputs);
  const bool open = formal != 0 && parse(op->inputs[formal - 1]).variadic;
  const auto n = static_cast<uint32_t>(open ? node.ninputs() : std::max<size_t>(node.ninputs(), formal));
  for (uint32_t i = 0; i < n; ++i) {
    if (auto r = check.add(operand(op->inputs, i), "input", i, node.input(i))) return r;
  }
  for (uint32_t i = 0; i < node.noutputs(); ++i) {
    if (auto r = check.add(operand(op->outputs, i), "output", i, node.output(i))) return r;
  }
  if (op->refuse != nullptr) {
    if (std::string text = op->refuse(node); !text.empty()) return Refusal{TENON_REFUSE_ATTR, std::move(text)};
  }
  return std::nullopt;
}

std::string list_operators() {
  std::string out;
  for (const Entry& e : operators()) {
    out += cat(e.domain, " ", e.op->name, " ", e.op->form);
    for (const TypeParameter& p : e.op->types) {
      if (p.name.empty()) continue;
      std::string names;
      for (uint32_t d = 1; d < TENON_DTYPE_COUNT; ++d) {
        if (p.types.has(d)) names += (names.empty() ? "" : ",") + std::string(plugin::dtype_name(d));
      }
      out += cat(" ", p.name, "=", names);
    }
    out += cat(" in=", join(e.op->inputs), " out=", join(e.op->outputs), "\n");
  }
  return out;
}

Context::Context(const CompiledNode& node, const plugin::Run& run)
    : node_(node), run_(run), task_(run.task()), outputs_(node.outputs.size()) {
  for (const auto& index : node.inputs) {
    inputs_.push_back(index ? std::make_unique<Input>(run.input(*index)) : nullptr);
  }
}

const Input& Context::input(size_t i) const {
  require(has_input(i), TENON_INTERNAL, "input ", i, " is absent");
  return *inputs_[i];
}

Dims Context::integers(size_t i) const {
  const Input& in = input(i);
  Dims out(static_cast<size_t>(in.count()));
  kit::dispatch(kit::Types<int32_t, int64_t>{}, in.dtype(),
                [&]<class T>(Tag<T>) { std::copy_n(in.data<T>(), in.count(), out.begin()); });
  return out;
}

Output& Context::output(size_t i, Dims dims) {
  require(i < noutputs() && output_dtype(i) != TENON_UNDEFINED, TENON_INTERNAL, "output ", i, " is absent");
  const uint32_t dtype = output_dtype(i);
  void* memory = nullptr;
  if (has_output(i) && dtype != TENON_STRING) {
    const uint32_t index = *node_.outputs[i];
    const tenon_tensor given = run_.open(index) ? run_.alloc_output(index, dims) : run_.output(index);
    require(std::ranges::equal(plugin::dims_of(given), dims), TENON_RUN, "output ", i, " has dims ", DimsView(dims),
            ", but the host made room for ", plugin::dims_of(given));
    const auto bytes = static_cast<uint64_t>(kit::byte_count(dtype, kit::count(dims)));
    require(given.bytes >= bytes, TENON_INTERNAL, "output ", i, " has ", given.bytes, " bytes, expected ", bytes);
    memory = given.data;
  }
  outputs_[i] = std::make_unique<Output>(dtype, std::move(dims), memory);
  return *outputs_[i];
}

void Context::finish() {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (!has_output(i)) continue;
    require(outputs_[i] != nullptr, TENON_INTERNAL, "output ", i, " was not made");
    Output& out = *outputs_[i];
    if (out.dtype() == TENON_STRING) {
      const tenon_tensor t = run_.alloc_output(*node_.outputs[i], out.dims(), kit::string_bytes(out.strings()));
      kit::write_strings(out.strings(), t);
    } else {
      out.finish();
    }
  }
}

}  // namespace tenon::reference
