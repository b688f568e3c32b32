// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/structure/runs.hpp"

namespace tenon {
namespace {

BodyValue tensor_of(const Object& item) {
  BodyValue value;
  value.data = const_cast<std::byte*>(item.data);
  value.bytes = item.bytes;
  value.rank = static_cast<uint32_t>(item.dims.size());
  std::copy(item.dims.begin(), item.dims.end(), value.dims);
  return value;
}

// What an iteration has made, for longer than its memory is there.
Result<ObjectPtr> copy_of(Memory* memory, Dtype dtype, const BodyValue& value) {
  std::byte* data = nullptr;
  TENON_ASSIGN_OR_RETURN(std::shared_ptr<Object> copy,
                         new_tensor(memory, dtype, {value.dims, value.rank}, value.bytes, &data));
  if (copy->bytes > 0) {
    std::memcpy(data, value.data, copy->bytes);
  }
  return ObjectPtr(std::move(copy));
}

}  // namespace

Status run_sequence_map(Frame* frame, const Segment& segment, Step* step, const RunBody& run_body) {
  const Instruction& instruction = frame->program->instructions[step->instruction];
  const BodyCall call{*frame, segment, *step, 0};
  const Program& body = call.program();
  std::vector<BodyValue> given;
  for (SlotId slot : instruction.inputs) {
    given.push_back(value_of(*frame, segment, slot));
  }
  const size_t count = given.front().object->items.size();
  for (size_t i = 0; i < given.size(); ++i) {
    if (const ObjectPtr& other = given[i].object; other != nullptr && other->items.size() != count) {
      const std::string got = std::to_string(other->items.size()), expected = std::to_string(count);
      return Status(TENON_RUN, "the sequence of input " + std::to_string(i) + " has " + got + " elements, expected " +
                                   expected + " as the first has")
          .with_expectation(got, expected);
    }
  }
  std::vector<std::vector<ObjectPtr>> made(instruction.outputs.size());
  Repeater repeater(call, run_body);
  std::vector<BodyValue> inputs(given.size()), outputs;
  for (size_t number = 0; number < count; ++number) {
    for (size_t i = 0; i < given.size(); ++i) {
      inputs[i] = given[i];
      if (given[i].object != nullptr) {
        const Object& item = *given[i].object->items[number];
        TENON_RETURN_IF_ERROR(check_object(item, Type::tensor(body.slots[body.inputs[i]].dtype),
                                           "element " + std::to_string(number) + " of input " + std::to_string(i)));
        inputs[i] = tensor_of(item);
      }
    }
    TENON_RETURN_IF_ERROR(repeater.once(inputs, &outputs));
    for (size_t i = 0; i < made.size(); ++i) {
      TENON_ASSIGN_OR_RETURN(ObjectPtr item, copy_of(frame->memory, body.slots[body.outputs[i]].dtype, outputs[i]));
      made[i].push_back(std::move(item));
    }
    outputs.clear();
  }
  for (size_t i = 0; i < made.size(); ++i) {
    if (instruction.outputs[i] != kNone) {
      frame->objects[instruction.outputs[i]] = make_sequence(std::move(made[i]));
    }
  }
  return {};
}

}  // namespace tenon
