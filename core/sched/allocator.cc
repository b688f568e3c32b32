// SPDX-License-Identifier: Apache-2.0
#include "core/sched/allocator.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "core/base/checked.hpp"
#include "core/base/dims_text.hpp"
#include "core/ir/types.hpp"

namespace tenon {
namespace {

// Bytes of a dense tensor with the offsets of strings; nullopt on overflow.
std::optional<uint64_t> bytes_of(Dtype dtype, const int64_t* dims, uint32_t rank, uint64_t string_bytes) {
  const std::optional<uint64_t> elements = element_count(std::span(dims, rank));
  if (!elements) {
    return std::nullopt;
  }
  if (dtype != TENON_STRING) {
    return dtype_bytes(dtype, *elements);
  }
  return ((CheckedSize(*elements) + CheckedSize(1)) * CheckedSize(8) + CheckedSize(string_bytes)).get();
}

}  // namespace

Status OutputAllocator::alloc_output(uint32_t index, const int64_t* dims, uint32_t rank, uint64_t string_bytes,
                                     tenon_tensor* out) {
  if (index >= instruction_.outputs.size() || frame_.dynamics[instruction_.outputs[index]] == nullptr) {
    return Status(TENON_PROVIDER_RULE,
                  "alloc_output was called for output " + std::to_string(index) + ", whose memory was given [R8]");
  }
  const SlotId slot = instruction_.outputs[index];
  const Program& program = *frame_.program;
  const Value& value = program.graph->values[program.slots[slot].value];
  if (const Shape& declared = value.type.shape; declared) {
    const bool fits = declared->size() == rank &&
                      std::equal(declared->begin(), declared->end(), dims,
                                 [](const Dim& dim, int64_t size) { return !dim.known() || dim.size == size; });
    if (!fits) {
      return Status(TENON_PROVIDER_RULE,
                    "alloc_output was called with dims " + dims_text(dims, rank) + " that contradict the graph's [R8]")
          .with_value(value.name);
    }
  }
  Dynamic& dynamic = *frame_.dynamics[slot];
  const Dtype dtype = program.slots[slot].dtype;
  const Place& place = program.slots[slot].place;
  std::optional<uint64_t> bytes = bytes_of(dtype, dims, rank, string_bytes);
  if (!bytes) {
    return Status(TENON_LIMIT, "output " + dims_text(dims, rank) + " has more than 2^64 bytes").with_value(value.name);
  }
  if (!place.plain()) {
    Provider& provider = program.sessions[place.session]->provider();
    TENON_ASSIGN_OR_RETURN(bytes, layout_bytes(&provider, place.layout, dtype, dims, rank));
  }
  TENON_RETURN_IF_ERROR(make_room(slot, *bytes, &dynamic));
  std::copy_n(dims, rank, dynamic.dims);
  dynamic.rank = rank;
  dynamic.bytes = *bytes;
  dynamic.set = true;
  frame_.pointers[slot] = dynamic.buffer.data();
  frame_.sizes[slot] = *bytes;
  *out = {};
  out->size = sizeof *out;
  out->dtype = dtype;
  out->rank = rank;
  out->dims = dynamic.dims;
  out->layout = place.layout;
  out->bytes = *bytes;
  out->memory = dynamic.device.memory();
  out->data = dynamic.device ? nullptr : dynamic.buffer.data();
  return {};
}

Status OutputAllocator::make_room(SlotId slot, uint64_t bytes, Dynamic* dynamic) {
  const Slot& about = frame_.program->slots[slot];
  const uint64_t align = std::max<uint64_t>(about.align, 64);
  if (about.place.memory_kind == 0) {
    if (dynamic->buffer.bytes() < bytes || !dynamic->buffer) {
      dynamic->buffer = Buffer();
      TENON_ASSIGN_OR_RETURN(dynamic->buffer,
                             frame_.memory->allocate(std::max<uint64_t>(bytes, 1), align, "an output of the run"));
    }
    return {};
  }
  if (dynamic->device.bytes() < bytes || !dynamic->device) {
    const ProviderSession& session = *frame_.program->sessions[about.place.session];
    dynamic->device = DeviceBuffer();
    TENON_ASSIGN_OR_RETURN(dynamic->device, DeviceBuffer::allocate(session.provider(), session.device_index(),
                                                                   about.place.memory_kind, bytes, align));
  }
  return {};
}

}  // namespace tenon
