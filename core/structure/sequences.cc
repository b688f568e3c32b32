// SPDX-License-Identifier: Apache-2.0
// Operators over sequences and optionals. Elements are shared, not copied, wherever one passes from one to another.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/checked.hpp"
#include "core/base/dims_text.hpp"
#include "core/structure/dense.hpp"
#include "core/structure/object_call.hpp"
#include "core/structure/runs.hpp"

namespace tenon {
namespace {

Status run_error(const std::string& what, std::string got, std::string expected) {
  return Status(TENON_RUN, what + " is " + got + ", expected " + expected)
      .with_expectation(std::move(got), std::move(expected));
}

// Input `i` as a place among `count`; negative ones count from the back.
Result<size_t> position(const ObjectCall& call, size_t i, size_t places, size_t count) {
  TENON_ASSIGN_OR_RETURN(const int64_t given, call.integer(i));
  const auto n = static_cast<int64_t>(count);
  const int64_t at = given < 0 ? given + n : given;
  if (at < 0 || at >= static_cast<int64_t>(places)) {
    return run_error("the position", std::to_string(given),
                     places == 0 ? "none: the sequence is empty"
                                 : std::to_string(-n) + " to " + std::to_string(places - 1) + " for " +
                                       std::to_string(n) + " elements");
  }
  return static_cast<size_t>(at);
}

Status construct(const ObjectCall& call) {
  std::vector<ObjectPtr> items;
  for (size_t i = 0; i < call.inputs(); ++i) {
    TENON_ASSIGN_OR_RETURN(ObjectPtr item, call.item(i));
    items.push_back(std::move(item));
  }
  call.give(make_sequence(std::move(items)));
  return {};
}

Status at(const ObjectCall& call) {
  TENON_ASSIGN_OR_RETURN(const ObjectPtr sequence, call.object(0));
  TENON_ASSIGN_OR_RETURN(const size_t place, position(call, 1, sequence->items.size(), sequence->items.size()));
  return call.give_item(sequence->items[place]);
}

Status insert(const ObjectCall& call) {
  TENON_ASSIGN_OR_RETURN(ObjectPtr item, call.item(1));
  TENON_ASSIGN_OR_RETURN(ObjectPtr taken, call.take(0));
  const size_t count = taken->items.size();
  size_t place = count;
  if (call.present(2)) {
    TENON_ASSIGN_OR_RETURN(place, position(call, 2, count + 1, count));
  }
  if (count >= kMostItems) {
    return Status(TENON_LIMIT, "a sequence holds at most " + std::to_string(kMostItems) + " elements");
  }
  const std::shared_ptr<Object> sequence = changeable(std::move(taken));
  sequence->items.insert(sequence->items.begin() + static_cast<ptrdiff_t>(place), std::move(item));
  call.give(sequence);
  return {};
}

Status erase(const ObjectCall& call) {
  TENON_ASSIGN_OR_RETURN(ObjectPtr taken, call.take(0));
  const size_t count = taken->items.size();
  size_t place = count - 1;
  if (call.present(1) || count == 0) {
    TENON_ASSIGN_OR_RETURN(place, call.present(1) ? position(call, 1, count, count)
                                                  : run_error("the sequence", "empty", "one with elements"));
  }
  const std::shared_ptr<Object> sequence = changeable(std::move(taken));
  sequence->items.erase(sequence->items.begin() + static_cast<ptrdiff_t>(place));
  call.give(sequence);
  return {};
}

Status length(const ObjectCall& call) {
  TENON_ASSIGN_OR_RETURN(const ObjectPtr sequence, call.object(0));
  return call.give_scalar(static_cast<int64_t>(sequence->items.size()));
}

// Joins the elements of a sequence along an axis that they have, or along a new one.
class Concat {
 public:
  explicit Concat(const ObjectCall& call) : call_(call) {}

