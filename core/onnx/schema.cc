// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/schema.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <utility>

#include "core/onnx/libonnx.hpp"

namespace tenon::onnx_facts {
namespace {

struct FormLine {
  std::string_view domain;
  std::string_view op;
  std::vector<uint32_t> forms;
};

const std::vector<FormLine>& form_lines() {
  static const std::vector<FormLine> lines = {
#define FORM(domain, op, ...) {domain, #op, {__VA_ARGS__}},
#define MEANING(domain, op, version)
#define WIDER(domain, op, version)
#include "core/onnx/forms.def"
#undef FORM
#undef MEANING
#undef WIDER
  };
  return lines;
}

std::string key_of(std::string_view domain, std::string_view op) {
  std::string key;
  key.reserve(domain.size() + op.size() + 1);
  key.append(domain).append(1, '\0').append(op);
  return key;
}

// "tensor(float)" to the number that type_key gives for it; nullopt for types that the IR has no place for.
std::optional<uint64_t> key_of_text(std::string_view text) {
  const auto inside = [&](std::string_view head) -> std::optional<std::string_view> {
    if (text.starts_with(head) && text.ends_with(")")) {
      return text.substr(head.size(), text.size() - head.size() - 1);
    }
    return std::nullopt;
  };
  const auto dtype_of = [](std::string_view name) {
    return dtype_from_name(name == "float" ? "float32" : name == "double" ? "float64" : name);
  };
  const auto level = [](TypeKind kind, Dtype dtype, uint64_t inner) {
    return static_cast<uint64_t>(kind) | static_cast<uint64_t>(dtype) << 3 | inner << 8;
  };
  std::optional<std::string_view> inner = inside("tensor(");
  if (!inner && text.find('(') == std::string_view::npos) {
    inner = text;  // "float" as the value of a map is a scalar
  }
  if (inner) {
    const std::optional<Dtype> dtype = dtype_of(*inner);
    return dtype ? std::optional(level(TypeKind::tensor, *dtype, 0)) : std::nullopt;
  }
  if ((inner = inside("sparse_tensor("))) {
    const std::optional<Dtype> dtype = dtype_of(*inner);
    return dtype ? std::optional(level(TypeKind::sparse_tensor, *dtype, 0)) : std::nullopt;
  }
  if ((inner = inside("seq(")) || (inner = inside("optional("))) {
    const std::optional<uint64_t> held = key_of_text(*inner);
    const TypeKind kind = text.starts_with("seq(") ? TypeKind::sequence : TypeKind::optional;
    return held ? std::optional(level(kind, TENON_UNDEFINED, *held)) : std::nullopt;
  }
  if ((inner = inside("map("))) {
    const size_t comma = inner->find(',');
    if (comma == std::string_view::npos) {
      return std::nullopt;
    }
    const std::optional<Dtype> dtype = dtype_of(inner->substr(0, comma));
    std::string_view value = inner->substr(comma + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    const std::optional<uint64_t> held = key_of_text(value);
    return dtype && held ? std::optional(level(TypeKind::map, *dtype, *held)) : std::nullopt;
  }
  return std::nullopt;
}

TypeSet make_type_set(const tenon_onnx::OpSchema::FormalParameter& parameter) {
  TypeSet set;
  set.name = parameter.GetTypeStr();
  std::vector<std::string> names;
  for (const std::string* text : parameter.GetTypes()) {
    const std::optional<uint64_t> key = key_of_text(*text);
    if (!key) {
      continue;
    }
    names.push_back(*text);
    if ((*key & 7) == static_cast<uint64_t>(TypeKind::tensor)) {
      set.tensors |= 1U << (*key >> 3);
    } else {
      set.others.push_back(*key);
    }
  }
  std::sort(names.begin(), names.end());
  std::sort(set.others.begin(), set.others.end());
  for (const std::string& name : names) {
    set.text += set.text.empty() ? name : ", " + name;
  }
  return set;
}

Formal make_formal(const tenon_onnx::OpSchema::FormalParameter& parameter, Operator* out) {
  Formal formal;
  formal.name = parameter.GetName();
  formal.homogeneous = parameter.GetIsHomogeneous();
  switch (parameter.GetOption()) {
    case tenon_onnx::OpSchema::Single:
      formal.option = Formal::single;
      break;
    case tenon_onnx::OpSchema::Optional:
      formal.option = Formal::optional;
      break;
    case tenon_onnx::OpSchema::Variadic:
      formal.option = Formal::variadic;
      break;
  }
  const auto found = std::find_if(out->type_sets.begin(), out->type_sets.end(),
                                  [&](const TypeSet& set) { return set.name == parameter.GetTypeStr(); });
  formal.type_set = static_cast<uint32_t>(found - out->type_sets.begin());
  if (found == out->type_sets.end()) {
    out->type_sets.push_back(make_type_set(parameter));
  }
  return formal;
}

// libonnx says INT_MAX for "any".
uint32_t count_of(int number) {
  return number == std::numeric_limits<int>::max() ? UINT32_MAX : static_cast<uint32_t>(std::max(number, 0));
}

std::unique_ptr<Operator> make_operator(std::string_view domain, const tenon_onnx::OpSchema& schema) {
  auto out = std::make_unique<Operator>();
  out->domain = domain;
  out->op = schema.Name();
  out->since = static_cast<uint32_t>(schema.since_version());
  out->form = form_of(domain, out->op, out->since);
  out->min_inputs = count_of(schema.min_input());
  out->max_inputs = count_of(schema.max_input());
  out->min_outputs = count_of(schema.min_output());
  out->max_outputs = count_of(schema.max_output());
  for (const auto& input : schema.inputs()) {
    out->inputs.push_back(make_formal(input, out.get()));
  }
  for (const auto& output : schema.outputs()) {
    out->outputs.push_back(make_formal(output, out.get()));
  }
  for (const auto& [name, attribute] : schema.attributes()) {
    AttributeSpec spec;
    spec.has_default = attribute.default_value.type() != tenon_onnx::AttributeProto::UNDEFINED;
    if (spec.has_default) {
      from_proto(attribute.default_value, &spec.value);
    }
    spec.value.name = name;
    spec.value.type = static_cast<uint32_t>(attribute.type);
    spec.required = attribute.required;
    out->attributes.push_back(std::move(spec));
  }
  std::sort(out->attributes.begin(), out->attributes.end(), [](const AttributeSpec& a, const AttributeSpec& b) {
    return a.value.name < b.value.name;  // libonnx has them in the order of a hash
  });
  out->schema = &schema;
  const auto* newest = tenon_onnx::OpSchemaRegistry::Schema(out->op, schema.domain());
  out->gone = newest != nullptr && newest->deprecated();
  out->has_inference = schema.has_type_and_shape_inference_function();
  return out;
}

class Table {
 public:
  const Operator* find(std::string_view domain, std::string_view op, uint32_t opset) {
    const std::string libonnx_domain = domain == "ai.onnx" ? std::string() : std::string(domain);
    const std::string name(op);
    const auto version = static_cast<int>(std::min<uint32_t>(opset, 1U << 20));
    // Built before any thread of ours can write: lookups only read.
    static const bool ready = tenon_onnx::OpSchemaRegistry::Schema("Add", 1) != nullptr;
    const auto* schema = ready ? tenon_onnx::OpSchemaRegistry::Schema(name, version, libonnx_domain) : nullptr;
    if (schema != nullptr && schema->deprecated()) {
      const auto* before = tenon_onnx::OpSchemaRegistry::Schema(name, schema->since_version() - 1, libonnx_domain);
      schema = before != nullptr ? before : schema;  // GroupNormalization 18 was replaced, but is all there was
    }
    if (schema == nullptr) {
      return nullptr;
    }
    {
      const std::shared_lock lock(mutex_);
      if (const auto it = operators_.find(schema); it != operators_.end()) {
        return it->second.get();
      }
    }
    std::unique_ptr<Operator> made = make_operator(domain, *schema);
    const std::unique_lock lock(mutex_);
    return operators_.try_emplace(schema, std::move(made)).first->second.get();
  }

 private:
  std::shared_mutex mutex_;
  std::unordered_map<const void*, std::unique_ptr<Operator>> operators_;
};

Table& table() {
  static Table instance;
  return instance;
}

const Formal* parameter_at(const std::vector<Formal>& list, size_t index) {
  if (index < list.size()) {
    return &list[index];
  }
  return !list.empty() && list.back().option == Formal::variadic ? &list.back() : nullptr;
}

}  // namespace

const char* attribute_type_name(uint32_t type) {
  switch (type) {
    case kAttrFloat:
      return "float";
    case kAttrInt:
      return "int";
    case kAttrString:
      return "string";
    case kAttrTensor:
      return "tensor";
    case kAttrGraph:
      return "graph";
    case kAttrFloats:
      return "floats";
    case kAttrInts:
      return "ints";
    case kAttrStrings:
      return "strings";
    case kAttrSparseTensor:
      return "sparse tensor";
    case kAttrType:
      return "type";
    default:
      return "unknown type";
  }
}

uint64_t type_key(const Type& type) {
  uint64_t key = 0;
  const Type* at = &type;
  for (unsigned shift = 0; at != nullptr; shift += 8, at = at->element.get()) {
    if (shift == 64) {
      return 0;
    }
    key |= (static_cast<uint64_t>(at->kind) | static_cast<uint64_t>(at->dtype) << 3) << shift;
  }
  return key;
}

bool TypeSet::contains(const Type& type) const {
  if (type.kind == TypeKind::tensor) {
    return ((tensors >> type.dtype) & 1U) != 0;
  }
  return std::binary_search(others.begin(), others.end(), type_key(type));
}

std::string type_text(const Type& type) {
  std::string text;
  size_t close = 0;
  const Type* at = &type;
  for (; at != nullptr; at = at->element.get()) {
    switch (at->kind) {
      case TypeKind::none:
        text += "nothing";
        break;
      case TypeKind::tensor:
        text += "tensor(" + std::string(dtype_name(at->dtype)) + ")";
        break;
      case TypeKind::sparse_tensor:
        text += "sparse_tensor(" + std::string(dtype_name(at->dtype)) + ")";
        break;
      case TypeKind::sequence:
        text += "sequence(";
        break;
      case TypeKind::optional:
        text += "optional(";
        break;
      case TypeKind::map:
        text += "map(" + std::string(dtype_name(at->dtype)) + ", ";
        break;
    }
    const bool holder =
        at->kind != TypeKind::tensor && at->kind != TypeKind::sparse_tensor && at->kind != TypeKind::none;
    close += holder ? 1 : 0;
    if (!holder && at->shape) {
      text += "[";
      for (size_t i = 0; i < at->shape->size(); ++i) {
        const Dim& dim = (*at->shape)[i];
        text += (i == 0 ? "" : ",") + (dim.known() ? std::to_string(dim.size) : std::string("?"));
      }
      text += "]";
    }
  }
  return text + std::string(close, ')');
}

const Formal* Operator::input(size_t index) const { return parameter_at(inputs, index); }
const Formal* Operator::output(size_t index) const { return parameter_at(outputs, index); }

const AttributeSpec* Operator::attribute(std::string_view name) const {
  for (const AttributeSpec& spec : attributes) {
    if (spec.value.name == name) {
      return &spec;
    }
  }
  return nullptr;
}

const Operator* find_operator(std::string_view domain, std::string_view op, uint32_t opset) {
  return table().find(domain, op, opset);
}

const Operator* current_operator(std::string_view domain, std::string_view op) {
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // A thread's own table: no lock on the way to a schema at run time.
  thread_local std::unordered_map<std::string, const Operator*, Hash, std::equal_to<>> seen;
  thread_local std::string key;
  key.assign(domain).append(1, '\0').append(op);
  if (const auto it = seen.find(std::string_view(key)); it != seen.end()) {
    return it->second;
  }
  const Operator* found = find_operator(domain, op, newest_opset(domain));
  if (found != nullptr) {  // names from models must not fill the table
    seen.emplace(key, found);
  }
  return found;
}

uint32_t newest_opset(std::string_view domain) {
  if (domain == "ai.onnx") {
    return kOpset;
  }
  if (domain == "ai.onnx.ml") {
    return kMlOpset;
  }
  return domain == "ai.onnx.preview.training" || domain == "ai.onnx.preview" ? 1 : 0;
}

uint32_t form_of(std::string_view domain, std::string_view op, uint32_t since) {
  static const std::unordered_map<std::string, const FormLine*> by_name = [] {
    std::unordered_map<std::string, const FormLine*> map;
    for (const FormLine& line : form_lines()) {
      map.emplace(key_of(line.domain, line.op), &line);
    }
    return map;
  }();
  const auto it = by_name.find(key_of(domain, op));
  if (it == by_name.end()) {
    return since;
  }
  uint32_t form = it->second->forms.front();
  for (const uint32_t candidate : it->second->forms) {
    form = candidate <= since ? candidate : form;
  }
  return form;
}

Operator from_custom(const CustomOperator& custom) {
  Operator out;
  out.domain = custom.domain;
  out.op = custom.op;
  out.since = out.form = custom.since_version;
  out.min_inputs = custom.min_inputs;
  out.max_inputs = custom.max_inputs;
  out.min_outputs = custom.min_outputs;
  out.max_outputs = custom.max_outputs;
  for (const CustomOperator::Parameter& parameter : custom.attributes) {
    out.attributes.push_back({parameter.value, parameter.required, !parameter.required});
  }
  out.custom = &custom;
  out.has_inference = static_cast<bool>(custom.infer);
  return out;
}

}  // namespace tenon::onnx_facts
