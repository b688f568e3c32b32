// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/api/error.hpp"
#include "core/api/run_options.hpp"
#include "core/api/session.hpp"
#include "core/api/value.hpp"

namespace tenon::api {
namespace {

constexpr uint32_t kInline = 32;  // inputs or outputs for which a run's lists need no memory

template <typename T>
class SmallList {
 public:
  explicit SmallList(size_t count) : count_(count) {
    if (count > kInline) {
      more_.resize(count);
    }
  }
  T& operator[](size_t i) { return count_ > kInline ? more_[i] : few_[i]; }
  std::span<const T> span() const { return {count_ > kInline ? more_.data() : few_, count_}; }

 private:
  size_t count_;
  T few_[kInline] = {};
  std::vector<T> more_;
};

// Values for outputs that the caller did not bring; released unless they are handed out.
class ValueMaker final : public OutputMaker {
 public:
  explicit ValueMaker(const std::shared_ptr<OutputPool>& pool) : pool_(pool) {}
  ~ValueMaker() {
    for (const auto& [index, value] : made_) {
      tenon_value_release(value);
    }
  }
  Result<std::byte*> make_output(uint32_t index, Dtype dtype, const int64_t* dims, uint32_t rank,
                                 uint64_t bytes) override {
    TENON_ASSIGN_OR_RETURN(tenon_value * value, make_value(dtype, {dims, rank}, bytes, pool_));
    pooled_ += value->pool != nullptr ? value->buffer.bytes() : 0;
    made_.emplace_back(index, value);
    return static_cast<std::byte*>(value->tensor.data);
  }
  Status take_object(uint32_t index, const ObjectPtr& object) override {
    TENON_ASSIGN_OR_RETURN(const ObjectPtr kept, keep(object, &Memory::process()));
    TENON_ASSIGN_OR_RETURN(tenon_value * value, from_object(kept));
    made_.emplace_back(index, value);
    return {};
  }
  void hand_out(tenon_value** outputs) {
    for (const auto& [index, value] : made_) {
      outputs[index] = value;
    }
    made_.clear();
    pool_->run_ended(pooled_);
  }

