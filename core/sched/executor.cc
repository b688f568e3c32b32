// SPDX-License-Identifier: Apache-2.0
#include "core/sched/executor.hpp"

#include <pthread.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/fp_guard.hpp"
#include "core/base/log.hpp"
#include "core/base/time.hpp"
#include "core/sched/plan.hpp"
#include "core/sched/strided.hpp"
#include "core/sched/walk.hpp"

namespace tenon {
namespace {

uint64_t element_bytes(Dtype dtype) { return std::max<uint64_t>(1, dtype_bits(dtype) / 8); }

bool usable_as_is(const tenon_tensor& tensor, uint64_t align) {
  if (tensor.data == nullptr) {
    return true;
  }
  return reinterpret_cast<uintptr_t>(tensor.data) % align == 0 &&
         (tensor.strides == nullptr || is_dense(tensor, element_bytes(tensor.dtype)));
}

Status missing_input(const Graph& graph, size_t index) {
  const std::string& name = graph.values[graph.inputs[index]].name;
  return Status(TENON_INVALID_TENSOR, "input '" + name + "' is missing and has no default").with_value(name);
}

Status wrong_dtype(const Graph& graph, size_t index, Dtype got, Dtype expected) {
  const std::string& name = graph.values[graph.inputs[index]].name;
  return Status(TENON_INVALID_TENSOR, "input '" + name + "' has dtype " + std::string(dtype_name(got)) + ", expected " +
                                          std::string(dtype_name(expected)))
      .with_value(name)
      .with_expectation(std::string(dtype_name(got)), std::string(dtype_name(expected)));
}

// A list of tensors that needs no memory of its own for the usual model.
class InputList {
 public:
  explicit InputList(size_t count) : count_(count) {
    if (count > kInline) {
      more_.resize(count);
    }
  }
  const tenon_tensor*& operator[](size_t i) { return count_ > kInline ? more_[i] : few_[i]; }
  std::span<const tenon_tensor* const> span() const { return {count_ > kInline ? more_.data() : few_, count_}; }

 private:
  static constexpr size_t kInline = 32;
  size_t count_;
  const tenon_tensor* few_[kInline];
  std::vector<const tenon_tensor*> more_;
};

}  // namespace

Executor::Executor(std::shared_ptr<const Model> model, std::unique_ptr<Program> program,
                   std::shared_ptr<ThreadPool> pool, const ExecutorOptions& options)
    : model_(std::move(model)),
      program_(std::move(program)),
      pool_(std::move(pool)),
      options_(options),
      memory_(options.memory_limit == 0 ? UINT64_MAX : options.memory_limit),
      blocks_(memory_),
      cache_(options.plan_cache) {
  const Graph& graph = *program_->graph;
  defaults_.resize(graph.inputs.size());
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const auto found = model_->overridable.find(graph.inputs[i]);
    if (found != model_->overridable.end()) {
      ConstantPtr constant = found->second;
      if (constant->splat) {
        Result<Buffer> buffer = Memory::process().allocate(std::max<uint64_t>(1, constant->full_bytes()));
        if (!buffer.ok()) {
          continue;
        }
        copy_constant(*constant, buffer->data());
        defaults_[i] = tensor_of(*constant);
        defaults_[i].data = buffer->data();
        defaults_[i].bytes = constant->full_bytes();
        default_buffers_.push_back(std::move(buffer).value());
      } else {
        defaults_[i] = tensor_of(*constant);
      }
    }
  }
}

Executor::~Executor() { cache_.clear(); }

