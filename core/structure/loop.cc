// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/structure/gathered.hpp"
#include "core/structure/runs.hpp"

namespace tenon {
namespace {

constexpr size_t kNumber = 0, kCondition = 1, kCarried = 2;  // inputs of the node and of its body

class LoopRun {
 public:
  LoopRun(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body)
      : frame_(*frame),
        segment_(segment),
        instruction_(frame->program->instructions[step->instruction]),
        call_{*frame, segment, *step, 0},
        repeater_(call_, run_body) {}

  Status run() {
    limit_ = scalar<int64_t>(kNumber, INT64_MAX);
    condition_ = scalar<uint8_t>(kCondition, 1);
    begin();
    while (number_ < limit_ && condition_ != 0) {
      TENON_RETURN_IF_ERROR(repeater_.once(inputs_, &outputs_));
      TENON_RETURN_IF_ERROR(take_outputs());
      ++number_;
    }
    return end();
  }

 private:
  template <typename T>
  T scalar(size_t input, T fallback) const {
    const SlotId slot = instruction_.inputs[input];
    if (slot == kNone) {
      return fallback;
    }
    T value;
    std::memcpy(&value, frame_.pointers[segment_.slots[slot].root], sizeof value);
    return value;
  }

  // A body may take its number and condition as [1].
  BodyValue own_scalar(size_t input, void* data, uint64_t bytes) const {
    const Program& body = call_.program();
    const Shape& shape = body.graph->values[body.slots[body.inputs[input]].value].type.shape;
    BodyValue value;
    value.data = static_cast<std::byte*>(data);
    value.bytes = bytes;
    value.rank = shape && shape->size() == 1 ? 1 : 0;
    value.dims[0] = 1;
    value.changes = true;
    return value;
  }

  void begin() {
    inputs_.push_back(own_scalar(kNumber, &number_, sizeof number_));
    inputs_.push_back(own_scalar(kCondition, &condition_, sizeof condition_));
    for (size_t i = kCarried; i < instruction_.inputs.size(); ++i) {
      inputs_.push_back(value_of(frame_, segment_, instruction_.inputs[i]));
    }
    const size_t carried = inputs_.size() - kCarried;
    for (size_t i = carried; i < instruction_.outputs.size(); ++i) {
      const Program& body = call_.program();
      gathered_.emplace_back(frame_.memory, body.slots[body.outputs[i + 1]].dtype, 0, -1, false);
    }
  }

  Status take_outputs() {
    std::memcpy(&condition_, outputs_[0].data, sizeof condition_);
    const size_t carried = inputs_.size() - kCarried;
    for (size_t i = 0; i < gathered_.size(); ++i) {
      if (const SlotId slot = instruction_.outputs[carried + i]; slot != kNone) {
        TENON_RETURN_IF_ERROR(gathered_[i].add(outputs_[1 + carried + i], &frame_.dynamics[slot]->buffer));
      }
    }
    for (size_t i = 0; i < carried; ++i) {
      inputs_[kCarried + i] = std::move(outputs_[1 + i]);
    }
    outputs_.clear();
    return {};
  }

  Status end() {
    const size_t carried = inputs_.size() - kCarried;
    Repeater::leave(inputs_);
    for (size_t i = 0; i < instruction_.outputs.size(); ++i) {
      const SlotId slot = instruction_.outputs[i];
      if (slot == kNone) {
        continue;
      }
      if (i < carried) {
        TENON_RETURN_IF_ERROR(lend(&frame_, segment_, slot, inputs_[kCarried + i]));
        continue;
      }
      const Shape& shape = frame_.program->graph->values[frame_.program->slots[slot].value].type.shape;
      const std::vector<Type>& declared = call_.program().graph->declared_outputs;
      const Shape each = i + 1 < declared.size() ? declared[i + 1].shape : Shape();
      TENON_ASSIGN_OR_RETURN(const BodyValue all,
                             gathered_[i - carried].finish(shape, each, &frame_.dynamics[slot]->buffer));
      TENON_RETURN_IF_ERROR(lend(&frame_, segment_, slot, all));
    }
    return {};
  }

  Frame& frame_;
  const Segment& segment_;
  const Instruction& instruction_;
  const BodyCall call_;
  Repeater repeater_;
  int64_t limit_ = 0;
  int64_t number_ = 0;
  uint8_t condition_ = 0;
  std::vector<BodyValue> inputs_, outputs_;
  std::vector<Gathered> gathered_;
};

}  // namespace

Status run_loop(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body) {
  return LoopRun(frame, segment, step, run_body).run();
}

}  // namespace tenon
