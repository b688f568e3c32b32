// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include "core/ir/text.hpp"
#include "core/ir/text_cursor.hpp"
#include "core/ir/verify.hpp"

namespace tenon {
namespace {

constexpr int kMaxNesting = 64;

class Parser {
 public:
  Parser(std::string_view text, const ConstantLookup& lookup)
      : in_(text), lookup_(lookup), model_(std::make_unique<Model>()) {}

  Result<std::unique_ptr<Model>> run() {
    TENON_RETURN_IF_ERROR(in_.expect("tenon-ir"));
    TENON_RETURN_IF_ERROR(in_.expect("1"));
    TENON_RETURN_IF_ERROR(header());
    model_->graph = std::make_unique<Graph>();
    model_->graph->model = model_.get();
    TENON_RETURN_IF_ERROR(graph(*model_->graph, nullptr, 0));
    if (!in_.done()) {
      return in_.error("the end");
    }
    TENON_RETURN_IF_ERROR(verify(*model_));
    return std::move(model_);
  }

 private:
  using Names = std::unordered_map<std::string, ValueId>;

  Status header() {
    while (!in_.peek("graph")) {
      TENON_ASSIGN_OR_RETURN(const std::string key, in_.word());
      if (key == "ir_version") {
        TENON_ASSIGN_OR_RETURN(model_->ir_version, in_.number<int64_t>());
      } else if (key == "producer") {
        TENON_ASSIGN_OR_RETURN(model_->producer_name, in_.string());
        TENON_ASSIGN_OR_RETURN(model_->producer_version, in_.string());
      } else if (key == "opset") {
        TENON_ASSIGN_OR_RETURN(const std::string domain, in_.word());
        TENON_ASSIGN_OR_RETURN(model_->opsets[domain], in_.number<uint32_t>());
      } else if (key == "metadata") {
        TENON_ASSIGN_OR_RETURN(std::string name, in_.string());
        TENON_ASSIGN_OR_RETURN(std::string value, in_.string());
        model_->metadata.emplace_back(std::move(name), std::move(value));
      } else if (key == "origin") {
        TENON_RETURN_IF_ERROR(origin());
      } else {
        return in_.error("a header line, not '" + key + "', or 'graph'");
      }
    }
    return {};
  }

  Status origin() {
    Origin origin;
    TENON_ASSIGN_OR_RETURN(origin.path, in_.string());
    TENON_ASSIGN_OR_RETURN(origin.domain, in_.word());
    TENON_RETURN_IF_ERROR(in_.expect("::"));
    TENON_ASSIGN_OR_RETURN(origin.op, in_.word());
    TENON_RETURN_IF_ERROR(in_.expect("@"));
    TENON_ASSIGN_OR_RETURN(origin.opset, in_.number<uint32_t>());
    TENON_ASSIGN_OR_RETURN(const std::string fate, in_.word());
    static constexpr const char* kFates[] = {"runs", "folded", "removed", "replaced"};
    size_t index = 0;
    while (index < 4 && fate != kFates[index]) {
      ++index;
    }
    if (index == 4) {
      return in_.error("a fate, not '" + fate + "'");
    }
    origin.fate = static_cast<Fate>(index);
    TENON_ASSIGN_OR_RETURN(origin.by, in_.string());
    TENON_ASSIGN_OR_RETURN(origin.detail, in_.string());
    model_->origins.push_back(std::move(origin));
    return {};
  }

  Result<std::string> name() {
    TENON_RETURN_IF_ERROR(in_.expect("%"));
    return in_.peek("\"") ? in_.string() : in_.word();
  }