  Status run() {
    TENON_ASSIGN_OR_RETURN(sequence_, call_.object(0));
    const std::vector<ObjectPtr>& items = sequence_->items;
    if (items.empty()) {
      return run_error("the sequence", "empty", "one with elements");
    }
    if (const Dtype wanted = call_.frame.program->slots[call_.instruction().outputs[0]].dtype; wanted != dtype()) {
      return run_error("the sequence", "of " + std::string(dtype_name(dtype())),
                       "of " + std::string(dtype_name(wanted)));
    }
    new_axis_ = call_.node().int_or("new_axis", 0) != 0;
    dims_ = items.front()->dims;
    axis_ = call_.node().int_or("axis", 0);
    const auto rank = static_cast<int64_t>(dims_.size()) + (new_axis_ ? 1 : 0);
    if (axis_ < -rank || axis_ >= rank || rank > TENON_MAX_RANK) {
      return run_error("the axis", std::to_string(axis_), std::to_string(-rank) + " to " + std::to_string(rank - 1));
    }
    axis_ += axis_ < 0 ? rank : 0;
    if (new_axis_) {
      dims_.insert(dims_.begin() + axis_, 1);
    }
    TENON_RETURN_IF_ERROR(add_up());
    return dtype() == TENON_STRING ? join_strings() : join();
  }

 private:
  Dtype dtype() const { return sequence_->items.front()->dtype; }

  int64_t extent(const Object& item) const { return new_axis_ ? 1 : item.dims[static_cast<size_t>(axis_)]; }

  Status add_up() {
    CheckedSize sum(0);
    for (size_t i = 0; i < sequence_->items.size(); ++i) {
      const Object& item = *sequence_->items[i];
      std::vector<int64_t> dims = item.dims;
      const bool ranks = item.dims.size() + (new_axis_ ? 1 : 0) == dims_.size();
      if (ranks && new_axis_) {
        dims.insert(dims.begin() + axis_, 1);
      }
      if (ranks) {
        sum += CheckedSize::from_signed(dims[static_cast<size_t>(axis_)]);
        dims[static_cast<size_t>(axis_)] = dims_[static_cast<size_t>(axis_)];
      }
      if (dims != dims_ || item.dtype != dtype()) {
        const Object& first = *sequence_->items.front();
        return run_error("element " + std::to_string(i), text(item), text(first) + " but for the axis");
      }
    }
    if (!sum.within(INT64_MAX)) {
      return Status(TENON_LIMIT, "the joined axis would have more than 2^63 elements");
    }
    dims_[static_cast<size_t>(axis_)] = static_cast<int64_t>(sum.value());
    return {};
  }

  static std::string text(const Object& item) {
    return std::string(dtype_name(item.dtype)) + " " +
           dims_text(item.dims.data(), static_cast<uint32_t>(item.dims.size()));
  }

  // Calls move(item, from, to, count) for each run of elements.
  template <typename Move>
  void for_each_piece(const Move& move) const {
    const AxisCut cut = cut_at(dims_, static_cast<size_t>(axis_));
    const auto all = static_cast<uint64_t>(dims_[static_cast<size_t>(axis_)]);
    uint64_t begin = 0;
    for (size_t i = 0; i < sequence_->items.size(); ++i) {
      const auto own = static_cast<uint64_t>(extent(*sequence_->items[i]));
      for_each_run(cut, {own, 0}, {all, begin}, own,
                   [&](uint64_t from, uint64_t to, uint64_t count) { move(i, from, to, count); });
      begin += own;
    }
  }

  Status join() {
    const std::optional<uint64_t> count = element_count(dims_);
    const std::optional<uint64_t> bytes = count ? dtype_bytes(dtype(), *count) : std::nullopt;
    if (!bytes) {
      return Status(TENON_LIMIT, "the joined tensor would have more than 2^64 bytes");
    }
    TENON_ASSIGN_OR_RETURN(std::byte * to, call_.room(*bytes));
    for_each_piece([&](size_t item, uint64_t from, uint64_t target, uint64_t elements) {
      move_elements(dtype(), sequence_->items[item]->data, from, to, target, elements);
    });
    return call_.give_room(dims_, *bytes);
  }

