// SPDX-License-Identifier: Apache-2.0
// Read access to the plain records of a graph [R6]. All of these are views: they own nothing and live as long as the
// record that the host handed over. Records are walked by the stride that the host gave, never by sizeof.
#ifndef TENON_PROVIDER_GRAPH_HPP_
#define TENON_PROVIDER_GRAPH_HPP_

#include <tenon/plugin.h>
#include <tenon/provider/error.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace tenon::plugin {

/// An array of records of T that lie `stride` bytes apart. T may be const.
template <class T>
class Records {
 public:
  class Iterator {
   public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Records* of, uint32_t i) : of_(of), i_(i) {}
    T& operator*() const { return (*of_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    void operator++(int) { ++i_; }
    bool operator==(const Iterator& other) const { return i_ == other.i_; }

   private:
    const Records* of_ = nullptr;
    uint32_t i_ = 0;
  };

  Records() = default;
  Records(T* first, uint32_t n, uint32_t stride) : first_(first), n_(n), stride_(stride) {}
  uint32_t size() const { return n_; }
  bool empty() const { return n_ == 0; }
  /// i < size().
  T& operator[](uint32_t i) const {
    using Byte = std::conditional_t<std::is_const_v<T>, const std::byte, std::byte>;
    return *reinterpret_cast<T*>(reinterpret_cast<Byte*>(first_) + size_t{i} * stride_);
  }
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, n_}; }

 private:
  T* first_ = nullptr;
  uint32_t n_ = 0;
  uint32_t stride_ = sizeof(T);
};

/// A value of a graph, or none (an absent optional input): test with `if (value)` before anything else.
class Value {
 public:
  Value() = default;
  explicit Value(const tenon_graph_value* raw) : raw_(raw) {}
  explicit operator bool() const { return raw_ != nullptr; }
  const tenon_graph_value& raw() const { return *raw_; }
  uint32_t id() const { return raw_->id; }
  uint32_t origin() const { return raw_->origin; }
  std::string_view name() const { return view(raw_->name); }
  uint32_t dtype() const { return raw_->dtype; }
  bool rank_known() const { return raw_->rank != TENON_UNKNOWN_RANK; }
  uint32_t rank() const { return raw_->rank; }
  /// Empty when the rank is not known. An entry of TENON_UNKNOWN_DIM is known only to a run.
  std::span<const int64_t> dims() const {
    return rank_known() ? std::span<const int64_t>(raw_->dims, raw_->rank) : std::span<const int64_t>();
  }
  /// Rank and every dim are known.
  bool is_static() const {
    if (!rank_known()) return false;
    for (const int64_t d : dims()) {
      if (d < 0) return false;
    }
    return true;
  }
  bool is_const() const { return raw_->const_id != TENON_NO_ID; }
  uint32_t const_id() const { return raw_->const_id; }
  bool captured() const { return (raw_->flags & TENON_VALUE_CAPTURED) != 0; }

 private:
  const tenon_graph_value* raw_ = nullptr;
};

/// A node and the graph that it stands in. The attr_* readers throw TENON_INVALID_MODEL, naming node and attribute,
/// when an attribute has another type than asked for.
class Node {
 public:
  Node(const tenon_node* raw, const tenon_graph* graph) : raw_(raw), graph_(graph) {}
  const tenon_node& raw() const { return *raw_; }
  uint32_t id() const { return raw_->id; }
  uint32_t origin() const { return raw_->origin; }
  std::string_view domain() const { return view(raw_->domain); }
  std::string_view op() const { return view(raw_->op); }
  std::string_view name() const { return view(raw_->name); }
  uint32_t form() const { return raw_->form; }
  bool is(std::string_view domain_, std::string_view op_) const { return op() == op_ && domain() == domain_; }
  /// "node 'conv1' (Conv)", for error texts.
  std::string text() const { return cat("node '", name(), "' (", op(), ")"); }

  std::span<const uint32_t> input_ids() const { return {raw_->inputs, raw_->ninputs}; }
  std::span<const uint32_t> output_ids() const { return {raw_->outputs, raw_->noutputs}; }
  uint32_t ninputs() const { return raw_->ninputs; }
  uint32_t noutputs() const { return raw_->noutputs; }
  bool has_input(uint32_t i) const { return i < raw_->ninputs && raw_->inputs[i] != TENON_NO_ID; }
  bool has_output(uint32_t i) const { return i < raw_->noutputs && raw_->outputs[i] != TENON_NO_ID; }
  /// None when the input is absent or i is past the last one.
  Value input(uint32_t i) const { return has_input(i) ? value(raw_->inputs[i]) : Value(); }
  Value output(uint32_t i) const { return has_output(i) ? value(raw_->outputs[i]) : Value(); }