  // "%name[: type][ !class]": makes the value.
  Result<ValueId> definition(Graph& graph, Names& names) {
    TENON_ASSIGN_OR_RETURN(const std::string value_name, name());
    if (names.contains(value_name)) {
      return in_.error("a new name, '" + value_name + "' is taken; more");
    }
    const ValueId id = graph.add_value(value_name);
    names[value_name] = id;
    if (in_.take(":")) {
      TENON_ASSIGN_OR_RETURN(graph.values[id].type, type(0));
    }
    if (in_.take("!")) {
      TENON_ASSIGN_OR_RETURN(const std::string word, in_.word());
      graph.values[id].shape_class = word == "fixed"      ? ShapeClass::fixed
                                     : word == "symbolic" ? ShapeClass::symbolic
                                     : word == "computed" ? ShapeClass::computed
                                     : word == "data"     ? ShapeClass::data
                                                          : ShapeClass::unknown;
    }
    return id;
  }

  Result<ValueId> use(const Names& names) {
    if (in_.take_word("_")) {
      return kNone;
    }
    TENON_ASSIGN_OR_RETURN(const std::string value_name, name());
    const auto it = names.find(value_name);
    if (it == names.end()) {
      return in_.error("a value defined above, not '" + value_name + "'; more");
    }
    return it->second;
  }

  Status graph(Graph& graph, const Names* outer, int depth) {
    if (depth > kMaxNesting) {
      return in_.error("at most " + std::to_string(kMaxNesting) + " nested graphs");
    }
    Names names;
    TENON_RETURN_IF_ERROR(in_.expect("graph"));
    TENON_ASSIGN_OR_RETURN(graph.name, in_.string());
    TENON_RETURN_IF_ERROR(in_.expect("("));
    while (!in_.take(")")) {
      TENON_ASSIGN_OR_RETURN(const ValueId id, definition(graph, names));
      graph.inputs.push_back(id);
      if (in_.take_word("default")) {
        TENON_ASSIGN_OR_RETURN(model_->overridable[id], constant());
      }
      in_.take(",");
    }
    if (in_.take_word("captures")) {
      TENON_RETURN_IF_ERROR(captures(graph, names, outer));
    }
    TENON_RETURN_IF_ERROR(in_.expect("{"));
    while (!in_.take_word("return")) {
      TENON_RETURN_IF_ERROR(statement(graph, names, depth));
    }
    while (!in_.take("}")) {
      TENON_ASSIGN_OR_RETURN(const ValueId id, use(names));
      if (id == kNone) {
        return in_.error("a value before this");
      }
      graph.outputs.push_back(id);
      in_.take(",");
    }
    return {};
  }

  Status captures(Graph& graph, Names& names, const Names* outer) {
    TENON_RETURN_IF_ERROR(in_.expect("("));
    while (!in_.take(")")) {
      if (outer == nullptr) {
        return in_.error("no captures in the main graph");
      }
      Capture capture{};
      TENON_ASSIGN_OR_RETURN(capture.outer, use(*outer));
      if (capture.outer == kNone) {
        return in_.error("a value to capture before this");
      }
      TENON_RETURN_IF_ERROR(in_.expect("->"));
      TENON_ASSIGN_OR_RETURN(capture.inner, definition(graph, names));
      graph.captures.push_back(capture);
      in_.take(",");
    }
    return {};
  }

  // "%w = const ..." or a node.
  Status statement(Graph& graph, Names& names, int depth) {
    // A node's outputs are made before its bodies are read, and are not visible in them: bodies get the names as of
    // now.
    std::vector<ValueId> outputs;
    Names defined;
    while (!in_.take("=")) {
      if (in_.take_word("_")) {
        outputs.push_back(kNone);
      } else {
        TENON_ASSIGN_OR_RETURN(const ValueId id, definition(graph, names));
        outputs.push_back(id);
        defined.emplace(graph.values[id].name, id);
        names.erase(graph.values[id].name);
      }
      in_.take(",");
    }
    if (in_.take_word("const")) {
      TENON_ASSIGN_OR_RETURN(ConstantPtr contents, constant());
      if (outputs.size() != 1 || outputs[0] == kNone) {
        return in_.error("one value for a constant");
      }
      Value& value = graph.values[outputs[0]];
      if (!value.type.known()) {
        std::vector<Dim> dims;
        for (int64_t size : contents->dims) {
          dims.push_back(Dim{size, 0});
        }
        value.type = Type::tensor(contents->dtype, std::move(dims));
      }
      value.constant = model_->add_constant(std::move(contents));
    } else {
      Node node;
      node.outputs = std::move(outputs);
      TENON_RETURN_IF_ERROR(read_node(node, names, depth));
      graph.add_node(std::move(node));
    }
    for (auto& [value_name, id] : defined) {
      if (!names.emplace(value_name, id).second) {
        return in_.error("no second value '" + value_name + "'; more");
      }
    }
    return {};
  }