Status Executor::run(const RunRequest& request) {
  const FpGuard guard;
  const uint64_t begin = options_.profile ? now_ns() : 0;
  const Graph& graph = *program_->graph;
  InputList inputs(graph.inputs.size());
  TENON_RETURN_IF_ERROR(check_objects(request));
  for (size_t i = 0; i < graph.inputs.size(); ++i) {
    const tenon_tensor* tensor = request.inputs[i];
    if (program_->slots[program_->inputs[i]].object) {
      inputs[i] = nullptr;
      continue;
    }
    if (tensor == nullptr) {
      tensor = &defaults_[i];
      if (tensor->size == 0) {
        return missing_input(graph, i);
      }
    }
    const Dtype expected = program_->slots[program_->inputs[i]].dtype;
    if (tensor->dtype != expected) {
      return wrong_dtype(graph, i, tensor->dtype, expected);
    }
    inputs[i] = tensor;
  }
  // Contents that decide shapes are compared byte by byte: strided ones are made dense first.
  std::vector<Buffer> dense;
  std::vector<tenon_tensor> dense_tensors;
  TENON_RETURN_IF_ERROR(make_content_inputs_dense(inputs.span(), &dense, &dense_tensors));
  if (!dense_tensors.empty()) {
    for (const tenon_tensor& tensor : dense_tensors) {
      inputs[tensor.reserved] = &tensor;
    }
  }
  TENON_ASSIGN_OR_RETURN(std::unique_ptr<Frame> frame, frame_for(inputs.span()));
  Status status = run_frame(*frame, request, inputs.span(), begin);
  blocks_.give(&frame->blocks);
  frame->drop_objects();
  const int32_t code = status.code();
  const bool usable = code == TENON_OK || code == TENON_CANCELLED || code == TENON_DEADLINE || code == TENON_RUN ||
                      code == TENON_INVALID_TENSOR;
  if (usable && !frame->broken) {
    cache_.give(std::move(frame));
  }
  return status;
}

// Inputs that are no tensors are there, and of the types that the model declares.
Status Executor::check_objects(const RunRequest& request) const {
  const Graph& graph = *program_->graph;
  for (size_t i = 0; program_->objects && i < graph.inputs.size(); ++i) {
    if (!program_->slots[program_->inputs[i]].object) {
      continue;
    }
    const Value& value = graph.values[graph.inputs[i]];
    if (i >= request.objects.size() || request.objects[i] == nullptr) {
      return missing_input(graph, i);
    }
    if (const Status status = check_object(*request.objects[i], value.type, "input '" + value.name + "'");
        !status.ok()) {
      return status.with_value(value.name);
    }
  }
  return {};
}

// Where memory is short, what idle frames hold makes room.
Result<std::unique_ptr<Frame>> Executor::frame_for(std::span<const tenon_tensor* const> inputs) {
  std::unique_ptr<Frame> frame = cache_.take(inputs);
  if (frame == nullptr) {
    auto made = new_frame(inputs);
    if (!made.ok() && made.status().code() == TENON_LIMIT && cache_.clear()) {
      made = new_frame(inputs);
    }
    TENON_RETURN_IF_ERROR(made.status());
    frame = std::move(made).value();
  }
  Result<bool> moved = frame->take_block(frame->root.get());
  if (!moved.ok() && moved.status().code() == TENON_LIMIT && cache_.clear()) {
    moved = frame->take_block(frame->root.get());
  }
  TENON_RETURN_IF_ERROR(moved.status());
  if (*moved) {
    frame->publish(*frame->root);
  }
  return frame;
}

Status Executor::make_content_inputs_dense(std::span<const tenon_tensor* const> inputs, std::vector<Buffer>* buffers,
                                           std::vector<tenon_tensor>* tensors) {
  for (ValueId value : program_->shapes->content_inputs()) {
    const std::vector<ValueId>& order = program_->graph->inputs;
    const auto index = static_cast<size_t>(std::find(order.begin(), order.end(), value) - order.begin());
    if (index == order.size() || is_dense(*inputs[index], element_bytes(inputs[index]->dtype))) {
      continue;
    }
    tenon_tensor tensor = *inputs[index];
    const uint64_t bytes = element_count(std::span(tensor.dims, tensor.rank)).value_or(0) * element_bytes(tensor.dtype);
    TENON_ASSIGN_OR_RETURN(Buffer buffer, memory_.allocate(std::max<uint64_t>(bytes, 1)));
    copy_dense(tensor, element_bytes(tensor.dtype), buffer.data());
    tensor.reserved = static_cast<uint32_t>(index);
    tensor.strides = nullptr;
    tensor.data = buffer.data();
    tensor.bytes = bytes;
    buffers->push_back(std::move(buffer));
    tensors->push_back(tensor);
  }
  return {};
}