  Status join_strings() {
    std::vector<std::vector<std::string_view>> from;
    for (const ObjectPtr& item : sequence_->items) {
      from.push_back(strings_at(item->data, element_count(item->dims).value_or(0)));
    }
    std::vector<std::string_view> joined(element_count(dims_).value_or(0));
    for_each_piece([&](size_t item, uint64_t source, uint64_t target, uint64_t elements) {
      std::copy_n(from[item].begin() + static_cast<ptrdiff_t>(source), elements,
                  joined.begin() + static_cast<ptrdiff_t>(target));
    });
    const uint64_t bytes = strings_bytes(joined);
    TENON_ASSIGN_OR_RETURN(std::byte * to, call_.room(bytes));
    write_strings(joined, to);
    return call_.give_room(dims_, bytes);
  }

  const ObjectCall& call_;
  ObjectPtr sequence_;
  bool new_axis_ = false;
  int64_t axis_ = 0;
  std::vector<int64_t> dims_;
};

// Cuts a tensor along an axis into the elements of a sequence.
class Split {
 public:
  explicit Split(const ObjectCall& call) : call_(call), tensor_(call.value(0)) {}

  Status run() {
    int64_t axis = call_.node().int_or("axis", 0);
    const auto rank = static_cast<int64_t>(tensor_.rank);
    if (axis < -rank || axis >= rank) {
      return run_error("the axis", std::to_string(axis), std::to_string(-rank) + " to " + std::to_string(rank - 1));
    }
    axis_ = static_cast<size_t>(axis < 0 ? axis + rank : axis);
    TENON_RETURN_IF_ERROR(find_sizes());
    cut_ = cut_at({tensor_.dims, tensor_.rank}, axis_);
    if (call_.dtype(0) == TENON_STRING) {
      strings_ = strings_at(tensor_.data, element_count(std::span(tensor_.dims, rank)).value_or(0));
    }
    std::vector<ObjectPtr> items;
    uint64_t begin = 0;
    for (int64_t size : sizes_) {
      TENON_ASSIGN_OR_RETURN(ObjectPtr item, piece(begin, static_cast<uint64_t>(size)));
      items.push_back(std::move(item));
      begin += static_cast<uint64_t>(size);
    }
    call_.give(make_sequence(std::move(items)));
    return {};
  }

 private:
  int64_t length() const { return tensor_.dims[axis_]; }

  // Without `split` pieces of one index, whose axis goes unless keepdims; a scalar is the size of each piece but the
  // last, which may be smaller; otherwise each piece has its size.
  Status find_sizes() {
    if (!call_.present(1)) {
      keep_ = call_.node().int_or("keepdims", 1) != 0;
      return fill(1);
    }
    const BodyValue split = call_.value(1);
    if (split.rank == 0) {
      TENON_ASSIGN_OR_RETURN(const int64_t size, call_.integer(1));
      return size > 0 ? fill(size) : run_error("the size of a piece", std::to_string(size), "at least 1");
    }
    const int64_t count = split.rank == 1 ? split.dims[0] : 0;
    CheckedSize sum(0);
    for (int64_t i = 0; i < count; ++i) {
      int64_t size = 0;
      if (call_.dtype(1) == TENON_INT64) {
        std::memcpy(&size, split.data + 8 * i, 8);
      } else {
        int32_t narrow = 0;
        std::memcpy(&narrow, split.data + 4 * i, 4);
        size = narrow;
      }
      sum += CheckedSize::from_signed(size);
      sizes_.push_back(size);
    }
    if (!sum.ok() || sum.value() != static_cast<uint64_t>(length())) {
      return run_error("the sum of the sizes", sum.ok() ? std::to_string(sum.value()) : "no number that fits",
                       std::to_string(length()) + ", the length of axis " + std::to_string(axis_));
    }
    return {};
  }

  Status fill(int64_t size) {
    if (static_cast<uint64_t>(length()) / static_cast<uint64_t>(size) >= kMostItems) {
      return Status(TENON_LIMIT, "a sequence holds at most " + std::to_string(kMostItems) + " elements");
    }
    for (int64_t begin = 0; begin < length(); begin += size) {
      sizes_.push_back(std::min(size, length() - begin));
    }
    return {};
  }

