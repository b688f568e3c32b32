// SPDX-License-Identifier: Apache-2.0
// Every element type as an array of whole-byte elements. Packed sub-byte types are unpacked to one a byte and packed
// again; strings become views of their bytes. So an operator is written once, over `const T*` and `T*`, and what only
// moves elements is written once for each size: 1, 2, 4, 8 or 16 bytes.
#ifndef TENON_KIT_ELEMENTS_HPP_
#define TENON_KIT_ELEMENTS_HPP_

#include <tenon/types.h>
#include <tenon/kit/dims.hpp>
#include <tenon/kit/dtypes.hpp>
#include <tenon/provider/error.hpp>

#include <cstddef>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::kit {

/// Bytes of one element in the arrays of this file.
constexpr uint32_t unpacked_bytes(uint32_t dtype) {
  if (dtype == TENON_STRING) return sizeof(String);
  return dtype_bits(dtype) < 8 ? 1 : dtype_bits(dtype) / 8;
}

/// One element a byte from packed ones; signed types are sign-extended.
inline void unpack(uint32_t dtype, const void* packed, int64_t n, uint8_t* out) {
  const auto* bytes = static_cast<const uint8_t*>(packed);
  const unsigned bits = dtype_bits(dtype);
  const unsigned mask = (1u << bits) - 1;
  const bool is_signed = dtype == TENON_INT4 || dtype == TENON_INT2;
  const unsigned sign = is_signed ? 1u << (bits - 1) : 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t at = static_cast<uint64_t>(i) * bits;
    const unsigned shift = at % 8;
    unsigned code = static_cast<unsigned>(bytes[at / 8]) >> shift;
    if (shift + bits > 8) code |= static_cast<unsigned>(bytes[at / 8 + 1]) << (8 - shift);  // 6 bits may straddle
    out[i] = static_cast<uint8_t>(((code & mask) ^ sign) - sign);
  }
}

/// The reverse; unused bits of the last byte are 0.
inline void pack(uint32_t dtype, const uint8_t* in, int64_t n, void* packed) {
  auto* bytes = static_cast<uint8_t*>(packed);
  const unsigned bits = dtype_bits(dtype);
  const unsigned mask = (1u << bits) - 1;
  std::memset(bytes, 0, static_cast<size_t>(byte_count(dtype, n)));
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t at = static_cast<uint64_t>(i) * bits;
    const unsigned shift = at % 8;
    const unsigned code = in[i] & mask;
    bytes[at / 8] = static_cast<uint8_t>(bytes[at / 8] | code << shift);
    if (shift + bits > 8) bytes[at / 8 + 1] = static_cast<uint8_t>(code >> (8 - shift));
  }
}

/// The strings of a tensor of `n` strings; throws TENON_INVALID_TENSOR when its offsets are not in order.
inline std::vector<String> read_strings(const tenon_tensor& t, int64_t n) {
  std::vector<String> out(static_cast<size_t>(n));
  if (n == 0) return out;
  const uint64_t head = (static_cast<uint64_t>(n) + 1) * sizeof(int64_t);
  plugin::require(t.bytes >= head, TENON_INVALID_TENSOR, "a tensor of ", n, " strings has ", t.bytes,
                  " bytes, expected at least ", head);
  const auto* base = static_cast<const char*>(t.data);
  const char* text = base + head;
  const auto room = static_cast<int64_t>(t.bytes - head);
  int64_t begin = 0;
  for (int64_t i = 0; i < n; ++i) {
    int64_t end = 0;
    std::memcpy(&end, base + (i + 1) * static_cast<int64_t>(sizeof(end)), sizeof(end));
    plugin::require(end >= begin && end <= room, TENON_INVALID_TENSOR, "string ", i, " ends at offset ", end,
                    ", expected ", begin, " to ", room);
    out[static_cast<size_t>(i)] = {text + begin, static_cast<size_t>(end - begin)};
    begin = end;
  }
  return out;
}

/// Bytes that all strings take together.
inline uint64_t string_bytes(std::span<const String> strings) {
  uint64_t n = 0;
  for (const String s : strings) n += s.size();
  return n;
}

/// Offsets and bytes into `t.data`, which has room for them.
inline void write_strings(std::span<const String> strings, const tenon_tensor& t) {
  if (strings.empty()) return;
  auto* base = static_cast<char*>(t.data);
  char* text = base + (strings.size() + 1) * sizeof(int64_t);
  int64_t offset = 0;
  std::memcpy(base, &offset, sizeof(offset));
  for (size_t i = 0; i < strings.size(); ++i) {
    if (!strings[i].empty()) std::memcpy(text + offset, strings[i].data(), strings[i].size());
    offset += static_cast<int64_t>(strings[i].size());
    std::memcpy(base + (i + 1) * sizeof(offset), &offset, sizeof(offset));
  }
}