  Status read_node(Node& node, const Names& names, int depth) {
    TENON_ASSIGN_OR_RETURN(node.domain, in_.word());
    TENON_RETURN_IF_ERROR(in_.expect("::"));
    TENON_ASSIGN_OR_RETURN(node.op, in_.word());
    if (in_.take("@")) {
      TENON_ASSIGN_OR_RETURN(node.form, in_.number<uint32_t>());
    }
    if (in_.peek("\"")) {
      TENON_ASSIGN_OR_RETURN(node.name, in_.string());
    }
    TENON_RETURN_IF_ERROR(in_.expect("("));
    while (!in_.take(")")) {
      TENON_ASSIGN_OR_RETURN(const ValueId id, use(names));
      node.inputs.push_back(id);
      in_.take(",");
    }
    // Attributes follow until something that starts the next statement.
    bool more = !in_.peek("%") && !in_.peek("_") && !in_.peek("return") && !in_.peek("from");
    while (more) {
      TENON_RETURN_IF_ERROR(attribute(node, names, depth));
      more = in_.take(",");
    }
    if (in_.take_word("from")) {
      TENON_RETURN_IF_ERROR(in_.expect("["));
      while (!in_.take("]")) {
        TENON_ASSIGN_OR_RETURN(const OriginId id, in_.number<uint32_t>());
        node.origins.push_back(id);
        in_.take(",");
      }
    }
    return {};
  }

  Status attribute(Node& node, const Names& names, int depth) {
    TENON_ASSIGN_OR_RETURN(std::string attribute_name, in_.word());
    TENON_RETURN_IF_ERROR(in_.expect("="));
    if (in_.peek("graph")) {
      auto body = std::make_unique<Graph>();
      body->model = model_.get();
      TENON_RETURN_IF_ERROR(graph(*body, &names, depth + 1));
      node.bodies.emplace_back(std::move(attribute_name), std::move(body));
      return {};
    }
    Attribute a;
    a.name = std::move(attribute_name);
    TENON_RETURN_IF_ERROR(attribute_value(a));
    node.attributes.push_back(std::move(a));
    return {};
  }

  Status attribute_value(Attribute& a) {
    if (in_.take("f[")) {
      a.type = 6;
      return list([&]() -> Status {
        TENON_ASSIGN_OR_RETURN(const float f, (in_.real<float, uint32_t>()));
        a.floats.push_back(f);
        return {};
      });
    }
    if (in_.take("s[")) {
      a.type = 8;
      return list([&]() -> Status {
        TENON_ASSIGN_OR_RETURN(std::string s, in_.string());
        a.strings.push_back(std::move(s));
        return {};
      });
    }
    if (in_.take("[")) {
      a.type = 7;
      return list([&]() -> Status {
        TENON_ASSIGN_OR_RETURN(const int64_t i, in_.number<int64_t>());
        a.ints.push_back(i);
        return {};
      });
    }
    if (in_.take_word("f")) {
      a.type = 1;
      TENON_ASSIGN_OR_RETURN(a.f, (in_.real<float, uint32_t>()));
    } else if (in_.peek("\"")) {
      a.type = 3;
      TENON_ASSIGN_OR_RETURN(a.s, in_.string());
    } else if (in_.take_word("type")) {
      a.type = 13;
      TENON_ASSIGN_OR_RETURN(Type read, type(0));
      a.type_value = std::make_shared<const Type>(std::move(read));
    } else if (in_.take_word("no_tensor")) {
      a.type = 4;
    } else if (Result<int64_t> number = in_.number<int64_t>(); number.ok()) {
      a.type = 2;
      a.i = *number;
    } else {
      a.type = 4;
      TENON_ASSIGN_OR_RETURN(a.tensor, constant());
    }
    return {};
  }

