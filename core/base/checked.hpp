// SPDX-License-Identifier: Apache-2.0
// The one type for arithmetic on sizes that come from outside.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>

namespace tenon {

// A uint64 that remembers an overflow: every operation on an overflown value overflows, so one check at the end of a
// formula is enough.
class CheckedSize {
 public:
  constexpr CheckedSize(uint64_t value = 0) : value_(value) {}  // NOLINT: implicit on purpose
  // A negative number counts as an overflow.
  static constexpr CheckedSize from_signed(int64_t value) {
    CheckedSize size(static_cast<uint64_t>(value));
    size.ok_ = value >= 0;
    return size;
  }
  constexpr bool ok() const { return ok_; }
  // At most `limit` and no overflow.
  constexpr bool within(uint64_t limit) const { return ok_ && value_ <= limit; }
  // Only when ok().
  constexpr uint64_t value() const {
    assert(ok_);
    return value_;
  }
  constexpr std::optional<uint64_t> get() const { return ok_ ? std::optional<uint64_t>(value_) : std::nullopt; }

  constexpr CheckedSize& operator+=(CheckedSize other) {
    ok_ = !__builtin_add_overflow(value_, other.value_, &value_) && ok_ && other.ok_;
    return *this;
  }
  constexpr CheckedSize& operator-=(CheckedSize other) {
    ok_ = !__builtin_sub_overflow(value_, other.value_, &value_) && ok_ && other.ok_;
    return *this;
  }
  constexpr CheckedSize& operator*=(CheckedSize other) {
    ok_ = !__builtin_mul_overflow(value_, other.value_, &value_) && ok_ && other.ok_;
    return *this;
  }
  friend constexpr CheckedSize operator+(CheckedSize a, CheckedSize b) { return a += b; }
  friend constexpr CheckedSize operator-(CheckedSize a, CheckedSize b) { return a -= b; }
  friend constexpr CheckedSize operator*(CheckedSize a, CheckedSize b) { return a *= b; }
  // Up to the next multiple of `align`, a power of two.
  constexpr CheckedSize aligned(uint64_t align) const {
    CheckedSize up = *this + CheckedSize(align - 1);
    up.value_ &= ~(align - 1);
    return up;
  }

 private:
  uint64_t value_;
  bool ok_ = true;
};

constexpr bool is_power_of_two(uint64_t value) { return value != 0 && (value & (value - 1)) == 0; }
// For values that cannot overflow (own sizes).
constexpr uint64_t align_up(uint64_t value, uint64_t align) { return (value + align - 1) & ~(align - 1); }

}  // namespace tenon
