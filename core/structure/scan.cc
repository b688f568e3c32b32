// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/structure/dense.hpp"
#include "core/structure/gathered.hpp"
#include "core/structure/runs.hpp"

namespace tenon {
namespace {

// A scan input, and the slice of it that the next iteration gets.
struct Scanned {
  BodyValue all;
  Dtype dtype = TENON_UNDEFINED;
  size_t axis = 0;
  bool backwards = false;
  AxisCut cut;
  Buffer slice;  // of axes other than the first
};

class ScanRun {
 public:
  ScanRun(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body)
      : frame_(*frame),
        segment_(segment),
        instruction_(frame->program->instructions[step->instruction]),
        node_(frame->program->graph->nodes[instruction_.node]),
        call_{*frame, segment, *step, 0},
        repeater_(call_, run_body) {}

  Status run() {
    TENON_RETURN_IF_ERROR(begin());
    for (int64_t number = 0; number < length_; ++number) {
      for (size_t i = 0; i < scanned_.size(); ++i) {
        TENON_RETURN_IF_ERROR(slice(number, &scanned_[i], &inputs_[states_ + i]));
      }
      TENON_RETURN_IF_ERROR(repeater_.once(inputs_, &outputs_));
      TENON_RETURN_IF_ERROR(take_outputs());
    }
    return end();
  }

 private:
  // Entry `i` of an attribute with one entry for each scan input (output); `fallback` without it.
  Result<int64_t> entry(const char* name, size_t i, size_t count, int64_t fallback) const {
    const Attribute* attribute = node_.attribute(name);
    if (attribute == nullptr) {
      return fallback;
    }
    if (attribute->ints.size() != count) {
      return Status(TENON_INVALID_MODEL, std::string("attribute '") + name + "' has " +
                                             std::to_string(attribute->ints.size()) + " entries, expected " +
                                             std::to_string(count));
    }
    return attribute->ints[i];
  }

  Status begin() {
    const auto count = static_cast<size_t>(node_.int_or("num_scan_inputs", 0));
    states_ = instruction_.inputs.size() - count;
    for (size_t i = 0; i < instruction_.inputs.size(); ++i) {
      inputs_.push_back(value_of(frame_, segment_, instruction_.inputs[i]));
    }
    for (size_t i = 0; i < count; ++i) {
      TENON_RETURN_IF_ERROR(add_scanned(i, count));
    }
    const size_t outputs = instruction_.outputs.size() - states_;
    for (size_t i = 0; i < outputs; ++i) {
      TENON_ASSIGN_OR_RETURN(const int64_t axis, entry("scan_output_axes", i, outputs, 0));
      TENON_ASSIGN_OR_RETURN(const int64_t direction, entry("scan_output_directions", i, outputs, 0));
      const Program& body = call_.program();
      gathered_.emplace_back(frame_.memory, body.slots[body.outputs[states_ + i]].dtype, axis, length_, direction != 0);
    }
    return {};
  }

  Status add_scanned(size_t i, size_t count) {
    TENON_ASSIGN_OR_RETURN(int64_t axis, entry("scan_input_axes", i, count, 0));
    TENON_ASSIGN_OR_RETURN(const int64_t direction, entry("scan_input_directions", i, count, 0));
    Scanned scanned;
    scanned.all = std::move(inputs_[states_ + i]);
    scanned.dtype = frame_.program->slots[instruction_.inputs[states_ + i]].dtype;
    scanned.backwards = direction != 0;
    const auto rank = static_cast<int64_t>(scanned.all.rank);
    axis += axis < 0 ? rank : 0;
    if (axis < 0 || axis >= rank) {
      return Status(TENON_RUN, "scan input " + std::to_string(i) + " has rank " + std::to_string(rank) +
                                   ", so it has no such axis");
    }
    scanned.axis = static_cast<size_t>(axis);
    scanned.cut = cut_at({scanned.all.dims, scanned.all.rank}, scanned.axis);
    const int64_t length = scanned.all.dims[axis];
    if (i > 0 && length != length_) {
      return Status(TENON_RUN, "scan input " + std::to_string(i) + " has length " + std::to_string(length) +
                                   ", expected " + std::to_string(length_) + " as the others have")
          .with_expectation(std::to_string(length), std::to_string(length_));
    }
    length_ = length;
    BodyValue& slice = inputs_[states_ + i];
    slice = BodyValue();
    slice.rank = scanned.all.rank - 1;
    std::copy_n(scanned.all.dims, axis, slice.dims);
    std::copy(scanned.all.dims + axis + 1, scanned.all.dims + rank, slice.dims + axis);
    scanned_.push_back(std::move(scanned));
    return {};
  }

