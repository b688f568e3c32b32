// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>

#include "core/ir/text.hpp"

namespace tenon {
namespace {

constexpr char kHex[] = "0123456789abcdef";

std::string hex(uint64_t number, int digits) {
  std::string text(static_cast<size_t>(digits), '0');
  for (int i = digits - 1; i >= 0; --i, number >>= 4) {
    text[static_cast<size_t>(i)] = kHex[number & 15];
  }
  return text;
}

std::string quoted(std::string_view raw) {
  std::string text = "\"";
  for (char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      text += "\\x";
      text += hex(byte, 2);
    } else {
      text += c;
    }
  }
  return text + "\"";
}

bool bare(std::string_view name) {
  for (char c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '/') {
      return false;
    }
  }
  return !name.empty();
}

std::string value_name(const Graph& graph, ValueId id) {
  if (id == kNone) {
    return "_";
  }
  const std::string& name = graph.values[id].name;
  return "%" + (bare(name) ? name : quoted(name));
}

template <typename F, typename Bits>
std::string float_text(F value) {
  if (!std::isfinite(value)) {
    Bits bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return (std::isnan(value) ? "nan:" : value > 0 ? "inf:" : "-inf:") + hex(bits, sizeof(bits) * 2);
  }
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return std::string(buffer, end);
}

template <typename T>
T load(const std::byte* data, uint64_t index) {
  T element;
  std::memcpy(&element, data + index * sizeof(T), sizeof(T));
  return element;
}

std::string element_text(const Constant& c, uint64_t i) {
  switch (c.dtype) {
    case TENON_FLOAT32:
      return float_text<float, uint32_t>(load<float>(c.data, i));
    case TENON_FLOAT64:
      return float_text<double, uint64_t>(load<double>(c.data, i));
    case TENON_INT8:
      return std::to_string(load<int8_t>(c.data, i));
    case TENON_INT16:
      return std::to_string(load<int16_t>(c.data, i));
    case TENON_INT32:
      return std::to_string(load<int32_t>(c.data, i));
    case TENON_INT64:
      return std::to_string(load<int64_t>(c.data, i));
    case TENON_UINT8:
    case TENON_BOOL:
      return std::to_string(load<uint8_t>(c.data, i));
    case TENON_UINT16:
      return std::to_string(load<uint16_t>(c.data, i));
    case TENON_UINT32:
      return std::to_string(load<uint32_t>(c.data, i));
    case TENON_UINT64:
      return std::to_string(load<uint64_t>(c.data, i));
    default:
      return {};
  }
}

bool has_element_text(Dtype dtype) {
  return dtype == TENON_FLOAT64 || dtype == TENON_UINT32 || dtype == TENON_UINT64 ||
         (dtype >= TENON_FLOAT32 && dtype <= TENON_BOOL && dtype != TENON_STRING);
}

std::string contents_text(const Constant& c, uint64_t count) {
  std::string text;
  if (c.dtype == TENON_STRING) {
    const char* bytes = reinterpret_cast<const char*>(c.data) + (count + 1) * sizeof(int64_t);
    for (uint64_t i = 0; i < count; ++i) {
      const auto begin = load<int64_t>(c.data, i), end = load<int64_t>(c.data, i + 1);
      text += (i ? ", " : "") + quoted(std::string_view(bytes + begin, static_cast<size_t>(end - begin)));
    }
  } else if (has_element_text(c.dtype)) {
    for (uint64_t i = 0; i < count; ++i) {
      text += (i ? ", " : "") + element_text(c, i);
    }
  } else {
    text = "raw ";
    for (uint64_t i = 0; i < c.bytes; ++i) {
      text += hex(static_cast<uint8_t>(c.data[i]), 2);
    }
  }
  return "{" + text + "}";
}

class Printer {
 public:
  Printer(const Model& model, const TextOptions& options) : model_(model), options_(options) {}