  Records<const tenon_attribute> attributes() const {
    return {raw_->attributes, raw_->nattributes, raw_->attribute_stride};
  }
  /// NULL when the node has no such attribute (and the schema has no default for it).
  const tenon_attribute* attr(std::string_view name_) const {
    for (const tenon_attribute& a : attributes()) {
      if (view(a.name) == name_) return &a;
    }
    return nullptr;
  }
  std::optional<int64_t> attr_int(std::string_view name_) const {
    const auto* a = typed(name_, TENON_ATTR_INT, "an int");
    return a ? std::optional<int64_t>(a->i) : std::nullopt;
  }
  int64_t attr_int(std::string_view name_, int64_t otherwise) const { return attr_int(name_).value_or(otherwise); }
  std::optional<double> attr_float(std::string_view name_) const {
    const auto* a = typed(name_, TENON_ATTR_FLOAT, "a float");
    return a ? std::optional<double>(a->f) : std::nullopt;
  }
  double attr_float(std::string_view name_, double otherwise) const { return attr_float(name_).value_or(otherwise); }
  std::string_view attr_string(std::string_view name_, std::string_view otherwise = {}) const {
    const auto* a = typed(name_, TENON_ATTR_STRING, "a string");
    return a ? view(a->s) : otherwise;
  }
  /// Empty when absent; ask attr() where an empty list differs from none.
  std::span<const int64_t> attr_ints(std::string_view name_) const {
    const auto* a = typed(name_, TENON_ATTR_INTS, "ints");
    return a ? std::span<const int64_t>(a->ints, a->count) : std::span<const int64_t>();
  }
  std::span<const float> attr_floats(std::string_view name_) const {
    const auto* a = typed(name_, TENON_ATTR_FLOATS, "floats");
    return a ? std::span<const float>(a->floats, a->count) : std::span<const float>();
  }
  std::vector<std::string_view> attr_strings(std::string_view name_) const {
    std::vector<std::string_view> out;
    if (const auto* a = typed(name_, TENON_ATTR_STRINGS, "strings")) {
      for (uint32_t i = 0; i < a->count; ++i) out.push_back(view(a->strings[i]));
    }
    return out;
  }
  const tenon_tensor* attr_tensor(std::string_view name_) const {
    const auto* a = typed(name_, TENON_ATTR_TENSOR, "a tensor");
    return a ? a->tensor : nullptr;
  }

 private:
  Value value(uint32_t id) const {
    return Value(&Records<const tenon_graph_value>(graph_->values, graph_->nvalues, graph_->value_stride)[id]);
  }
  const tenon_attribute* typed(std::string_view name_, uint32_t type, std::string_view what) const {
    const tenon_attribute* a = attr(name_);
    if (a != nullptr && a->type != type) {
      fail(TENON_INVALID_MODEL, text(), ": attribute '", name_, "' has type ", a->type, ", expected ", what);
    }
    return a;
  }
  const tenon_node* raw_;
  const tenon_graph* graph_;
};

class Graph {
 public:
  explicit Graph(const tenon_graph* raw) : raw_(raw) {}
  const tenon_graph& raw() const { return *raw_; }
  uint32_t nnodes() const { return raw_->nnodes; }
  Node node(uint32_t i) const { return {&nodes()[i], raw_}; }
  Records<const tenon_node> nodes() const { return {raw_->nodes, raw_->nnodes, raw_->node_stride}; }
  Records<const tenon_graph_value> values() const { return {raw_->values, raw_->nvalues, raw_->value_stride}; }
  uint32_t nvalues() const { return raw_->nvalues; }
  Value value(uint32_t id) const { return Value(&values()[id]); }
  std::span<const uint32_t> inputs() const { return {raw_->inputs, raw_->ninputs}; }
  std::span<const uint32_t> outputs() const { return {raw_->outputs, raw_->noutputs}; }

 private:
  const tenon_graph* raw_;
};

/// The region that compile gets: nodes and values with ids of its own, and the rules that were agreed.
class Region {
 public:
  explicit Region(const tenon_region* raw) : raw_(raw) {}
  const tenon_region& raw() const { return *raw_; }
  uint64_t claim() const { return raw_->claim; }
  uint32_t device() const { return raw_->device; }
  Graph graph() const { return Graph(raw_->graph); }
  /// One for each input of the region, then one for each output.
  Records<const tenon_value_rule> rules() const { return {raw_->rules, raw_->nrules, raw_->rule_stride}; }
  /// Index into the region's inputs (so into run.inputs) of value `id`; none when it is made inside.
  std::optional<uint32_t> input_index(uint32_t id) const { return index_of(graph().inputs(), id); }
  std::optional<uint32_t> output_index(uint32_t id) const { return index_of(graph().outputs(), id); }

 private:
  static std::optional<uint32_t> index_of(std::span<const uint32_t> ids, uint32_t id) {
    for (uint32_t i = 0; i < ids.size(); ++i) {
      if (ids[i] == id) return i;
    }
    return std::nullopt;
  }
  const tenon_region* raw_;
};

/// Shapes at the border of a region (prepare) or of one node (infer); outputs are to be filled in.
class Shapes {
 public:
  explicit Shapes(tenon_shapes* raw) : raw_(raw) {}
  Records<const tenon_shape> inputs() const { return {raw_->inputs, raw_->ninputs, raw_->input_stride}; }
  Records<tenon_shape> outputs() const { return {raw_->outputs, raw_->noutputs, raw_->output_stride}; }
  std::span<const int64_t> dims(uint32_t input) const { return {inputs()[input].dims, inputs()[input].rank}; }
  /// Sets rank and dims of an output; dims.size() <= TENON_MAX_RANK.
  void set(uint32_t output, std::span<const int64_t> dims) const {
    require(dims.size() <= TENON_MAX_RANK, TENON_LIMIT, "output ", output, " has rank ", dims.size(), ", at most ",
            TENON_MAX_RANK, " is allowed");
    tenon_shape& shape = outputs()[output];
    shape.rank = static_cast<uint32_t>(dims.size());
    for (size_t i = 0; i < dims.size(); ++i) shape.dims[i] = dims[i];
  }

 private:
  tenon_shapes* raw_;
};

}  // namespace tenon::plugin

#endif  // TENON_PROVIDER_GRAPH_HPP_
