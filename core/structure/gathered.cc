// SPDX-License-Identifier: Apache-2.0
#include "core/structure/gathered.hpp"

#include <algorithm>
#include <cstring>

#include "core/base/dims_text.hpp"
#include "core/structure/dense.hpp"

namespace tenon {

Status Gathered::begin(const BodyValue& value) {
  dims_.assign(value.dims, value.dims + value.rank);
  elements_ = element_count(dims_).value_or(0);
  const auto rank = static_cast<int64_t>(dims_.size()) + 1;
  axis_ += axis_ < 0 ? rank : 0;
  if (axis_ < 0 || axis_ >= rank || rank > TENON_MAX_RANK) {
    return Status(TENON_RUN, "a scan output of rank " + std::to_string(rank) + " has no axis " + std::to_string(axis_));
  }
  return {};
}

// Room for so many iterations; what is there stays.
Status Gathered::make_room(uint64_t iterations, Buffer* buffer) {
  // The dims of all of it, in an order that does not matter here; begin() has left room for one more.
  int64_t dims[TENON_MAX_RANK];
  *std::copy(dims_.begin(), dims_.end(), dims) = static_cast<int64_t>(iterations);
  const std::optional<uint64_t> elements = element_count(std::span(dims, dims_.size() + 1));
  const std::optional<uint64_t> bytes = elements ? dtype_bytes(dtype_, *elements) : std::nullopt;
  if (!bytes) {
    return Status(TENON_LIMIT, "a scan output of " + std::to_string(iterations) + " iterations of " +
                                   dims_text(dims_.data(), static_cast<uint32_t>(dims_.size())) +
                                   " would have more than 2^64 bytes");
  }
  if (*buffer && buffer->bytes() >= *bytes) {
    return {};
  }
  const uint64_t used = dtype_bytes(dtype_, static_cast<uint64_t>(count_) * elements_).value_or(0);
  // Of a length that nobody knows before, doubling makes few copies.
  const uint64_t room = expected_ >= 0 ? *bytes : std::max(*bytes, 2 * used);
  if (count_ == 0) {
    *buffer = Buffer();
  }
  TENON_ASSIGN_OR_RETURN(Buffer larger, memory_.allocate(std::max<uint64_t>(room, 1), 64, "a scan output"));
  if (used > 0) {
    std::memcpy(larger.data(), buffer->data(), used);
  }
  *buffer = std::move(larger);
  return {};
}

Status Gathered::add(const BodyValue& value, Buffer* buffer) {
  if (count_ == 0) {
    TENON_RETURN_IF_ERROR(begin(value));
  } else if (!std::equal(dims_.begin(), dims_.end(), value.dims, value.dims + value.rank)) {
    const std::string got = dims_text(value.dims, value.rank);
    const std::string expected = dims_text(dims_.data(), static_cast<uint32_t>(dims_.size()));
    return Status(TENON_RUN, "iteration " + std::to_string(count_) + " adds " + got + " to a scan output, expected " +
                                 expected + " as before")
        .with_expectation(got, expected);
  }
  if (dtype_ == TENON_STRING) {
    for (std::string_view text : strings_at(value.data, elements_)) {
      strings_.emplace_back(text);
    }
    ++count_;
    return {};
  }
  const auto number = static_cast<uint64_t>(count_);
  const uint64_t all = expected_ >= 0 ? static_cast<uint64_t>(expected_) : number + 1;
  TENON_RETURN_IF_ERROR(make_room(all, buffer));
  AxisCut cut;
  for (size_t i = 0; i < dims_.size(); ++i) {
    (static_cast<int64_t>(i) < axis_ ? cut.outer : cut.inner) *= static_cast<uint64_t>(dims_[i]);
  }
  const uint64_t at = backwards_ ? all - 1 - number : number;
  for_each_run(cut, {1, 0}, {all, at}, 1, [&](uint64_t from, uint64_t to, uint64_t count) {
    move_elements(dtype_, value.data, from, buffer->data(), to, count);
  });
  ++count_;
  return {};
}

void Gathered::finish_empty(const Shape& shape, const Shape& declared, BodyValue* value) const {
  const size_t rank = shape ? shape->size() : declared ? declared->size() + 1 : 1;
  const auto signed_rank = static_cast<int64_t>(rank);
  const bool in_range = axis_ >= -signed_rank && axis_ < signed_rank;
  const size_t axis = !in_range ? 0 : static_cast<size_t>(axis_ < 0 ? axis_ + signed_rank : axis_);
  const bool same_rank = declared && declared->size() + 1 == rank;
  value->rank = static_cast<uint32_t>(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t size = shape ? (*shape)[i].size : -1;
    if (size < 0 && same_rank && i != axis) {
      size = (*declared)[i < axis ? i : i - 1].size;
    }
    value->dims[i] = i == axis ? 0 : std::max<int64_t>(size, 0);
  }
}

Result<BodyValue> Gathered::finish(const Shape& shape, const Shape& declared, Buffer* buffer) {
  BodyValue value;
  if (count_ == 0) {
    finish_empty(shape, declared, &value);
  } else {
    value.rank = static_cast<uint32_t>(dims_.size()) + 1;
    std::copy(dims_.begin(), dims_.end(), value.dims);
    std::copy_backward(value.dims + axis_, value.dims + dims_.size(), value.dims + value.rank);
    value.dims[axis_] = count_;
  }
  if (dtype_ == TENON_STRING) {
    return finish_strings(std::move(value), buffer);
  }
  value.bytes = dtype_bytes(dtype_, static_cast<uint64_t>(count_) * elements_).value_or(0);
  value.data = buffer->data();
  return value;
}

Result<BodyValue> Gathered::finish_strings(BodyValue value, Buffer* buffer) const {
  std::vector<std::string_view> strings(strings_.size());
  AxisCut cut;
  for (size_t i = 0; i < dims_.size(); ++i) {
    (static_cast<int64_t>(i) < axis_ ? cut.outer : cut.inner) *= static_cast<uint64_t>(dims_[i]);
  }
  const auto all = static_cast<uint64_t>(count_);
  for (uint64_t number = 0; number < all; ++number) {
    const uint64_t at = backwards_ ? all - 1 - number : number;
    for_each_run(cut, {1, 0}, {all, at}, 1, [&](uint64_t from, uint64_t to, uint64_t count) {
      for (uint64_t i = 0; i < count; ++i) {
        strings[to + i] = strings_[number * elements_ + from + i];
      }
    });
  }
  value.bytes = strings_bytes(strings);
  if (!*buffer || buffer->bytes() < value.bytes) {
    *buffer = Buffer();
    TENON_ASSIGN_OR_RETURN(*buffer, memory_.allocate(value.bytes, 64, "a scan output"));
  }
  write_strings(strings, buffer->data());
  value.data = buffer->data();
  return value;
}

}  // namespace tenon