  Result<ObjectPtr> piece(uint64_t begin, uint64_t size) const {
    std::vector<int64_t> dims(tensor_.dims, tensor_.dims + tensor_.rank);
    dims[axis_] = static_cast<int64_t>(size);
    const auto all = static_cast<uint64_t>(length());
    std::vector<std::string_view> strings;
    if (call_.dtype(0) == TENON_STRING) {
      strings.resize(cut_.outer * size * cut_.inner);
      for_each_run(cut_, {all, begin}, {size, 0}, size, [&](uint64_t from, uint64_t to, uint64_t count) {
        std::copy_n(strings_.begin() + static_cast<ptrdiff_t>(from), count,
                    strings.begin() + static_cast<ptrdiff_t>(to));
      });
    }
    if (!keep_) {
      dims.erase(dims.begin() + static_cast<ptrdiff_t>(axis_));
    }
    std::byte* data = nullptr;
    TENON_ASSIGN_OR_RETURN(std::shared_ptr<Object> item,
                           new_tensor(call_.frame.memory, call_.dtype(0), dims, strings_bytes(strings), &data));
    if (call_.dtype(0) == TENON_STRING) {
      write_strings(strings, data);
      return ObjectPtr(std::move(item));
    }
    for_each_run(cut_, {all, begin}, {size, 0}, size, [&](uint64_t from, uint64_t to, uint64_t count) {
      move_elements(call_.dtype(0), tensor_.data, from, data, to, count);
    });
    return ObjectPtr(std::move(item));
  }

  const ObjectCall& call_;
  const BodyValue tensor_;
  size_t axis_ = 0;
  bool keep_ = true;
  AxisCut cut_;
  std::vector<int64_t> sizes_;
  std::vector<std::string_view> strings_;
};

Status concat(const ObjectCall& call) { return Concat(call).run(); }
Status split(const ObjectCall& call) { return Split(call).run(); }

Status make_present(const ObjectCall& call) {
  if (!call.present(0)) {
    call.give(make_optional(nullptr));
    return {};
  }
  TENON_ASSIGN_OR_RETURN(ObjectPtr item, call.item(0));
  call.give(make_optional(std::move(item)));
  return {};
}

// Of an optional what it holds; anything else is its own value.
Status get_element(const ObjectCall& call) {
  if (!call.is_object(0)) {
    return lend(&call.frame, call.segment, call.instruction().outputs[0], call.value(0));
  }
  TENON_ASSIGN_OR_RETURN(const ObjectPtr object, call.object(0));
  if (object->kind != TypeKind::optional) {
    return call.give_item(object);
  }
  if (object->items.empty()) {
    return run_error("the optional", "absent", "one that holds a value");
  }
  return call.give_item(object->items.front());
}

Status has_element(const ObjectCall& call) {
  bool has = call.present(0);
  if (has && call.is_object(0)) {
    TENON_ASSIGN_OR_RETURN(const ObjectPtr object, call.object(0));
    has = object->kind != TypeKind::optional || !object->items.empty();
  }
  return call.give_scalar(static_cast<uint8_t>(has ? 1 : 0));
}

Status identity(const ObjectCall& call) {
  TENON_ASSIGN_OR_RETURN(ObjectPtr object, call.take(0));
  call.give(std::move(object));
  return {};
}

struct Entry {
  std::string_view op;
  Status (*function)(const ObjectCall& call);
};
constexpr std::array<Entry, 14> kEntries = {{{"SequenceEmpty", construct},
                                             {"SequenceConstruct", construct},
                                             {"SequenceAt", at},
                                             {"SequenceInsert", insert},
                                             {"SequenceErase", erase},
                                             {"SequenceLength", length},
                                             {"ConcatFromSequence", concat},
                                             {"SplitToSequence", split},
                                             {"Optional", make_present},
                                             {"OptionalGetElement", get_element},
                                             {"OptionalHasElement", has_element},
                                             {"Identity", identity},
                                             {"ZipMap", zip_map},
                                             {"DictVectorizer", dict_vectorizer}}};

}  // namespace

Status run_object(Frame* frame, const Segment& segment, Step* step) {
  const ObjectCall call{*frame, segment, *step};
  const auto* entry =
      std::find_if(kEntries.begin(), kEntries.end(), [&](const Entry& each) { return each.op == call.node().op; });
  if (entry == kEntries.end()) {
    return Status(TENON_INTERNAL, "core has no function for " + call.node().op);
  }
  return entry->function(call);
}

}  // namespace tenon