  template <typename Fn>
  Status list(const Fn& item) {
    while (!in_.take("]")) {
      TENON_RETURN_IF_ERROR(item());
      in_.take(",");
    }
    return {};
  }

  Result<Type> type(int depth) {
    if (depth > kMaxNesting) {
      return in_.error("a type with less nesting");
    }
    TENON_ASSIGN_OR_RETURN(const std::string word, in_.word());
    Type result;
    if (word == "none") {
      return result;
    }
    if (word == "seq" || word == "optional" || word == "map" || word == "sparse") {
      TENON_RETURN_IF_ERROR(in_.expect("("));
      if (word == "map") {
        TENON_ASSIGN_OR_RETURN(const std::string key, in_.word());
        result.dtype = dtype_from_name(key).value_or(TENON_UNDEFINED);
        TENON_RETURN_IF_ERROR(in_.expect(","));
      }
      TENON_ASSIGN_OR_RETURN(Type element, type(depth + 1));
      TENON_RETURN_IF_ERROR(in_.expect(")"));
      if (word == "sparse") {
        element.kind = TypeKind::sparse_tensor;
        return element;
      }
      result.kind = word == "seq" ? TypeKind::sequence : word == "map" ? TypeKind::map : TypeKind::optional;
      result.element = std::make_shared<const Type>(std::move(element));
      return result;
    }
    result.kind = TypeKind::tensor;
    result.dtype = dtype_from_name(word).value_or(TENON_UNDEFINED);
    if (result.dtype == TENON_UNDEFINED && word != "undefined") {
      return in_.error("an element type, not '" + word + "'; more");
    }
    TENON_RETURN_IF_ERROR(shape(result.shape));
    return result;
  }

  Status shape(Shape& shape) {
    TENON_RETURN_IF_ERROR(in_.expect("["));
    if (in_.take("*")) {
      return in_.expect("]");
    }
    std::vector<Dim> dims;
    while (!in_.take("]")) {
      if (in_.take("?")) {
        const Result<uint32_t> number = in_.peek(",") || in_.peek("]") ? Result<uint32_t>(0u) : in_.number<uint32_t>();
        TENON_RETURN_IF_ERROR(number.status());
        dims.push_back(Dim{-1, *number == 0 ? 0 : model_->symbol("?" + std::to_string(*number))});
      } else if (Result<int64_t> number = in_.number<int64_t>(); number.ok()) {
        dims.push_back(Dim{*number, 0});
      } else {
        TENON_ASSIGN_OR_RETURN(const std::string symbol, in_.word());
        dims.push_back(Dim{-1, model_->symbol(symbol)});
      }
      in_.take(",");
    }
    shape = std::move(dims);
    return {};
  }

