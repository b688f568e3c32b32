// SPDX-License-Identifier: Apache-2.0
// One run of one frame.
#pragma once

#include <span>
#include <vector>

#include "core/sched/frame.hpp"
#include "core/sched/profile.hpp"

namespace tenon {

// Walks a frame whose pointers of graph inputs and captures, and task, are set. Plans what follows a segment where it
// has not been there before. One use, by one thread.
class Walk {
 public:
  // `outputs` and `maker` are those of the run; of a body, empty and NULL. `spans`: NULL when nothing is recorded.
  Walk(Frame& frame, std::span<const OutputPort> outputs, OutputMaker* maker, std::vector<Span>* spans)
      : frame_(frame), program_(*frame.program), outputs_(outputs), maker_(maker), spans_(spans) {}

  // After success Frame::last is the last segment, and every wanted output is in the caller's memory. Whatever is
  // returned, nothing of the run is under way any more.
  Status run();

 private:
  Status walk();
  Status land(Status status);
  Status check_stop() const;
  Status enter(Segment& segment);
  Status open_output(const Segment& segment, uint32_t index);
  Status close_output(const Segment& segment, uint32_t index);
  Status check_given(uint32_t index, const int64_t* dims, uint32_t rank, uint64_t bytes) const;
  Result<std::byte*> scratch(uint32_t index, uint64_t bytes);
  Status step(const Segment& segment, Step& step);
  Status run_region(Step& step, uint64_t begin_ns);
  Status run_copy(Step& step, uint64_t begin_ns);
  Status take_call(Step& step, const Status& answer, uint64_t begin_ns);
  Result<Segment*> next(Segment& segment);

  Frame& frame_;
  const Program& program_;
  std::span<const OutputPort> outputs_;
  OutputMaker* maker_;
  std::vector<Span>* spans_;
};

}  // namespace tenon