  Status slice(int64_t number, Scanned* from, BodyValue* to) {
    const auto length = static_cast<uint64_t>(length_);
    const uint64_t at = from->backwards ? length - 1 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    const uint64_t elements = from->cut.outer * from->cut.inner;
    if (from->dtype == TENON_STRING) {
      return slice_strings(at, from, to);
    }
    to->bytes = dtype_bytes(from->dtype, elements).value_or(0);
    to->changes = false;
    if (from->cut.outer == 1 && dtype_bits(from->dtype) >= 8) {
      to->data = from->all.data + at * to->bytes;
      return {};
    }
    TENON_RETURN_IF_ERROR(make_room(to->bytes, from));
    for_each_run(from->cut, {length, at}, {1, 0}, 1, [&](uint64_t source, uint64_t target, uint64_t count) {
      move_elements(from->dtype, from->all.data, source, from->slice.data(), target, count);
    });
    to->data = from->slice.data();
    to->changes = true;
    return {};
  }

  Status slice_strings(uint64_t at, Scanned* from, BodyValue* to) {
    const auto length = static_cast<uint64_t>(length_);
    const uint64_t elements = from->cut.outer * from->cut.inner;
    const std::vector<std::string_view> all = strings_at(from->all.data, elements * length);
    std::vector<std::string_view> strings(elements);
    for_each_run(from->cut, {length, at}, {1, 0}, 1, [&](uint64_t source, uint64_t target, uint64_t count) {
      std::copy_n(all.begin() + static_cast<ptrdiff_t>(source), count,
                  strings.begin() + static_cast<ptrdiff_t>(target));
    });
    to->bytes = strings_bytes(strings);
    TENON_RETURN_IF_ERROR(make_room(to->bytes, from));
    write_strings(strings, from->slice.data());
    to->data = from->slice.data();
    to->changes = true;
    return {};
  }

  Status make_room(uint64_t bytes, Scanned* scanned) {
    if (!scanned->slice || scanned->slice.bytes() < bytes) {
      TENON_ASSIGN_OR_RETURN(scanned->slice,
                             frame_.memory->allocate(std::max<uint64_t>(bytes, 1), 64, "a slice of a scan input"));
    }
    return {};
  }

  Status take_outputs() {
    for (size_t i = 0; i < gathered_.size(); ++i) {
      if (const SlotId slot = instruction_.outputs[states_ + i]; slot != kNone) {
        TENON_RETURN_IF_ERROR(gathered_[i].add(outputs_[states_ + i], &frame_.dynamics[slot]->buffer));
      }
    }
    for (size_t i = 0; i < states_; ++i) {
      inputs_[i] = std::move(outputs_[i]);
    }
    outputs_.clear();
    return {};
  }

  Status end() {
    Repeater::leave({inputs_.data(), states_});
    for (size_t i = 0; i < instruction_.outputs.size(); ++i) {
      const SlotId slot = instruction_.outputs[i];
      if (slot == kNone) {
        continue;
      }
      if (i < states_) {
        TENON_RETURN_IF_ERROR(lend(&frame_, segment_, slot, inputs_[i]));
        continue;
      }
      const Shape& shape = frame_.program->graph->values[frame_.program->slots[slot].value].type.shape;
      const std::vector<Type>& declared = call_.program().graph->declared_outputs;
      const Shape each = i < declared.size() ? declared[i].shape : Shape();
      TENON_ASSIGN_OR_RETURN(const BodyValue all,
                             gathered_[i - states_].finish(shape, each, &frame_.dynamics[slot]->buffer));
      TENON_RETURN_IF_ERROR(lend(&frame_, segment_, slot, all));
    }
    return {};
  }

  Frame& frame_;
  const Segment& segment_;
  const Instruction& instruction_;
  const Node& node_;
  const BodyCall call_;
  Repeater repeater_;
  size_t states_ = 0;
  int64_t length_ = 0;
  std::vector<Scanned> scanned_;
  std::vector<BodyValue> inputs_, outputs_;
  std::vector<Gathered> gathered_;
};

}  // namespace

Status run_scan(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body) {
  return ScanRun(frame, segment, step, run_body).run();
}

}  // namespace tenon
