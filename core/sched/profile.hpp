// SPDX-License-Identifier: Apache-2.0
// What ran when: recorded by sessions loaded with profile=on.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace tenon {

struct Program;

struct Span {
  const Program* program = nullptr;
  uint32_t instruction = 0;
  uint32_t run = 0;    // number of the run
  uint64_t begin = 0;  // nanoseconds of now_ns()
  uint64_t end = 0;
};

struct RunSpan {
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t thread = 0;  // id of the calling thread
};

// Any thread.
class Profile {
 public:
  // Spans beyond this many are counted in the totals' runs but not kept: a profile that is left on stays bounded.
  static constexpr size_t kMaxSpans = 4'000'000;

  void add(const RunSpan& run, const std::vector<Span>& spans) {
    const std::lock_guard lock(mutex_);
    const auto number = static_cast<uint32_t>(runs_.size());
    if (spans_.size() + spans.size() > kMaxSpans) {
      return;
    }
    runs_.push_back(run);
    for (Span span : spans) {
      span.run = number;
      spans_.push_back(span);
    }
  }
  void reset() {
    const std::lock_guard lock(mutex_);
    runs_.clear();
    spans_.clear();
  }
  void copy(std::vector<RunSpan>* runs, std::vector<Span>* spans) const {
    const std::lock_guard lock(mutex_);
    *runs = runs_;
    *spans = spans_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<RunSpan> runs_;
  std::vector<Span> spans_;
};

}  // namespace tenon