  void print_model() {
    text_ += "tenon-ir 1\n";
    if (model_.ir_version != 0) {
      text_ += "ir_version " + std::to_string(model_.ir_version) + "\n";
    }
    if (!model_.producer_name.empty() || !model_.producer_version.empty()) {
      text_ += "producer " + quoted(model_.producer_name) + " " + quoted(model_.producer_version) + "\n";
    }
    for (const auto& [domain, opset] : model_.opsets) {
      text_ += "opset " + domain + " " + std::to_string(opset) + "\n";
    }
    for (const auto& [key, value] : model_.metadata) {
      text_ += "metadata " + quoted(key) + " " + quoted(value) + "\n";
    }
    if (options_.origins) {
      print_origins();
    }
    print_graph(*model_.graph, 0);
    text_ += "\n";
  }

  void print_graph(const Graph& graph, int depth) {
    text_ += "graph " + quoted(graph.name) + " (";
    for (size_t i = 0; i < graph.inputs.size(); ++i) {
      const ValueId id = graph.inputs[i];
      text_ += i ? ", " : "";
      print_definition(graph, id, true);
      if (graph.parent == nullptr) {
        if (const auto it = model_.overridable.find(id); it != model_.overridable.end()) {
          text_ += " default " + to_text(*it->second, options_.max_elements);
        }
      }
    }
    text_ += ")";
    print_captures(graph);
    text_ += " {\n";
    const std::string indent(static_cast<size_t>(depth + 1) * 2, ' ');
    for (ValueId id = 0; id < graph.values.size(); ++id) {
      const Value& value = graph.values[id];
      if (value.live && value.constant != kNone && (!value.users.empty() || graph.is_graph_output(id))) {
        text_ += indent;
        print_definition(graph, id, false);
        // One that was dropped after loading is printed without contents: whoever needed it has a packed copy.
        const ConstantPtr& constant = model_.constants[value.constant];
        text_ += " = const " + (constant == nullptr ? "packed" : to_text(*constant, options_.max_elements)) + "\n";
      }
    }
    for (NodeId id : graph.order) {
      print_node(graph, graph.nodes[id], depth + 1);
    }
    text_ += indent + "return";
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
      text_ += (i ? ", " : " ") + value_name(graph, graph.outputs[i]);
    }
    text_ += "\n" + std::string(static_cast<size_t>(depth) * 2, ' ') + "}";
  }

  std::string take() { return std::move(text_); }

 private:
  void print_origins() {
    static constexpr const char* kFates[] = {"runs", "folded", "removed", "replaced"};
    for (const Origin& origin : model_.origins) {
      text_ += "origin " + quoted(origin.path) + " " + origin.domain + "::" + origin.op + "@" +
               std::to_string(origin.opset) + " " + kFates[static_cast<size_t>(origin.fate)] + " " + quoted(origin.by) +
               " " + quoted(origin.detail) + "\n";
    }
  }

  void print_definition(const Graph& graph, ValueId id, bool always_typed) {
    text_ += value_name(graph, id);
    if (id == kNone) {
      return;
    }
    const Value& value = graph.values[id];
    if (value.type.known() && (options_.types || always_typed)) {
      text_ += ": " + to_text(value.type, model_);
    }
    if (options_.shape_classes && value.shape_class != ShapeClass::unknown) {
      static constexpr const char* kClasses[] = {"unknown", "fixed", "symbolic", "computed", "data"};
      text_ += std::string(" !") + kClasses[static_cast<size_t>(value.shape_class)];
    }
  }

  void print_captures(const Graph& graph) {
    if (graph.captures.empty() || graph.parent == nullptr) {
      return;
    }
    text_ += " captures (";
    for (size_t i = 0; i < graph.captures.size(); ++i) {
      text_ += (i ? ", " : "") + value_name(*graph.parent, graph.captures[i].outer) + " -> ";
      print_definition(graph, graph.captures[i].inner, false);
    }
    text_ += ")";
  }

  void print_node(const Graph& graph, const Node& node, int depth) {
    text_ += std::string(static_cast<size_t>(depth) * 2, ' ');
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      text_ += i ? ", " : "";
      print_definition(graph, node.outputs[i], false);
    }
    text_ += " = " + node.domain + "::" + node.op;
    if (node.form != 0) {
      text_ += "@" + std::to_string(node.form);
    }
    if (options_.node_names) {
      text_ += " " + quoted(node.name);
    }
    text_ += " (";
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      text_ += (i ? ", " : "") + value_name(graph, node.inputs[i]);
    }
    text_ += ")";
    const char* separator = " ";
    for (const Attribute& attribute : node.attributes) {
      text_ += separator;
      print_attribute(attribute);
      separator = ", ";
    }
    for (const auto& [name, body] : node.bodies) {
      text_ += separator + name + " = ";
      print_graph(*body, depth);
      separator = ", ";
    }
    if (options_.origins && !node.origins.empty()) {
      text_ += " from [";
      for (size_t i = 0; i < node.origins.size(); ++i) {
        text_ += (i ? ", " : "") + std::to_string(node.origins[i]);
      }
      text_ += "]";
    }
    text_ += "\n";
  }

  template <typename T, typename Fn>
  void print_list(const char* prefix, const std::vector<T>& items, const Fn& item_text) {
    text_ += prefix;
    text_ += "[";
    for (size_t i = 0; i < items.size(); ++i) {
      text_ += (i ? ", " : "") + item_text(items[i]);
    }
    text_ += "]";
  }

  void print_attribute(const Attribute& a) {
    text_ += a.name + " = ";
    const auto f32 = [](float f) { return float_text<float, uint32_t>(f); };
    switch (a.type) {
      case 1:
        text_ += "f " + f32(a.f);
        break;
      case 2:
        text_ += std::to_string(a.i);
        break;
      case 3:
        text_ += quoted(a.s);
        break;
      case 4:
        text_ += a.tensor ? to_text(*a.tensor, options_.max_elements) : "no_tensor";
        break;
      case 6:
        print_list("f", a.floats, f32);
        break;
      case 7:
        print_list("", a.ints, [](int64_t i) { return std::to_string(i); });
        break;
      case 8:
        print_list("s", a.strings, [](const std::string& s) { return quoted(s); });
        break;
      default:
        text_ += "type " + (a.type_value ? to_text(*a.type_value, model_) : std::string("none"));
    }
  }

  const Model& model_;
  const TextOptions& options_;
  std::string text_;
};

}  // namespace