/// A tensor to read: dense host memory, which is borrowed.
class Input {
 public:
  explicit Input(const tenon_tensor& t) : dtype_(t.dtype), dims_(t.dims, t.dims + t.rank), count_(kit::count(dims_)) {
    if (dtype_ == TENON_STRING) {
      strings_ = read_strings(t, count_);
      data_ = strings_.data();
    } else if (is_packed(dtype_)) {
      unpacked_.resize(static_cast<size_t>(count_));
      unpack(dtype_, t.data, count_, unpacked_.data());
      data_ = unpacked_.data();
    } else {
      data_ = t.data;
    }
  }
  Input(Input&&) = default;
  Input& operator=(Input&&) = default;

  uint32_t dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int64_t dim(int64_t i) const { return dims_[static_cast<size_t>(i)]; }
  int64_t rank() const { return static_cast<int64_t>(dims_.size()); }
  int64_t count() const { return count_; }
  /// T is the C++ type of dtype().
  template <class T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }
  const std::byte* raw() const { return static_cast<const std::byte*>(data_); }
  uint32_t element_bytes() const { return unpacked_bytes(dtype_); }

 private:
  uint32_t dtype_;
  Dims dims_;
  int64_t count_;
  const void* data_ = nullptr;
  std::vector<uint8_t> unpacked_;
  std::vector<String> strings_;
};

/// A tensor to write: its elements lie in `target` where that is whole-byte memory, else here until finish.
class Output {
 public:
  /// `target`: dense memory of the tensor, or NULL to keep the elements here (strings; results that nobody asked for).
  Output(uint32_t dtype, Dims dims, void* target)
      : dtype_(dtype), dims_(std::move(dims)), count_(kit::count(dims_)), target_(target) {
    if (dtype_ == TENON_STRING) {
      strings_.resize(static_cast<size_t>(count_));
      data_ = strings_.data();
    } else if (is_packed(dtype_) || target == nullptr) {
      own_.resize(static_cast<size_t>(checked_mul(count_, unpacked_bytes(dtype_))));
      data_ = own_.data();
    } else {
      data_ = target;
    }
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  uint32_t dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int64_t dim(int64_t i) const { return dims_[static_cast<size_t>(i)]; }
  int64_t rank() const { return static_cast<int64_t>(dims_.size()); }
  int64_t count() const { return count_; }
  template <class T>
  T* data() {
    return static_cast<T*>(data_);
  }
  std::byte* raw() { return static_cast<std::byte*>(data_); }
  uint32_t element_bytes() const { return unpacked_bytes(dtype_); }
  /// Keeps a string that was made here for as long as the output.
  String hold(std::string s) { return texts_.emplace_back(std::move(s)); }
  std::span<const String> strings() const { return strings_; }
  /// Packs sub-byte elements into the target. Strings are for the caller to write.
  void finish() {
    if (is_packed(dtype_) && target_ != nullptr) pack(dtype_, own_.data(), count_, target_);
  }

 private:
  uint32_t dtype_;
  Dims dims_;
  int64_t count_;
  void* target_;
  void* data_ = nullptr;
  std::vector<uint8_t> own_;
  std::vector<String> strings_;
  std::deque<std::string> texts_;
};

namespace detail {
struct Sixteen {
  uint64_t a, b;
};
template <class T>
void copy_rows(const Walk<2>& walk, T* dst, const T* src) {
  walk.rows([&](const auto& offset, int64_t n, const auto& step) {
    T* d = dst + offset[0];
    const T* s = src + offset[1];
    if (step[0] == 1 && step[1] == 1) {
      std::memcpy(d, s, static_cast<size_t>(n) * sizeof(T));
      return;
    }
    for (int64_t i = 0; i < n; ++i) d[i * step[0]] = s[i * step[1]];
  });
}
}  // namespace detail

/// dst[i . dst_strides] = src[i . src_strides] for every index i of `dims`; strides in elements of `element_bytes`
/// (1, 2, 4, 8 or 16). The two do not overlap. Transpose, Slice, Expand, Concat, Split and Pad are made of this.
inline void copy(uint32_t element_bytes, DimsView dims, void* dst, const Dims& dst_strides, const void* src,
                 const Dims& src_strides) {
  const Walk<2> walk(dims, {dst_strides, src_strides});
  const auto as = [&]<class T>(Tag<T>) { detail::copy_rows(walk, static_cast<T*>(dst), static_cast<const T*>(src)); };
  switch (element_bytes) {
    case 1:
      return as(Tag<uint8_t>{});
    case 2:
      return as(Tag<uint16_t>{});
    case 4:
      return as(Tag<uint32_t>{});
    case 8:
      return as(Tag<uint64_t>{});
    case 16:
      return as(Tag<detail::Sixteen>{});
    default:
      plugin::fail(TENON_INTERNAL, "no element has ", element_bytes, " bytes");
  }
}

}  // namespace tenon::kit

#endif  // TENON_KIT_ELEMENTS_HPP_
