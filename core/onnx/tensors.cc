// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/tensors.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <new>

#include "core/base/checked.hpp"
#include "core/onnx/wire/reader.hpp"

namespace tenon::onnx_import {
namespace {

Status invalid(std::string message) { return Status(TENON_INVALID_MODEL, std::move(message)); }

// Memory for a converted constant; its content is left open.
std::shared_ptr<std::byte> allocate(uint64_t bytes) {
  constexpr std::align_val_t alignment{64};
  void* memory = ::operator new(std::max<uint64_t>(bytes, 1), alignment, std::nothrow);
  return {static_cast<std::byte*>(memory), [](std::byte* p) { ::operator delete (p, std::align_val_t{64}); }};
}

ConstantPtr over(Dtype dtype, std::vector<int64_t> dims, std::shared_ptr<std::byte> memory, uint64_t bytes) {
  auto constant = std::make_shared<Constant>();
  constant->dtype = dtype;
  constant->dims = std::move(dims);
  constant->data = memory.get();
  constant->bytes = bytes;
  constant->owner = std::move(memory);
  return constant;
}

// FLOAT6E2M3 and FLOAT6E3M2: one element an entry in int32_data, a stream of bits in memory.
bool six_bits(Dtype dtype) { return dtype_bits(dtype) == 6; }

void put_six_bits(uint64_t index, uint64_t bits, std::byte* memory) {
  const uint64_t at = index * 6;
  const uint64_t shifted = (bits & 0x3F) << (at % 8);
  memory[at / 8] |= static_cast<std::byte>(shifted);
  if (at % 8 > 2) {
    memory[at / 8 + 1] |= static_cast<std::byte>(shifted >> 8);
  }
}

Status out_of_memory(uint64_t bytes) {
  return Status(TENON_OUT_OF_MEMORY, "no memory for " + std::to_string(bytes) + " bytes of a constant");
}

// Which typed field holds elements of a dtype (onnx.proto), and how many bytes one entry fills.
struct TypedField {
  uint32_t field = 0;
  uint32_t entry_bytes = 0;
};

TypedField typed_field(Dtype dtype) {
  switch (dtype) {
    case TENON_FLOAT32:
    case TENON_COMPLEX64:
      return {4, 4};
    case TENON_FLOAT64:
    case TENON_COMPLEX128:
      return {10, 8};
    case TENON_INT64:
      return {7, 8};
    case TENON_UINT64:
      return {11, 8};
    case TENON_UINT32:
      return {11, 4};
    case TENON_INT32:
      return {5, 4};
    case TENON_INT16:
    case TENON_UINT16:
    case TENON_FLOAT16:
    case TENON_BFLOAT16:
      return {5, 2};
    case TENON_STRING:
      return {6, 0};
    default:
      return {5, 1};  // 8 bits, or several elements in one byte
  }
}

// Keeps every element of a bool tensor 0 or 1: other code reads it as such.
bool all_bool(const std::byte* data, uint64_t bytes) {
  return std::all_of(data, data + bytes, [](std::byte b) { return static_cast<unsigned char>(b) <= 1; });
}

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace

Status TensorReader::charge(uint64_t bytes) {
  if (bytes > dense_left_) {
    return Status(TENON_LIMIT, "constants that must be made dense go over the limit 'dense_bytes' of " +
                                   std::to_string(settings_.dense_bytes) + " bytes")
        .with_value("dense_bytes");
  }
  dense_left_ -= bytes;
  return {};
}

Result<TensorReader::Extent> TensorReader::extent(const wire::Tensor& tensor) const {
  Extent out;
  out.dtype = static_cast<Dtype>(tensor.data_type);
  if (!dtype_valid(out.dtype)) {
    return Status(TENON_UNSUPPORTED, "has the unknown element type " + std::to_string(tensor.data_type));
  }
  if (tensor.dims.size() > TENON_MAX_RANK) {
    return Status(TENON_UNSUPPORTED, "has rank " + std::to_string(tensor.dims.size()) + ", expected at most " +
                                         std::to_string(TENON_MAX_RANK));
  }
  for (const int64_t dim : tensor.dims) {
    if (dim < 0) {
      return invalid("has a dim of " + std::to_string(dim));
    }
  }
  const std::optional<uint64_t> elements = element_count(tensor.dims);
  if (!elements) {
    return invalid("has dims whose product is no 64-bit number");
  }
  out.elements = *elements;
  if (out.dtype != TENON_STRING) {
    const std::optional<uint64_t> bytes = dtype_bytes(out.dtype, *elements);
    if (!bytes) {
      return invalid("has more bytes than a 64-bit number counts");
    }
    out.bytes = *bytes;
  }
  return out;
}

Result<ConstantPtr> TensorReader::read(const wire::Tensor& tensor) {
  TENON_ASSIGN_OR_RETURN(const Extent size, extent(tensor));
  if (tensor.segment) {
    return Status(TENON_UNSUPPORTED, "is a segment of a tensor");
  }
  if (tensor.data_location == 1) {
    return read_external(tensor, size);
  }
  if (tensor.data_location != 0) {
    return invalid("has the unknown data location " + std::to_string(tensor.data_location));
  }
  const int kinds = (tensor.has_raw && !tensor.raw_data.empty() ? 1 : 0) + (tensor.pieces_field != 0 ? 1 : 0) +
                    (tensor.string_data.empty() ? 0 : 1);
  if (kinds > 1 || tensor.mixed) {
    return invalid("has its data in more than one field");
  }
  if (size.dtype == TENON_STRING) {
    return read_strings(tensor, size);
  }
  return tensor.has_raw && tensor.pieces_field == 0 ? read_raw(tensor, size) : read_numbers(tensor, size);
}

Result<ConstantPtr> TensorReader::in_place(const wire::Tensor& tensor, const Extent& size, const std::byte* data,
                                           std::shared_ptr<const void> owner, int fd, uint64_t offset) {
  if (size.dtype == TENON_BOOL && !all_bool(data, size.bytes)) {
    TENON_RETURN_IF_ERROR(charge(size.bytes));
    std::shared_ptr<std::byte> copy = allocate(size.bytes);
    if (!copy) {
      return out_of_memory(size.bytes);
    }
    std::transform(data, data + size.bytes, copy.get(),
                   [](std::byte b) { return std::byte(b != std::byte(0) ? 1 : 0); });
    return over(size.dtype, tensor.dims, std::move(copy), size.bytes);
  }
  auto constant = std::make_shared<Constant>();
  constant->dtype = size.dtype;
  constant->dims = tensor.dims;
  constant->data = data;
  constant->bytes = size.bytes;
  constant->owner = std::move(owner);
  constant->fd = fd;
  constant->file_offset = offset;
  return ConstantPtr(std::move(constant));
}

Result<ConstantPtr> TensorReader::read_raw(const wire::Tensor& tensor, const Extent& size) {
  if (tensor.raw_data.size() != size.bytes) {
    return invalid("has " + std::to_string(tensor.raw_data.size()) + " bytes of data, expected " +
                   std::to_string(size.bytes))
        .with_expectation(std::to_string(tensor.raw_data.size()), std::to_string(size.bytes));
  }
  const auto offset = static_cast<uint64_t>(tensor.raw_data.data() - settings_.bytes.data());
  return in_place(tensor, size, reinterpret_cast<const std::byte*>(tensor.raw_data.data()), settings_.owner,
                  settings_.fd, offset);
}

Result<ConstantPtr> TensorReader::read_strings(const wire::Tensor& tensor, const Extent& size) {
  if (tensor.has_raw && !tensor.raw_data.empty()) {
    return invalid("has strings as raw data");
  }
  if (tensor.string_data.size() != size.elements) {
    return invalid("has " + std::to_string(tensor.string_data.size()) + " strings, expected " +
                   std::to_string(size.elements));
  }
  uint64_t bytes = (size.elements + 1) * sizeof(int64_t);
  for (const wire::Text text : tensor.string_data) {
    bytes += text.size();
  }
  TENON_RETURN_IF_ERROR(charge(bytes));
  return make_strings(tensor.dims, tensor.string_data);
}

Result<ConstantPtr> TensorReader::read_numbers(const wire::Tensor& tensor, const Extent& size) {
  const TypedField typed = typed_field(size.dtype);
  if (size.elements == 0 && tensor.pieces_field == 0) {
    return make_constant(size.dtype, tensor.dims, nullptr, 0);
  }
  if (tensor.pieces_field != typed.field) {
    return invalid(tensor.pieces_field == 0 ? "has no data" : "has its data in the field of another element type");
  }
  const uint64_t entries = six_bits(size.dtype) ? size.elements : size.bytes / typed.entry_bytes;
  uint64_t there = 0;
  for (const wire::Text piece : tensor.pieces) {
    there += piece.size();
  }
  const bool fixed = typed.field == 4 || typed.field == 10;
  const std::string counted = std::to_string(fixed ? there / typed.entry_bytes : there);
  if (fixed ? there != size.bytes : there < entries) {  // a varint has at least one byte
    return invalid("has data for at most " + counted + " numbers, expected " + std::to_string(entries));
  }
  if (fixed && tensor.pieces.size() == 1) {
    const wire::Text piece = tensor.pieces.front();
    return in_place(tensor, size, reinterpret_cast<const std::byte*>(piece.data()), settings_.owner, settings_.fd,
                    static_cast<uint64_t>(piece.data() - settings_.bytes.data()));
  }
  TENON_RETURN_IF_ERROR(charge(size.bytes));
  std::shared_ptr<std::byte> memory = allocate(size.bytes);
  if (!memory) {
    return out_of_memory(size.bytes);
  }
  if (fixed) {
    uint64_t filled = 0;
    for (const wire::Text piece : tensor.pieces) {
      std::memcpy(memory.get() + filled, piece.data(), piece.size());
      filled += piece.size();
    }
    return over(size.dtype, tensor.dims, std::move(memory), size.bytes);
  }
  TENON_RETURN_IF_ERROR(decode(tensor, size, typed.entry_bytes, entries, memory.get()));
  return over(size.dtype, tensor.dims, std::move(memory), size.bytes);
}

// `entries` varints, the low `width` bytes of each.
Status TensorReader::decode(const wire::Tensor& tensor, const Extent& size, uint32_t width, uint64_t entries,
                            std::byte* memory) const {
  std::memset(memory, 0, size.bytes);
  uint64_t filled = 0;  // entries
  wire::Context context;
  context.base = settings_.bytes.data();
  for (const wire::Text piece : tensor.pieces) {
    wire::Reader reader(context, piece);
    while (!reader.done()) {
      uint64_t number = 0;
      if (!reader.varint(&number)) {
        return context.error;
      }
      if (filled == entries) {
        return invalid("has more than the expected " + std::to_string(entries) + " numbers");
      }
      number = size.dtype == TENON_BOOL ? (number != 0 ? 1 : 0) : number;
      if (six_bits(size.dtype)) {
        put_six_bits(filled, number, memory);
      } else {
        std::memcpy(memory + filled * width, &number, width);
      }
      ++filled;
    }
  }
  return filled == entries ? Status()
                           : invalid("has " + std::to_string(filled) + " numbers, expected " + std::to_string(entries));
}

Result<std::shared_ptr<const MappedFile>> TensorReader::open(const std::string& location) {
  if (const auto it = files_.find(location); it != files_.end()) {
    return it->second;
  }
  TENON_ASSIGN_OR_RETURN(auto file, MappedFile::open_beneath(settings_.folder, location, settings_.mode,
                                                             settings_.file_bytes, settings_.links));
  files_.emplace(location, file);
  return file;
}

Result<ConstantPtr> TensorReader::read_external(const wire::Tensor& tensor, const Extent& size) {
  if (size.dtype == TENON_STRING) {
    return invalid("has strings in another file");
  }
  std::string location;
  std::optional<uint64_t> offset = 0;
  std::optional<uint64_t> length;
  for (const auto& [key, value] : tensor.external_data) {
    if (key == "location") {
      location = value;
    } else if (key == "offset") {
      offset = parse_number(value);
    } else if (key == "length" && !(length = parse_number(value))) {
      return invalid("has the unreadable length '" + std::string(value.substr(0, 40)) + "' in another file");
    }
  }
  if (location.empty()) {
    return invalid("lies in another file that is not named");
  }
  if (!offset) {
    return invalid("has an unreadable offset in another file");
  }
  if (!settings_.external) {
    return Status(TENON_PERMISSION, "lies in the file '" + location + "', but a model from memory has no folder")
        .with_value(location);
  }
  auto file = open(location);
  if (!file.ok() && settings_.missing_as_zero && dtype_bits(size.dtype) >= 8) {
    const char zero[16] = {};
    return make_splat(size.dtype, tensor.dims, zero);
  }
  if (!file.ok()) {
    return file.status().prefixed("lies in the file '" + location + "': ").with_value(location);
  }
  if (length && *length != size.bytes) {
    return invalid("has a length of " + std::to_string(*length) + " bytes in '" + location + "', expected " +
                   std::to_string(size.bytes));
  }
  if (!(CheckedSize(*offset) + CheckedSize(size.bytes)).within((*file)->size())) {
    return invalid("needs bytes " + std::to_string(*offset) + " to +" + std::to_string(size.bytes) + " of '" +
                   location + "', which has " + std::to_string((*file)->size()));
  }
  return in_place(tensor, size, (*file)->data() + *offset, *file, (*file)->fd(), *offset);
}

Result<ConstantPtr> TensorReader::read_sparse(const wire::SparseTensor& sparse) {
  wire::Tensor shape;
  shape.dims = sparse.dims;
  shape.data_type = sparse.values.data_type;
  TENON_ASSIGN_OR_RETURN(const Extent size, extent(shape));
  const uint64_t width = dtype_bits(size.dtype) / 8;
  if (width == 0) {
    return Status(TENON_UNSUPPORTED, "is sparse with elements of type " + std::string(dtype_name(size.dtype)));
  }
  TENON_ASSIGN_OR_RETURN(const ConstantPtr values, read(sparse.values));
  TENON_ASSIGN_OR_RETURN(const ConstantPtr indices, read(sparse.indices));
  const uint64_t count = values->elements();
  const size_t rank = sparse.dims.size();
  const bool linear = indices->dims.size() == 1;
  const bool shaped = values->dims.size() == 1 && indices->dtype == TENON_INT64 && !indices->dims.empty() &&
                      static_cast<uint64_t>(indices->dims[0]) == count &&
                      (linear || (indices->dims.size() == 2 && static_cast<uint64_t>(indices->dims[1]) == rank));
  if (!shaped || indices->splat || values->splat) {
    return invalid("is sparse with indices that do not fit its values");
  }
  TENON_RETURN_IF_ERROR(charge(size.bytes));
  std::shared_ptr<std::byte> memory = allocate(size.bytes);
  if (!memory) {
    return out_of_memory(size.bytes);
  }
  std::memset(memory.get(), 0, size.bytes);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = 0;
    for (size_t axis = 0; axis < (linear ? 1 : rank); ++axis) {
      int64_t index = 0;
      std::memcpy(&index, indices->data + (linear ? i : i * rank + axis) * sizeof(index), sizeof(index));
      const uint64_t extent_of = linear ? size.elements : static_cast<uint64_t>(sparse.dims[axis]);
      if (index < 0 || static_cast<uint64_t>(index) >= extent_of) {
        return invalid("is sparse with the index " + std::to_string(index) + ", expected 0 to below " +
                       std::to_string(extent_of));
      }
      at = at * extent_of + static_cast<uint64_t>(index);
    }
    std::memcpy(memory.get() + at * width, values->data + i * width, width);
  }
  return over(size.dtype, sparse.dims, std::move(memory), size.bytes);
}

ConstantPtr make_splat(Dtype dtype, std::vector<int64_t> dims, const void* element) {
  ConstantPtr single = make_constant(dtype, {}, element, dtype_bits(dtype) / 8);
  auto constant = std::make_shared<Constant>(*single);
  constant->dims = std::move(dims);
  constant->splat = true;
  return constant;
}

ConstantPtr make_strings(std::vector<int64_t> dims, const std::vector<std::string_view>& texts) {
  uint64_t bytes = (texts.size() + 1) * sizeof(int64_t);
  const uint64_t start = bytes;
  for (const std::string_view text : texts) {
    bytes += text.size();
  }
  std::shared_ptr<std::byte> memory = allocate(bytes);
  if (!memory) {
    throw std::bad_alloc();  // import_bytes and import_file make it an OUT_OF_MEMORY
  }
  int64_t at = 0;
  std::memcpy(memory.get(), &at, sizeof(at));
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i].empty()) {
      std::memcpy(memory.get() + start + at, texts[i].data(), texts[i].size());
    }
    at += static_cast<int64_t>(texts[i].size());
    std::memcpy(memory.get() + (i + 1) * sizeof(at), &at, sizeof(at));
  }
  return over(TENON_STRING, std::move(dims), std::move(memory), bytes);
}

}  // namespace tenon::onnx_import