std::string to_text(const Type& type, const Model& model) {
  const auto element = [&] { return type.element ? to_text(*type.element, model) : std::string("none"); };
  switch (type.kind) {
    case TypeKind::none:
      return "none";
    case TypeKind::sequence:
      return "seq(" + element() + ")";
    case TypeKind::optional:
      return "optional(" + element() + ")";
    case TypeKind::map:
      return "map(" + std::string(dtype_name(type.dtype)) + ", " + element() + ")";
    case TypeKind::tensor:
    case TypeKind::sparse_tensor:
      break;
  }
  std::string text(dtype_name(type.dtype));
  if (!type.shape) {
    text += "[*]";
  } else {
    text += "[";
    for (size_t i = 0; i < type.shape->size(); ++i) {
      const Dim& dim = (*type.shape)[i];
      text += i ? ", " : "";
      text += dim.known() ? std::to_string(dim.size) : dim.symbol != 0 ? model.symbols[dim.symbol] : "?";
    }
    text += "]";
  }
  return type.kind == TypeKind::sparse_tensor ? "sparse(" + text + ")" : text;
}

std::string to_text(const Constant& constant, uint64_t max_elements) {
  std::string text(dtype_name(constant.dtype));
  text += "[";
  for (size_t i = 0; i < constant.dims.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(constant.dims[i]);
  }
  text += "] ";
  const uint64_t count = constant.elements();
  if (constant.splat) {
    return text + "splat " + contents_text(constant, 1);
  }
  if (count <= max_elements) {
    return text + contents_text(constant, count);
  }
  const Hash128 hash = hash_bytes(constant.data, constant.bytes);
  return text + "hash " + hex(hash.high, 16) + hex(hash.low, 16);
}

std::string to_text(const Model& model, const TextOptions& options) {
  Printer printer(model, options);
  printer.print_model();
  return printer.take();
}

std::string to_text(const Graph& graph, const TextOptions& options) {
  Printer printer(*graph.model, options);
  printer.print_graph(graph, 0);
  return printer.take() + "\n";
}

}  // namespace tenon
