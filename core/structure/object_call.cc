// SPDX-License-Identifier: Apache-2.0
#include "core/structure/object_call.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tenon {

Result<ObjectPtr> ObjectCall::object(size_t i) const {
  const SlotId slot = present(i) ? instruction().inputs[i] : kNone;
  if (slot == kNone || frame.objects[slot] == nullptr) {
    return Status(TENON_INTERNAL, node().op + " runs before its input " + std::to_string(i) + " is there");
  }
  return frame.objects[slot];
}

Result<ObjectPtr> ObjectCall::take(size_t i) const {
  TENON_ASSIGN_OR_RETURN(ObjectPtr object, this->object(i));
  const SlotId slot = instruction().inputs[i];
  const Slot& about = frame.program->slots[slot];
  const std::vector<SlotId>& all = instruction().inputs;
  if (about.last_use == step.instruction && !about.escapes && std::count(all.begin(), all.end(), slot) == 1) {
    frame.objects[slot] = nullptr;
  }
  return object;
}

Result<ObjectPtr> ObjectCall::item(size_t i) const {
  if (is_object(i)) {
    return object(i);
  }
  const BodyValue tensor = value(i);
  const std::span<const int64_t> dims(tensor.dims, tensor.rank);
  const SlotId root = segment.slots[instruction().inputs[i]].root;
  const bool of_slot = root < frame.program->slots.size();
  if (const Dynamic* dynamic = of_slot ? frame.dynamics[root].get() : nullptr;
      dynamic != nullptr && dynamic->lender != nullptr && dynamic->lender->data == tensor.data) {
    auto shared = tensor_over(dtype(i), dims, tensor.data, dynamic->lender->bytes, dynamic->lender->owner);
    shared->borrowed = dynamic->lender->borrowed;
    return ObjectPtr(std::move(shared));
  }
  if (of_slot && frame.program->slots[root].source == SlotSource::constant) {
    // There as long as the program is.
    auto shared = tensor_over(dtype(i), dims, tensor.data, tensor.bytes, nullptr);
    shared->borrowed = true;
    return ObjectPtr(std::move(shared));
  }
  std::byte* data = nullptr;
  TENON_ASSIGN_OR_RETURN(std::shared_ptr<Object> copy, new_tensor(frame.memory, dtype(i), dims, tensor.bytes, &data));
  if (copy->bytes > 0) {
    std::memcpy(data, tensor.data, copy->bytes);
  }
  return ObjectPtr(std::move(copy));
}

Result<int64_t> ObjectCall::integer(size_t i) const {
  const BodyValue tensor = value(i);
  const bool one = std::all_of(tensor.dims, tensor.dims + tensor.rank, [](int64_t dim) { return dim == 1; });
  if (one && dtype(i) == TENON_INT64) {
    int64_t number = 0;
    std::memcpy(&number, tensor.data, sizeof number);
    return number;
  }
  if (one && dtype(i) == TENON_INT32) {
    int32_t number = 0;
    std::memcpy(&number, tensor.data, sizeof number);
    return int64_t{number};
  }
  return Status(TENON_RUN, node().op + " expects one int32 or int64 as input " + std::to_string(i));
}

Status ObjectCall::give_item(const ObjectPtr& item) const {
  BodyValue value;
  value.object = item;
  if (item->kind == TypeKind::tensor) {
    value.data = const_cast<std::byte*>(item->data);
    value.bytes = item->bytes;
    value.rank = static_cast<uint32_t>(item->dims.size());
    std::copy(item->dims.begin(), item->dims.end(), value.dims);
  }
  const SlotId slot = instruction().outputs[0];
  if (frame.program->slots[slot].object != (item->kind != TypeKind::tensor)) {
    const std::string& name = frame.program->graph->values[frame.program->slots[slot].value].name;
    return Status(TENON_RUN, "'" + name + "' is a value of type " + type_text(*item)).with_value(name);
  }
  return lend(&frame, segment, slot, value);
}

Result<std::byte*> ObjectCall::room(uint64_t bytes) const {
  Buffer& buffer = frame.dynamics[instruction().outputs[0]]->buffer;
  if (!buffer || buffer.bytes() < bytes) {
    const uint64_t align = std::max<uint64_t>(64, frame.program->slots[instruction().outputs[0]].align);
    buffer = Buffer();
    TENON_ASSIGN_OR_RETURN(buffer, frame.memory->allocate(std::max<uint64_t>(bytes, 1), align, "an output of the run"));
  }
  return buffer.data();
}

Status ObjectCall::give_room(std::span<const int64_t> dims, uint64_t bytes) const {
  BodyValue value;
  value.data = frame.dynamics[instruction().outputs[0]]->buffer.data();
  value.bytes = bytes;
  value.rank = static_cast<uint32_t>(dims.size());
  std::copy(dims.begin(), dims.end(), value.dims);
  return lend(&frame, segment, instruction().outputs[0], value);
}

}  // namespace tenon
