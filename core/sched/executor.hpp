// SPDX-License-Identifier: Apache-2.0
// Runs a program: finds or makes the frame for the inputs' shapes, and walks it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/base/memory.hpp"
#include "core/base/thread_pool.hpp"
#include "core/sched/frame.hpp"
#include "core/sched/frame_cache.hpp"
#include "core/sched/profile.hpp"

namespace tenon {

struct ExecutorOptions {
  uint32_t plan_cache = 16;   // sets of input shapes
  uint32_t threads = 0;       // of one run; 0: the pool's
  uint64_t memory_limit = 0;  // bytes; 0: none
  bool profile = false;
};

// What a caller asks of one run. Everything is borrowed for the call.
struct RunRequest {
  std::span<const tenon_tensor* const> inputs;  // by graph input; NULL: its default. Checked by check_tensor
  std::span<const ObjectPtr> objects;   // by graph input that is no tensor; NULL: absent. Empty where all are tensors
  std::span<const OutputPort> outputs;  // by graph output
  OutputMaker* maker = nullptr;         // required when an output is wanted and not given
  const std::atomic<int32_t>* stop = nullptr;
  uint64_t deadline_ns = 0;  // on now_ns()'s clock; 0: none
  uint32_t threads = 0;      // 0: the session's
};

// Any thread; run also at once.
class Executor {
 public:
  // Keeps model and program.
  Executor(std::shared_ptr<const Model> model, std::unique_ptr<Program> program, std::shared_ptr<ThreadPool> pool,
           const ExecutorOptions& options);
  ~Executor();

  // INVALID_TENSOR (an input or a given output does not fit), CANCELLED, DEADLINE, LIMIT, OUT_OF_MEMORY, and what
  // providers answer, with the node's path. Allocates nothing when a frame for these shapes is idle and every output is
  // given, or its memory is asked for in sizes seen before.
  Status run(const RunRequest& request);

  // Frees the plans and memory of idle frames.
  void trim();

  const Program& program() const { return *program_; }
  Memory& memory() { return memory_; }
  Profile& profile() { return profile_; }
  // Host bytes of activations that no run uses at the moment, and how many idle frames there are.
  void usage(uint64_t* bytes, uint64_t* frames) const {
    *bytes = blocks_.idle_bytes();
    *frames = cache_.size();
  }

 private:
  Status make_content_inputs_dense(std::span<const tenon_tensor* const> inputs, std::vector<Buffer>* buffers,
                                   std::vector<tenon_tensor>* tensors);
  Status check_objects(const RunRequest& request) const;
  Result<std::unique_ptr<Frame>> frame_for(std::span<const tenon_tensor* const> inputs);
  Result<std::unique_ptr<Frame>> new_frame(std::span<const tenon_tensor* const> inputs);
  Status stage_input(Frame& frame, const tenon_tensor& tensor, size_t index);
  Status run_frame(Frame& frame, const RunRequest& request, std::span<const tenon_tensor* const> inputs,
                   uint64_t begin);

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Program> program_;
  std::shared_ptr<ThreadPool> pool_;
  ExecutorOptions options_;
  Memory memory_;
  Profile profile_;
  BlockPool blocks_;
  FrameCache cache_;
  std::vector<tenon_tensor> defaults_;  // by graph input; size 0: none
  std::vector<Buffer> default_buffers_;
};

}  // namespace tenon
