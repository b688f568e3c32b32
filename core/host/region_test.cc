// SPDX-License-Identifier: Apache-2.0
// Compiled regions, weights, packing, running one node.
#include "core/host/region.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <thread>
#include <vector>

#include "core/base/file.hpp"
#include "core/base/fp_guard.hpp"
#include "core/host/node_runner.hpp"
#include "core/host/packed.hpp"
#include "core/host/test_provider.hpp"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon {
namespace {

using testing_host::TestGraph;
using testing_host::TestProvider;

// x + k, compiled.
struct Fixture {
  TestProvider fake;
  std::unique_ptr<Provider> provider;
  TestGraph test;
  std::shared_ptr<WeightStore> weights = std::make_shared<WeightStore>();
  std::shared_ptr<ProviderSession> session;
  ConstantId id = kNone;

  explicit Fixture(std::vector<float> constant = {1, 2, 3, 4}) {
    const ValueId k = test.constant("k", std::move(constant));
    id = test.graph.values[k].constant;
    test.graph.outputs = {test.op("Add", {test.input("x"), k})};
    provider = std::move(*fake.accept());
    weights->set_constants(test.model.constants);
    session = new_session();
  }
  std::shared_ptr<ProviderSession> new_session() {
    ProviderSessionConfig config;
    config.weights = weights;
    return std::move(*provider->create_session(std::move(config)));
  }
  Result<std::shared_ptr<CompiledRegion>> compile() {
    const GraphView view = std::move(*GraphView::whole(test.graph));
    const QueryResult answer = std::move(*query_provider(*session, view));
    const Claim& claim = answer.claims.at(0);
    std::vector<ValueRule> rules = claim.input_rules;
    rules.insert(rules.end(), claim.output_rules.begin(), claim.output_rules.end());
    return CompiledRegion::compile(session, view, claim, rules, nullptr);
  }
};

Result<std::shared_ptr<const Prepared>> prepare(CompiledRegion& region, int64_t* out_dims, uint32_t out_rank = 1) {
  int64_t in_dims[] = {4};
  tenon_shape in[] = {{TENON_FLOAT32, 1, in_dims, nullptr}, {TENON_FLOAT32, 1, in_dims, nullptr}};
  tenon_shape out[] = {{TENON_FLOAT32, out_rank, out_dims, nullptr}};
  tenon_shapes shapes{sizeof shapes, 0, in, 2, sizeof(tenon_shape), out, 1, sizeof(tenon_shape)};
  return region.prepare(&shapes);
}

Status execute(const CompiledRegion& region, const Prepared& prepared, float* x, float* y) {
  const int64_t dims[] = {4};
  tenon_tensor in[2]{}, out{};
  in[0] = {sizeof out, 0, TENON_FLOAT32, 1, dims, nullptr, {}, nullptr, 0, 16, x};
  in[1] = *region.constant_input(1);
  out = {sizeof out, 0, TENON_FLOAT32, 1, dims, nullptr, {}, nullptr, 0, 16, y};
  tenon_run run{};
  run.size = sizeof run;
  run.inputs = in;
  run.ninputs = 2;
  run.outputs = &out;
  run.noutputs = 1;
  run.tensor_stride = sizeof out;
  const FpGuard guard;
  return region.execute(prepared, run);
}

TEST(Region, compiles_prepares_and_runs) {
  Fixture f;
  {
    auto region = f.compile();
    ASSERT_TRUE(region.ok()) << region.status().message();
    EXPECT_EQ((*region)->kernel(), "test kernel");
    EXPECT_EQ((*region)->constant_input(0), nullptr);
    ASSERT_NE((*region)->constant_input(1), nullptr);
    int64_t dims[TENON_MAX_RANK] = {TENON_UNKNOWN_DIM};
    const auto prepared = prepare(**region, dims);
    ASSERT_TRUE(prepared.ok());
    EXPECT_EQ(dims[0], 4);
    EXPECT_EQ((*prepared)->workspace_bytes(), 128u);
    float x[4] = {10, 20, 30, 40}, y[4] = {};
    ASSERT_TRUE(execute(**region, **prepared, x, y).ok());
    EXPECT_EQ(y[3], 44);
    EXPECT_EQ(f.fake.prepareds.load(), 1);
  }
  EXPECT_EQ(f.fake.prepareds.load(), 0);
  EXPECT_EQ(f.fake.execs.load(), 0);
  f.session.reset();
  EXPECT_EQ(f.fake.sessions.load(), 0);
}

TEST(Region, packs_once_and_shares_between_sessions) {
  Fixture f({5, 6, 7, 8});
  f.fake.pack_constants = true;
  const size_t before = packed_weights();
  auto first = f.compile();
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_EQ((*first)->constant_input(1)->data, nullptr);
  EXPECT_EQ((*first)->packed_bytes(), 16u);
  const auto session = f.session;
  f.session = f.new_session();
  auto second = f.compile();
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(f.fake.prepacks.load(), 1);
  EXPECT_EQ(packed_weights(), before + 1);
  int64_t dims[TENON_MAX_RANK] = {4};
  float x[4] = {1, 1, 1, 1}, y[4] = {};
  ASSERT_TRUE(execute(**second, **prepare(**second, dims), x, y).ok());
  EXPECT_EQ(y[0], 6);
  // Nobody needs the original: the model gives it back.
  std::weak_ptr<const Constant> original = f.test.model.constants[f.id];
  f.weights->drop_unneeded(&f.test.model);
  EXPECT_TRUE(original.expired());
  ASSERT_TRUE(execute(**second, **prepare(**second, dims), x, y).ok());
  EXPECT_EQ(y[3], 9);
  *first = nullptr;
  *second = nullptr;
  EXPECT_EQ(packed_weights(), before);
}

TEST(Region, other_content_is_packed_anew) {
  Fixture a({1, 1, 1, 1}), b({2, 2, 2, 2});
  a.fake.pack_constants = b.fake.pack_constants = true;
  const auto one = a.compile();
  const auto two = b.compile();
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_EQ(a.fake.prepacks + b.fake.prepacks, 2);
}

TEST(Region, what_is_needed_stays) {
  Fixture f;
  const auto region = f.compile();
  ASSERT_TRUE(region.ok());
  f.weights->drop_unneeded(&f.test.model);
  EXPECT_NE(f.test.model.constants[f.id], nullptr);
  EXPECT_NE((*region)->constant_input(1)->data, nullptr);
}

TEST(Region, bad_answers_name_the_rule) {
  Fixture f;
  static const tenon_alias alias{5, 0, TENON_ALIAS_MAY, 0};
  static const tenon_pack_request pack{77, 0, 16, 64, {"k", 1}, 0, 0};
  const std::pair<std::function<void(tenon_exec_info*)>, const char*> cases[] = {
      {[](tenon_exec_info* info) { info->workspace_align = 3; }, "rule 8"},
      {[](tenon_exec_info* info) {
         info->aliases = &alias;
         info->naliases = 1;
         info->alias_stride = sizeof alias;
       },
       "rule 8"},
      {[](tenon_exec_info* info) {
         info->packs = &pack;
         info->npacks = 1;
       },
       "rule 11"},
      {[](tenon_exec_info* info) {
         info->packs = nullptr;
         info->npacks = 3;
       },
       "rule 11"},
  };
  for (const auto& [edit, rule] : cases) {
    f.fake.edit_info = edit;
    const auto region = f.compile();
    ASSERT_FALSE(region.ok());
    EXPECT_EQ(region.status().code(), TENON_PROVIDER_RULE);
    EXPECT_NE(region.status().message().find(rule), std::string::npos) << region.status().message();
    EXPECT_EQ(region.status().fields().op, "ai.onnx.Add");
  }
  EXPECT_EQ(f.fake.execs.load(), 0);
}

TEST(Region, prepare_may_not_change_what_is_known) {
  Fixture f;
  const auto region = f.compile();
  f.fake.prepare = [](tenon_shapes* shapes) {
    shapes->outputs[0].dims[0] = 5;
    return TENON_OK;
  };
  int64_t dims[TENON_MAX_RANK] = {4};
  const auto prepared = prepare(**region, dims);
  EXPECT_EQ(prepared.status().code(), TENON_PROVIDER_RULE);
  EXPECT_EQ(f.fake.prepareds.load(), 0);
  f.fake.prepare = [](tenon_shapes* shapes) {
    shapes->outputs[0].rank = 1000;
    return TENON_OK;
  };
  EXPECT_EQ(prepare(**region, dims, TENON_UNKNOWN_RANK).status().code(), TENON_PROVIDER_RULE);
}

TEST(Region, runs_at_once_are_no_more_than_the_provider_takes) {
  Fixture f;
  f.fake.edit_info = [](tenon_exec_info* info) { info->max_concurrent_runs = 2; };
  const auto region = f.compile();
  ASSERT_TRUE(region.ok()) << region.status().message();
  int64_t dims[TENON_MAX_RANK] = {4};
  const auto prepared = prepare(**region, dims);
  std::atomic<int> running = 0, most = 0;
  f.fake.execute = [&](const tenon_run*) {
    const int now = ++running;
    for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    --running;
    return TENON_OK;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      float x[4] = {}, y[4] = {};
      EXPECT_TRUE(execute(**region, **prepared, x, y).ok());
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(most, 2);
}

TEST(Region, execute_errors_carry_node_and_provider) {
  Fixture f;
  const auto region = f.compile();
  int64_t dims[TENON_MAX_RANK] = {4};
  const auto prepared = prepare(**region, dims);
  float x[4] = {}, y[4] = {};
  f.fake.execute = [](const tenon_run*) { return TENON_RUN; };
  Status status = execute(**region, **prepared, x, y);
  EXPECT_EQ(status.code(), TENON_RUN);
  EXPECT_EQ(status.fields().provider, "fake");
  EXPECT_EQ(status.fields().op, "ai.onnx.Add");
  f.fake.execute = [](const tenon_run*) -> int32_t { throw 1; };
  status = execute(**region, **prepared, x, y);
  EXPECT_NE(status.message().find("rule 1:"), std::string::npos) << status.message();
#if defined(__x86_64__)
  f.fake.execute = [](const tenon_run*) {
    _mm_setcsr(_mm_getcsr() | 0x8000);
    return TENON_OK;
  };
  status = execute(**region, **prepared, x, y);
  EXPECT_NE(status.message().find("rule 12"), std::string::npos) << status.message();
  EXPECT_EQ(_mm_getcsr() & 0x8000, 0u);
#endif
}

TEST(Weights, are_aligned_on_demand_and_once) {
  std::vector<char> bytes(65);
  std::iota(bytes.begin(), bytes.end(), static_cast<char>(0));
  auto constant = std::make_shared<Constant>();
  constant->dtype = TENON_FLOAT32;
  constant->dims = {16};
  constant->bytes = 64;
  constant->data = reinterpret_cast<const std::byte*>(bytes.data()) + 1;
  Memory memory;
  {
    WeightStore weights(memory);
    weights.set_constants({constant});
    tenon_weight one{}, two{};
    ASSERT_TRUE(weights.get(0, 64, &one).ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(one.tensor.data) % 64, 0u);
    EXPECT_EQ(std::memcmp(one.tensor.data, constant->data, 64), 0);
    ASSERT_TRUE(weights.get(0, 32, &two).ok());
    EXPECT_EQ(one.tensor.data, two.tensor.data);
    EXPECT_EQ(memory.stats().allocations, 1u);
    EXPECT_EQ(weights.get(1, 0, &two).code(), TENON_NOT_FOUND);
    EXPECT_EQ(weights.get(0, 3, &two).code(), TENON_INVALID_ARGUMENT);
  }
  EXPECT_EQ(memory.stats().current, 0u);
}

TEST(Weights, a_splat_is_spread_out) {
  const float one = 1.5f;
  auto splat = std::make_shared<Constant>(*make_constant(TENON_FLOAT32, {}, &one, 4));
  splat->dims = {3, 5};
  splat->splat = true;
  WeightStore weights;
  weights.set_constants({splat});
  tenon_weight weight{};
  ASSERT_TRUE(weights.get(0, 0, &weight).ok());
  EXPECT_EQ(weight.flags, TENON_WEIGHT_SPLAT);
  EXPECT_EQ(weight.tensor.bytes, 60u);
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(static_cast<const float*>(weight.tensor.data)[i], 1.5f);
  }
}

TEST(Weights, splats_are_bounded_and_stop_with_the_task) {
  const float one = 1.5f;
  auto huge = std::make_shared<Constant>(*make_constant(TENON_FLOAT32, {}, &one, 4));
  huge->dims = {1 << 16, 1 << 16};
  huge->splat = true;
  auto large = std::make_shared<Constant>(*huge);
  large->dims = {1 << 12, 1 << 12};
  WeightStore weights;
  weights.set_constants({huge, large});
  tenon_weight weight{};
  EXPECT_EQ(weights.get(0, 0, &weight).code(), TENON_LIMIT);
  const std::atomic<int32_t> stop{TENON_CANCELLED};
  Task task;
  task.stop = &stop;
  weights.set_limits(&task, kMaxSpreadBytes);
  EXPECT_EQ(weights.get(1, 0, &weight).code(), TENON_CANCELLED);
  weights.set_limits(nullptr, 1 << 20);
  EXPECT_EQ(weights.get(1, 0, &weight).code(), TENON_LIMIT);
}

TEST(Weights, pages_given_back_are_read_again) {
  std::string pattern = testing::TempDir() + "tenon_weights_XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  ASSERT_TRUE(write_file(pattern + "/w", std::string(1 << 16, 'w')).ok());
  const auto file = MappedFile::open(pattern + "/w", MappedFile::Mode::map);
  ASSERT_TRUE(file.ok());
  Constant constant;
  constant.dtype = TENON_UINT8;
  constant.dims = {1 << 16};
  constant.data = (*file)->data();
  constant.bytes = (*file)->size();
  constant.fd = (*file)->fd();
  release_pages(constant);
  EXPECT_EQ(std::to_integer<char>(constant.data[40000]), 'w');
  std::filesystem::remove_all(pattern);
}

TEST(NodeRunner, computes_a_node_on_constants) {
  TestProvider fake;
  const auto provider = fake.accept();
  TestGraph test;
  NodeId add, other;
  const ValueId x = test.input("x");
  test.op("Add", {x, x}, &add);
  test.op("Sqrt", {x}, &other);
  const float data[] = {1, 2, 3, 4};
  const ConstantPtr constant = make_constant(TENON_FLOAT32, {4}, data, sizeof data);
  const std::vector<ConstantPtr> inputs{constant, constant};
  const std::vector<Type> types{Type::tensor(TENON_FLOAT32)};
  ProviderFolder folder({provider->get()}, nullptr);
  for (int i = 0; i < 1500; ++i) {  // past the point at which the runner opens a new session
    const auto folded = folder.fold(test.graph, test.graph.nodes[add], inputs, types, 1024);
    ASSERT_TRUE(folded.ok()) << folded.status().message();
    ASSERT_EQ(folded->outputs.size(), 1u);
    EXPECT_EQ(folded->provider, "fake");
    EXPECT_EQ(folded->outputs[0]->dims, std::vector<int64_t>{4});
    EXPECT_EQ(reinterpret_cast<const float*>(folded->outputs[0]->data)[3], 8);
  }
  EXPECT_EQ(folder.fold(test.graph, test.graph.nodes[add], inputs, types, 15).status().code(), TENON_LIMIT);
  const auto refused = folder.fold(test.graph, test.graph.nodes[other], {inputs.data(), 1}, types, 1024);
  EXPECT_EQ(refused.status().code(), TENON_UNSUPPORTED);
  EXPECT_NE(refused.status().message().find("only Add and Neg"), std::string::npos) << refused.status().message();
}

TEST(Layout, bytes_follow_the_blocks) {
  const int64_t dims[] = {2, 5, 3};
  tenon_layout layout{};
  EXPECT_EQ(*layout_bytes(nullptr, layout, TENON_FLOAT32, dims, 3), 120u);
  EXPECT_EQ(*layout_bytes(nullptr, layout, TENON_INT4, dims, 3), 15u);
  layout.kind = TENON_LAYOUT_BLOCKED;
  layout.axis = 1;
  layout.block = 4;
  EXPECT_EQ(*layout_bytes(nullptr, layout, TENON_FLOAT32, dims, 3), 192u);
  const int64_t huge[] = {INT64_MAX, INT64_MAX};
  EXPECT_EQ(layout_bytes(nullptr, {}, TENON_FLOAT32, huge, 2).status().code(), TENON_LIMIT);
  layout.kind = TENON_LAYOUT_OPAQUE;
  EXPECT_EQ(layout_bytes(nullptr, layout, TENON_FLOAT32, dims, 3).status().code(), TENON_UNSUPPORTED);
}

}  // namespace
}  // namespace tenon
