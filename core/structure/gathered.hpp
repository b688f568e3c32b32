// SPDX-License-Identifier: Apache-2.0
// The scan output of a loop: what each iteration makes, along a new axis.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/structure/body.hpp"

namespace tenon {

class Gathered {
 public:
  // `axis`: the new one, counted from the back when negative. `expected`: iterations, or -1 when nobody knows before
  // the end; then axis is 0. `backwards`: the first iteration stands last; needs `expected`.
  Gathered(Memory* memory, Dtype dtype, int64_t axis, int64_t expected, bool backwards)
      : memory_(*memory), dtype_(dtype), axis_(axis), expected_(expected), backwards_(backwards) {}

  // What an iteration has made: copied. RUN when its dims are not those of the first, or have no such axis; LIMIT,
  // OUT_OF_MEMORY.
  Status add(const BodyValue& value, Buffer* buffer);
  // All of it, in `buffer`. For when there was no iteration: `shape`, of the output as inference knows it, else
  // `declared`, of what an iteration adds as the model declares it; dims that are not known are 0 then.
  Result<BodyValue> finish(const Shape& shape, const Shape& declared, Buffer* buffer);

 private:
  Status begin(const BodyValue& value);
  void finish_empty(const Shape& shape, const Shape& declared, BodyValue* value) const;
  Status make_room(uint64_t iterations, Buffer* buffer);
  Result<BodyValue> finish_strings(BodyValue value, Buffer* buffer) const;

  Memory& memory_;
  Dtype dtype_;
  int64_t axis_;
  int64_t expected_;
  bool backwards_;
  int64_t count_ = 0;
  std::vector<int64_t> dims_;  // of one iteration
  uint64_t elements_ = 0;      // of one iteration
  std::deque<std::string> strings_;
};

}  // namespace tenon