 private:
  const std::shared_ptr<OutputPool>& pool_;
  uint64_t pooled_ = 0;  // bytes out of it
  std::vector<std::pair<uint32_t, tenon_value*>> made_;
};

bool overlaps_any(const tenon_tensor& output, const tenon_value* const* inputs, uint32_t count) {
  const auto* begin = static_cast<const std::byte*>(output.data);
  for (uint32_t i = 0; i < count; ++i) {
    if (inputs[i] == nullptr) {
      continue;
    }
    const tenon_tensor& input = inputs[i]->tensor;
    const auto* other = static_cast<const std::byte*>(input.data);
    // Negative strides reach before the first element: such an input is taken to overlap.
    if (begin < other + input.bytes && other < begin + output.bytes) {
      return true;
    }
  }
  return false;
}

// Input `index`, which is no tensor. Where it is an optional, what it holds may stand for it.
Result<ObjectPtr> object_input(const tenon_session& session, uint32_t index, const tenon_value* given) {
  const Graph& graph = *session.executor->program().graph;
  const bool optional = graph.values[graph.inputs[index]].type.kind == TypeKind::optional;
  if (given == nullptr) {
    return optional ? make_optional(nullptr) : ObjectPtr();
  }
  TENON_ASSIGN_OR_RETURN(ObjectPtr object, to_object(const_cast<tenon_value*>(given)));
  return optional && object->kind != TypeKind::optional ? make_optional(std::move(object)) : object;
}

Status check_kind(const IoInfo& io, const char* which, const tenon_value& given) {
  if (given.kind == TENON_KIND_TENSOR) {
    return {};
  }
  const std::string got = type_text(given);
  return Status(TENON_INVALID_TENSOR, std::string(which) + " '" + io.name + "' is " + got + ", expected " + io.type)
      .with_value(io.name)
      .with_expectation(got, io.type);
}

Status run(tenon_session& session, const tenon_run_options* options, const tenon_value* const* inputs,
           uint32_t n_inputs, tenon_value** outputs, uint32_t n_outputs, const uint8_t* wanted) {
  if (n_inputs != session.inputs.size() || n_outputs != session.outputs.size() || (n_inputs > 0 && inputs == nullptr) ||
      (n_outputs > 0 && outputs == nullptr)) {
    return bad_argument("tenon_session_run: the model has " + std::to_string(session.inputs.size()) + " inputs and " +
                        std::to_string(session.outputs.size()) + " outputs, the call " + std::to_string(n_inputs) +
                        " and " + std::to_string(n_outputs) + ", or a list is NULL");
  }
  const Program& program = session.executor->program();
  SmallList<const tenon_tensor*> tensors(n_inputs);
  std::vector<ObjectPtr> objects(program.objects ? n_inputs : 0);
  for (uint32_t i = 0; i < n_inputs; ++i) {
    if (program.slots[program.inputs[i]].object) {
      TENON_ASSIGN_OR_RETURN(objects[i], object_input(session, i, inputs[i]));
      continue;
    }
    if (inputs[i] != nullptr) {
      TENON_RETURN_IF_ERROR(check_kind(*session.inputs[i], "input", *inputs[i]));
      tensors[i] = &inputs[i]->tensor;
    }
  }
  SmallList<OutputPort> ports(n_outputs);
  for (uint32_t i = 0; i < n_outputs; ++i) {
    OutputPort& port = ports[i];
    port.wanted = wanted == nullptr || wanted[i] != 0;
    if (outputs[i] != nullptr && port.wanted) {
      if (program.slots[program.outputs[i]].object) {
        return bad_argument("tenon_session_run: output '" + session.outputs[i]->name + "' is of type " +
                            session.outputs[i]->type + ", which the run makes itself; give NULL");
      }
      TENON_RETURN_IF_ERROR(check_kind(*session.outputs[i], "the value for output", *outputs[i]));
      port.given = &outputs[i]->tensor;
      port.overlaps = overlaps_any(*port.given, inputs, n_inputs);
    }
  }
  ValueMaker maker(session.released);
  RunRequest request;
  request.inputs = tensors.span();
  request.outputs = ports.span();
  request.objects = objects;
  request.maker = &maker;
  if (options != nullptr) {
    request.stop = &options->stop;
    request.threads = options->threads.load(std::memory_order_relaxed);
    request.deadline_ns = options->deadline_ns();
  }
  TENON_RETURN_IF_ERROR(session.executor->run(request));
  maker.hand_out(outputs);
  return {};
}

}  // namespace
}  // namespace tenon::api

using tenon::Status;
using tenon::api::bad_argument;
using tenon::api::guarded;

extern "C" {

int32_t tenon_run_options_create(tenon_run_options** out, tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (out == nullptr) {
      return bad_argument("tenon_run_options_create: out is NULL");
    }
    *out = new tenon_run_options();
    return {};
  });
}

void tenon_run_options_retain(tenon_run_options* options) {
  if (options != nullptr) {
    options->references.fetch_add(1, std::memory_order_relaxed);
  }
}

void tenon_run_options_release(tenon_run_options* options) {
  if (options != nullptr && options->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    delete options;
  }
}

void tenon_run_options_cancel(tenon_run_options* options) {
  if (options != nullptr) {
    options->stop.store(TENON_CANCELLED, std::memory_order_relaxed);
  }
}

void tenon_run_options_reset(tenon_run_options* options) {
  if (options != nullptr) {
    options->stop.store(TENON_OK, std::memory_order_relaxed);
  }
}

void tenon_run_options_set_timeout(tenon_run_options* options, uint64_t nanoseconds) {
  if (options != nullptr) {
    options->timeout_ns.store(nanoseconds, std::memory_order_relaxed);
  }
}

void tenon_run_options_set_threads(tenon_run_options* options, uint32_t threads) {
  if (options != nullptr) {
    options->threads.store(threads, std::memory_order_relaxed);
  }
}

int32_t tenon_session_run(tenon_session* session, const tenon_run_options* options, const tenon_value* const* inputs,
                          uint32_t n_inputs, tenon_value** outputs, uint32_t n_outputs, const uint8_t* wanted,
                          tenon_status* status) {
  return guarded(status, [&]() -> Status {
    if (session == nullptr) {
      return bad_argument("tenon_session_run: session is NULL");
    }
    return tenon::api::run(*session, options, inputs, n_inputs, outputs, n_outputs, wanted);
  });
}

}  // extern "C"