Result<std::unique_ptr<Frame>> Executor::new_frame(std::span<const tenon_tensor* const> inputs) {
  std::vector<KnownValue> key;
  for (size_t i = 0; i < inputs.size(); ++i) {
    KnownValue known;
    known.value = program_->graph->inputs[i];
    if (inputs[i] == nullptr) {
      key.push_back(std::move(known));  // no tensor
      continue;
    }
    const tenon_tensor& tensor = *inputs[i];
    known.dims = std::vector<int64_t>(tensor.dims, tensor.dims + tensor.rank);
    if (program_->shapes->wants_contents(known.value)) {
      const std::optional<uint64_t> bytes = dtype_bytes(tensor.dtype, element_count(*known.dims).value_or(0));
      known.contents = make_constant(tensor.dtype, *known.dims, tensor.data, bytes.value_or(tensor.bytes));
    }
    key.push_back(std::move(known));
  }
  return make_frame(*program_, std::move(key), &memory_, &blocks_, nullptr);
}

// An input that cannot be handed over where it is goes to a buffer of the frame.
Status Executor::stage_input(Frame& frame, const tenon_tensor& tensor, size_t index) {
  const SlotId slot = program_->inputs[index];
  frame.sizes[slot] = tensor.bytes;
  if (usable_as_is(tensor, frame.input_align[index])) {
    frame.pointers[slot] = static_cast<std::byte*>(tensor.data);
    return {};
  }
  const uint64_t bytes = tensor.dtype == TENON_STRING ? tensor.bytes : frame.root->slots[slot].bytes;
  Buffer& buffer = frame.staging[index];
  if (!buffer || buffer.bytes() < bytes) {
    buffer = Buffer();
    TENON_ASSIGN_OR_RETURN(buffer, memory_.allocate(std::max<uint64_t>(bytes, 1),
                                                    std::max<uint64_t>(64, frame.input_align[index]), "an input"));
  }
  if (tensor.strides == nullptr) {
    std::copy_n(static_cast<const std::byte*>(tensor.data), bytes, buffer.data());
  } else {
    copy_dense(tensor, element_bytes(tensor.dtype), buffer.data());
  }
  frame.pointers[slot] = buffer.data();
  return {};
}

Status Executor::run_frame(Frame& frame, const RunRequest& request, std::span<const tenon_tensor* const> inputs,
                           uint64_t begin) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i] == nullptr) {
      frame.objects[program_->inputs[i]] = request.objects[i];
    } else {
      TENON_RETURN_IF_ERROR(stage_input(frame, *inputs[i], i));
    }
  }
  const uint32_t threads = request.threads != 0 ? request.threads : options_.threads;
  frame.task = Task{};
  frame.task.pool = pool_.get();
  frame.task.max_workers = threads != 0 ? std::min(threads, pool_->workers()) : pool_->workers();
  frame.task.stop = request.stop;
  frame.task.deadline_ns = request.deadline_ns;
  if (!options_.profile) {
    return Walk(frame, request.outputs, request.maker, nullptr).run();
  }
  std::vector<Span> spans;
  spans.reserve(program_->instructions.size());
  Status status = Walk(frame, request.outputs, request.maker, &spans).run();
  profile_.add({begin, now_ns(), static_cast<uint64_t>(pthread_self())}, spans);
  return status;
}

void Executor::trim() {
  cache_.clear();
  blocks_.clear();
}

}  // namespace tenon
