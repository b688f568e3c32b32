// SPDX-License-Identifier: Apache-2.0
#include "core/sched/flight.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "core/host/test_provider.hpp"
#include "core/ir/text.hpp"
#include "core/sched/executor.hpp"

namespace {

thread_local bool counting = false;
thread_local int allocations = 0;

}  // namespace

// The sanitizers have their own, and look at other things.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
void* operator new(size_t bytes) {
  allocations += counting ? 1 : 0;
  if (void* memory = std::malloc(bytes == 0 ? 1 : bytes)) {
    return memory;
  }
  throw std::bad_alloc();
}
// Kept out of line: seen together with new, they look mismatched to gcc.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif

namespace tenon {
namespace {

using testing_host::TestProvider;

struct Line {
  std::atomic<uint64_t> reached{0};
};

// Asynchronous by its words; a call is complete on return, after a look at what it was to wait for.
struct PromptProvider {
  TestProvider fake;
  int calls = 0, waits = 0, early = 0;

  PromptProvider() {
    fake.info.features = TENON_FEATURE_ASYNC;
    fake.execute = [this](const tenon_run* run) {
      ++calls;
      for (uint32_t i = 0; i < run->nwaits; ++i) {
        ++waits;
        early += reinterpret_cast<Line*>(run->waits[i].sync)->reached < run->waits[i].value ? 1 : 0;
      }
      const auto* a = static_cast<const float*>(run->inputs[0].data);
      const auto* b = run->ninputs > 1 ? static_cast<const float*>(run->inputs[1].data) : nullptr;
      for (int i = 0; i < 4; ++i) {
        static_cast<float*>(run->outputs[0].data)[i] = b == nullptr ? -a[i] : a[i] + b[i];
      }
      auto* line = reinterpret_cast<Line*>(run->signals[0].sync);
      early += line->reached >= run->signals[0].value ? 1 : 0;
      line->reached = run->signals[0].value;
      return TENON_OK;
    };
    fake.table.sync_create = [](void*, uint32_t, tenon_sync** out, uint32_t* kind, tenon_status*) {
      *out = reinterpret_cast<tenon_sync*>(new Line);
      *kind = 1;
      return TENON_OK;
    };
    fake.table.sync_wait = [](void*, tenon_sync* sync, uint64_t value, uint64_t, tenon_status* status) {
      return reinterpret_cast<Line*>(sync)->reached >= value ? TENON_OK
                                                             : Status(TENON_DEADLINE, "not reached").write(status);
    };
    fake.table.sync_signal = [](void*, tenon_sync* sync, uint64_t value, tenon_status*) {
      reinterpret_cast<Line*>(sync)->reached = value;
      return TENON_OK;
    };
    fake.table.sync_destroy = [](void*, tenon_sync* sync) { delete reinterpret_cast<Line*>(sync); };
  }
};

constexpr const char* kDiamond = R"(tenon-ir 1
ir_version 10
opset ai.onnx 28
graph "g" (%x: float32[4]) {
  %a: float32[4] = ai.onnx::Neg@6 "a" (%x)
  %b: float32[4] = ai.onnx::Neg@6 "b" (%a)
  %c: float32[4] = ai.onnx::Add@7 "c" (%a, %x)
  %y: float32[4] = ai.onnx::Add@7 "y" (%b, %c)
  return %y
}
)";

TEST(Flight, warm_runs_of_an_asynchronous_provider_allocate_nothing) {
  PromptProvider prompt;
  const std::unique_ptr<Provider> provider = std::move(*prompt.fake.accept());
  {
    auto parsed = model_from_text(kDiamond);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    const std::shared_ptr<Model> model = std::move(*parsed);
    Task task;
    ProgramOptions options;
    options.task = &task;
    options.weights = std::make_shared<WeightStore>();
    options.weights->set_constants(model->constants);
    ProviderSessionConfig config;
    config.weights = options.weights;
    auto session = std::move(*provider->create_session(config));
    auto program = build_program(*model->graph, {session}, {false}, options);
    ASSERT_TRUE(program.ok()) << program.status().message();
    Executor executor(model, std::move(*program), std::make_shared<ThreadPool>(1), {});
    const int64_t dims[] = {4};
    float x[] = {1, -2, 3, -4}, y[4] = {};
    tenon_tensor in{}, out{};
    in.size = out.size = sizeof in;
    in.dtype = out.dtype = TENON_FLOAT32;
    in.rank = out.rank = 1;
    in.dims = out.dims = dims;
    in.bytes = out.bytes = sizeof x;
    in.data = x;
    out.data = y;
    const tenon_tensor* inputs[] = {&in};
    const OutputPort outputs[] = {{&out, true, false}};
    RunRequest request;
    request.inputs = inputs;
    request.outputs = outputs;
    for (int run = 0; run < 20; ++run) {
      counting = run > 0;
      const Status status = executor.run(request);
      counting = false;
      ASSERT_TRUE(status.ok()) << status.message();
    }
    EXPECT_EQ(y[1], -2.0f);
    EXPECT_EQ(allocations, 0);
    EXPECT_EQ(prompt.calls, 20 * 4);
    EXPECT_EQ(prompt.waits, 20 * 3) << "b waits for a, c for b, whose workspace it gets, y for c";
    EXPECT_EQ(prompt.early, 0);
  }
}

}  // namespace
}  // namespace tenon
