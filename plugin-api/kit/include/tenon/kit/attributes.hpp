// SPDX-License-Identifier: Apache-2.0
// A copy of a node's attributes that outlives the compile call, with readers that say what is missing or mistyped.
#ifndef TENON_KIT_ATTRIBUTES_HPP_
#define TENON_KIT_ATTRIBUTES_HPP_

#include <tenon/kit/dims.hpp>
#include <tenon/provider/error.hpp>
#include <tenon/provider/graph.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::kit {

/// A tensor with memory of its own: dense, aligned for every element type.
class OwnedTensor {
 public:
  explicit OwnedTensor(const tenon_tensor& t)
      : dims_(t.dims, t.dims + t.rank), data_((t.bytes + sizeof(Block) - 1) / sizeof(Block)), view_(t) {
    if (t.bytes != 0) std::memcpy(data_.data(), t.data, t.bytes);
    view_.dims = dims_.data();
    view_.data = data_.data();
  }
  OwnedTensor(const OwnedTensor&) = delete;
  OwnedTensor& operator=(const OwnedTensor&) = delete;
  const tenon_tensor& view() const { return view_; }

 private:
  struct alignas(16) Block {
    std::byte bytes[16];
  };
  Dims dims_;
  std::vector<Block> data_;
  tenon_tensor view_;
};

/// The readers without a default throw TENON_INVALID_MODEL when the attribute is missing; all do when it has another
/// type. Texts name the attribute; the caller names the node.
class Attributes {
 public:
  Attributes() = default;
  explicit Attributes(const plugin::Node& node) {
    for (const tenon_attribute& a : node.attributes()) {
      Entry e;
      e.name = plugin::view(a.name);
      e.type = a.type;
      e.i = a.i;
      e.f = a.f;
      e.s = plugin::view(a.s);
      if (a.type == TENON_ATTR_INTS) e.ints.assign(a.ints, a.ints + a.count);
      if (a.type == TENON_ATTR_FLOATS) e.floats.assign(a.floats, a.floats + a.count);
      if (a.type == TENON_ATTR_STRINGS) {
        for (uint32_t i = 0; i < a.count; ++i) e.strings.emplace_back(plugin::view(a.strings[i]));
      }
      if (a.type == TENON_ATTR_TENSOR) e.tensor = std::make_unique<OwnedTensor>(*a.tensor);
      entries_.push_back(std::move(e));
    }
  }

  bool has(std::string_view name) const { return find(name) != nullptr; }
  int64_t integer(std::string_view name) const { return get(name, TENON_ATTR_INT).i; }
  int64_t integer(std::string_view name, int64_t otherwise) const { return has(name) ? integer(name) : otherwise; }
  bool flag(std::string_view name, bool otherwise = false) const { return integer(name, otherwise ? 1 : 0) != 0; }
  double number(std::string_view name) const { return get(name, TENON_ATTR_FLOAT).f; }
  double number(std::string_view name, double otherwise) const { return has(name) ? number(name) : otherwise; }
  std::string_view string(std::string_view name) const { return get(name, TENON_ATTR_STRING).s; }
  std::string_view string(std::string_view name, std::string_view otherwise) const {
    return has(name) ? string(name) : otherwise;
  }
  /// Empty when absent.
  std::span<const int64_t> ints(std::string_view name) const {
    return has(name) ? std::span<const int64_t>(get(name, TENON_ATTR_INTS).ints) : std::span<const int64_t>();
  }
  /// Copied; `n` times `otherwise` when absent. Throws when there is another number of them than `n`.
  Dims ints(std::string_view name, size_t n, int64_t otherwise) const {
    if (!has(name)) return Dims(n, otherwise);
    const std::span<const int64_t> found = ints(name);
    plugin::require(found.size() == n, TENON_INVALID_MODEL, "attribute '", name, "' has ", found.size(),
                    " entries, expected ", n);
    return {found.begin(), found.end()};
  }
  std::span<const float> floats(std::string_view name) const {
    return has(name) ? std::span<const float>(get(name, TENON_ATTR_FLOATS).floats) : std::span<const float>();
  }
  std::span<const std::string> strings(std::string_view name) const {
    return has(name) ? std::span<const std::string>(get(name, TENON_ATTR_STRINGS).strings)
                     : std::span<const std::string>();
  }
  /// NULL when absent.
  const tenon_tensor* tensor(std::string_view name) const {
    return has(name) ? &get(name, TENON_ATTR_TENSOR).tensor->view() : nullptr;
  }

 private:
  struct Entry {
    std::string name;
    uint32_t type = 0;
    int64_t i = 0;
    double f = 0;
    std::string s;
    std::vector<int64_t> ints;
    std::vector<float> floats;
    std::vector<std::string> strings;
    std::unique_ptr<OwnedTensor> tensor;
  };
  const Entry* find(std::string_view name) const {
    for (const Entry& e : entries_) {
      if (e.name == name) return &e;
    }
    return nullptr;
  }
  const Entry& get(std::string_view name, uint32_t type) const {
    const Entry* e = find(name);
    if (e == nullptr) plugin::fail(TENON_INVALID_MODEL, "attribute '", name, "' is missing");
    plugin::require(e->type == type, TENON_INVALID_MODEL, "attribute '", name, "' has type ", e->type, ", expected ",
                    type);
    return *e;
  }
  std::vector<Entry> entries_;
};

}  // namespace tenon::kit

#endif  // TENON_KIT_ATTRIBUTES_HPP_