  Result<ConstantPtr> constant() {
    TENON_ASSIGN_OR_RETURN(const std::string word, in_.word());
    const std::optional<Dtype> dtype = dtype_from_name(word);
    if (!dtype) {
      return in_.error("an element type, not '" + word + "'; more");
    }
    std::vector<int64_t> dims;
    TENON_RETURN_IF_ERROR(in_.expect("["));
    while (!in_.take("]")) {
      TENON_ASSIGN_OR_RETURN(const int64_t size, in_.number<int64_t>());
      dims.push_back(size);
      in_.take(",");
    }
    const std::optional<uint64_t> count = element_count(dims);
    if (!count) {
      return in_.error("dims that can be multiplied before this");
    }
    if (in_.take_word("hash")) {
      in_.skip_space();
      Hash128 hash;
      TENON_ASSIGN_OR_RETURN(hash.high, in_.hex_digits<uint64_t>(16));
      TENON_ASSIGN_OR_RETURN(hash.low, in_.hex_digits<uint64_t>(16));
      ConstantPtr found = lookup_ ? lookup_(hash, *dtype, dims) : nullptr;
      return found ? Result<ConstantPtr>(std::move(found)) : in_.error("a hash of a known constant before this");
    }
    const bool splat = in_.take_word("splat");
    std::string bytes;
    const uint64_t stored = splat ? 1 : *count;
    TENON_RETURN_IF_ERROR(contents(*dtype, stored, bytes));
    const bool complete = *dtype == TENON_STRING ? !splat : dtype_bytes(*dtype, stored) == bytes.size();
    if (!complete) {
      return in_.error("as many elements as the dims say before this");
    }
    ConstantPtr made = make_constant(*dtype, std::move(dims), bytes.data(), bytes.size());
    if (splat) {
      auto copy = std::make_shared<Constant>(*made);
      copy->splat = true;
      return ConstantPtr(std::move(copy));
    }
    return made;
  }

  template <typename T>
  static void append(std::string& bytes, T element) {
    bytes.append(reinterpret_cast<const char*>(&element), sizeof(element));
  }
  template <typename T>
  Status integers(std::string& bytes) {
    TENON_ASSIGN_OR_RETURN(const T element, in_.number<T>());
    append(bytes, element);
    return {};
  }

  Status element(Dtype dtype, std::string& bytes) {
    switch (dtype) {
      case TENON_FLOAT32: {
        TENON_ASSIGN_OR_RETURN(const float f, (in_.real<float, uint32_t>()));
        append(bytes, f);
        return {};
      }
      case TENON_FLOAT64: {
        TENON_ASSIGN_OR_RETURN(const double f, (in_.real<double, uint64_t>()));
        append(bytes, f);
        return {};
      }
      case TENON_INT8:
        return integers<int8_t>(bytes);
      case TENON_INT16:
        return integers<int16_t>(bytes);
      case TENON_INT32:
        return integers<int32_t>(bytes);
      case TENON_INT64:
        return integers<int64_t>(bytes);
      case TENON_BOOL:
      case TENON_UINT8:
        return integers<uint8_t>(bytes);
      case TENON_UINT16:
        return integers<uint16_t>(bytes);
      case TENON_UINT32:
        return integers<uint32_t>(bytes);
      case TENON_UINT64:
        return integers<uint64_t>(bytes);
      default:
        return in_.error("'raw' and hexadecimal digits");
    }
  }

  Status contents(Dtype dtype, uint64_t count, std::string& bytes) {
    TENON_RETURN_IF_ERROR(in_.expect("{"));
    if (in_.take_word("raw")) {
      in_.skip_space();
      while (!in_.take("}")) {
        TENON_ASSIGN_OR_RETURN(const uint8_t byte, in_.hex_byte());
        append(bytes, byte);
      }
      return {};
    }
    std::vector<std::string> strings;
    while (!in_.take("}")) {
      if (dtype == TENON_STRING) {
        TENON_ASSIGN_OR_RETURN(std::string s, in_.string());
        strings.push_back(std::move(s));
      } else {
        TENON_RETURN_IF_ERROR(element(dtype, bytes));
      }
      in_.take(",");
    }
    if (dtype == TENON_STRING) {
      if (strings.size() != count) {
        return in_.error(std::to_string(count) + " strings before this");
      }
      int64_t offset = 0;
      append(bytes, offset);
      for (const std::string& s : strings) {
        append(bytes, offset += static_cast<int64_t>(s.size()));
      }
      for (const std::string& s : strings) {
        bytes += s;
      }
    }
    return {};
  }

  Cursor in_;
  const ConstantLookup& lookup_;
  std::unique_ptr<Model> model_;
};

}  // namespace

Result<std::unique_ptr<Model>> model_from_text(std::string_view text, const ConstantLookup& lookup) {
  return Parser(text, lookup).run();
}

}  // namespace tenon
