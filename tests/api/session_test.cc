// SPDX-License-Identifier: Apache-2.0
// Options, errors, descriptions, reports and values.
#include <string>
#include <thread>
#include <vector>

#include "tests/api/api.hpp"

namespace api_test {
namespace {

using model_builder::Graph;
using model_builder::initializer;
using model_builder::model;
using model_builder::node;
using Floats = std::vector<float>;

std::string chain() {
  Graph graph;
  graph.nodes = {node("Relu", {"x"}, {"a"}), node("Neg", {"a"}, {"y"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"batch", "2"}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"batch", "2"}}};
  return model(graph);
}

class SessionTest : public ApiTest {
 protected:
  template <typename Call>
  std::string json(const Call& call) {
    tenon_text* made = nullptr;
    EXPECT_EQ(call(&made), TENON_OK) << status_.msg;
    const Owned<tenon_text> owned(made);
    return made == nullptr ? "" : text(tenon_text_get(made));
  }
  bool says(const std::string& words) const { return std::string(status_.msg).find(words) != std::string::npos; }
};

TEST_F(SessionTest, UnknownOptionNamesTheNearest) {
  EXPECT_EQ(set("fusoin", "on"), TENON_OPTION);
  EXPECT_TRUE(says("did you mean 'fusion'")) << status_.msg;
  EXPECT_EQ(set("policy", "strickt"), TENON_OPTION);
  EXPECT_TRUE(says("did you mean 'strict'")) << status_.msg;
  EXPECT_EQ(set("plan_cache", "many"), TENON_OPTION);
  EXPECT_EQ(set("plan_cache", "-1"), TENON_OPTION);
  EXPECT_EQ(set("threads", "100000"), TENON_OPTION);
  EXPECT_EQ(fields_value(), "threads");
  const std::string table = json([&](tenon_text** out) { return tenon_session_options_describe_json(out, &status_); });
  for (const char* name : {"policy", "fusion", "views", "passes", "weights", "plan_cache", "memory_limit", "profile",
                           "limit.nodes", "limit.load_ms"}) {
    EXPECT_NE(table.find("\"name\":\"" + std::string(name) + "\""), std::string::npos) << name;
  }
}

TEST_F(SessionTest, UnknownPassProviderDimAndProviderOption) {
  ASSERT_EQ(set("passes", "all,-dead_cod"), TENON_OK);
  EXPECT_EQ(try_load(chain()), TENON_OPTION);
  EXPECT_TRUE(says("dead_code")) << status_.msg;
  ASSERT_EQ(set("passes", "all"), TENON_OK);
  ASSERT_EQ(tenon_session_options_set_dim(options_.get(), TENON_STR("batsh"), 2, &status_), TENON_OK);
  EXPECT_EQ(try_load(chain()), TENON_OPTION);
  EXPECT_TRUE(says("did you mean 'batch'")) << status_.msg;
  SetUp();
  ASSERT_EQ(tenon_session_options_add_provider(options_.get(), TENON_STR("refference"), nullptr, nullptr, 0, &status_),
            TENON_OK);
  EXPECT_EQ(try_load(chain()), TENON_PROVIDER_NOT_FOUND);
  EXPECT_TRUE(says("reference")) << status_.msg;
  EXPECT_EQ(tenon_session_options_add_provider(options_.get(), TENON_STR("reference"), nullptr, nullptr, 0, &status_),
            TENON_INVALID_ARGUMENT);
}

TEST_F(SessionTest, FixedDimsAreSeenAndHeld) {
  ASSERT_EQ(tenon_session_options_set_dim(options_.get(), TENON_STR("batch"), 1, &status_), TENON_OK);
  load(chain());
  tenon_io io = {};
  io.size = sizeof io;
  ASSERT_EQ(tenon_session_input(session_.get(), 0, &io), TENON_OK);
  EXPECT_EQ(io.dims[0], 1);
  Floats x = {1, 2, 3, 4};
  std::vector<tenon_value*> outputs(1, nullptr);
  EXPECT_EQ(run({floats(&x, {2, 2}).get()}, &outputs), TENON_INVALID_TENSOR);
  EXPECT_EQ(answer({floats(&x, {1, 2}).get()}), (Floats{-1, -2}));
}

TEST_F(SessionTest, DescribesInputsOutputsAndMetadata) {
  load(chain());
  EXPECT_EQ(tenon_session_input_count(session_.get()), 1u);
  tenon_io io = {};
  io.size = sizeof io;
  ASSERT_EQ(tenon_session_output(session_.get(), 0, &io), TENON_OK);
  EXPECT_EQ(text(io.name), "y");
  EXPECT_EQ(text(io.type), "tensor(float32)");
  ASSERT_EQ(io.rank, 2u);
  EXPECT_EQ(io.dims[0], -1);
  EXPECT_EQ(text(io.symbols[0]), "batch");
  EXPECT_EQ(io.dims[1], 2);
  EXPECT_EQ(tenon_session_input(session_.get(), 1, &io), TENON_INVALID_ARGUMENT);
  EXPECT_EQ(tenon_session_output_index(session_.get(), TENON_STR("y")), 0u);
  EXPECT_EQ(tenon_session_output_index(session_.get(), TENON_STR("z")), UINT32_MAX);
  ASSERT_EQ(tenon_session_metadata_count(session_.get()), 1u);
  tenon_string key, value;
  ASSERT_EQ(tenon_session_metadata(session_.get(), 0, &key, &value), TENON_OK);
  EXPECT_EQ(text(key) + "=" + text(value), "author=tests");
}

TEST_F(SessionTest, ReportsEveryNodeOfTheModel) {
  load(chain());
  EXPECT_EQ(text(tenon_session_placement_line(session_.get())), "2 nodes: reference 2");
  const std::string report =
      json([&](tenon_text** out) { return tenon_session_placement_json(session_.get(), out, &status_); });
  EXPECT_NE(report.find("Relu_a"), std::string::npos) << report;
  EXPECT_NE(report.find("Neg_y"), std::string::npos) << report;
  EXPECT_NE(report.find("\"class\":\"reference\""), std::string::npos) << report;
}

TEST_F(SessionTest, StrictPlacementSaysWhoRefusesWhatAndWhy) {
  tenon_session_options* made = nullptr;
  ASSERT_EQ(tenon_session_options_create(&made, nullptr), TENON_OK);
  options_.reset(made);
  ASSERT_EQ(tenon_session_options_add_provider(made, TENON_STR("null"), nullptr, nullptr, 0, nullptr), TENON_OK);
  EXPECT_EQ(try_load(chain()), TENON_PLACEMENT);
  EXPECT_TRUE(says("Relu_a")) << status_.msg;
  EXPECT_TRUE(says("null:")) << status_.msg;
  ASSERT_EQ(set("policy", "allow"), TENON_OK);
  load(chain());
}

TEST_F(SessionTest, ProfileAddsUp) {
  ASSERT_EQ(set("profile", "on"), TENON_OK);
  load(chain());
  Floats x = {1, 2};
  for (int i = 0; i < 3; ++i) {
    answer({floats(&x, {1, 2}).get()});
  }
  const auto profile = [&] {
    return json([&](tenon_text** out) { return tenon_session_profile_json(session_.get(), out, &status_); });
  };
  EXPECT_NE(profile().find("\"runs\":3"), std::string::npos) << profile();
  EXPECT_NE(profile().find("\"calls\":3"), std::string::npos) << profile();
  const std::string trace =
      json([&](tenon_text** out) { return tenon_session_profile_trace(session_.get(), out, &status_); });
  EXPECT_EQ(trace.rfind("{\"traceEvents\":[", 0), 0u) << trace;
  ASSERT_EQ(tenon_session_profile_reset(session_.get(), &status_), TENON_OK);
  EXPECT_NE(profile().find("\"runs\":0"), std::string::npos) << profile();
}

TEST_F(SessionTest, PrintsTheGraph) {
  load(chain());
  const std::string optimized = json(
      [&](tenon_text** out) { return tenon_session_ir_text(session_.get(), TENON_STR("optimized"), out, &status_); });
  EXPECT_NE(optimized.find("ai.onnx::Relu"), std::string::npos) << optimized;
  tenon_text* out = nullptr;
  EXPECT_EQ(tenon_session_ir_text(session_.get(), TENON_STR("final"), &out, &status_), TENON_INVALID_ARGUMENT);
}

TEST_F(SessionTest, BadModelsAreErrors) {
  EXPECT_EQ(try_load("not a model"), TENON_MALFORMED) << status_.msg;
  Graph graph;
  graph.nodes = {node("NoSuchOperator", {"x"}, {"y"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"2"}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"2"}}};
  const int32_t code = try_load(model(graph));
  EXPECT_TRUE(code == TENON_UNSUPPORTED || code == TENON_INVALID_MODEL) << code;
  EXPECT_TRUE(says("NoSuchOperator")) << status_.msg;
}

TEST_F(SessionTest, NullArgumentsAreErrorsNotCrashes) {
  EXPECT_EQ(tenon_env_create(nullptr, nullptr, &status_), TENON_INVALID_ARGUMENT);
  EXPECT_EQ(tenon_session_create(nullptr, TENON_STR("m"), nullptr, nullptr, &status_), TENON_INVALID_ARGUMENT);
  EXPECT_EQ(tenon_session_run(nullptr, nullptr, nullptr, 0, nullptr, 0, nullptr, nullptr), TENON_INVALID_ARGUMENT);
  EXPECT_EQ(tenon_value_wrap(nullptr, nullptr, nullptr), TENON_INVALID_ARGUMENT);
  EXPECT_EQ(tenon_session_input_count(nullptr), 0u);
  tenon_env_release(nullptr);
  tenon_session_release(nullptr);
  tenon_value_release(nullptr);
}

TEST_F(SessionTest, TensorsAreCheckedWhenWrapped) {
  const auto wrap = [&](tenon_tensor tensor) {
    tenon_value* value = nullptr;
    const int32_t code = tenon_value_wrap(&tensor, &value, &status_);
    tenon_value_release(value);
    return code;
  };
  float data[4] = {};
  const int64_t dims[] = {2, 2};
  const int64_t negative[] = {2, -2};
  const int64_t huge[] = {INT64_MAX, INT64_MAX};
  const int64_t strides[] = {16, 4};
  tenon_tensor good = {};
  good.size = sizeof good;
  good.dtype = TENON_FLOAT32;
  good.rank = 2;
  good.dims = dims;
  good.bytes = sizeof data;
  good.data = data;
  EXPECT_EQ(wrap(good), TENON_OK);
  const auto bad = [&](auto change) {
    tenon_tensor tensor = good;
    change(tensor);
    return wrap(tensor);
  };
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.dims = negative; }), TENON_INVALID_TENSOR);
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.dims = huge; }), TENON_INVALID_TENSOR);
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.bytes = 15; }), TENON_INVALID_TENSOR);
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.strides = strides; }), TENON_INVALID_TENSOR);
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.dtype = 999; }), TENON_INVALID_TENSOR);
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.rank = 65; }), TENON_INVALID_TENSOR);
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.data = nullptr; }), TENON_INVALID_TENSOR);
  EXPECT_EQ(bad([&](tenon_tensor& t) { t.size = 4; }), TENON_INVALID_TENSOR);
}

TEST_F(SessionTest, StringsGoInAndOut) {
  Graph graph;
  graph.nodes = {
      node("Concat", {"x", "x"}, {"y"}, {model_builder::Message().text(1, "axis").number(3, 0).number(20, 2)})};
  graph.inputs = {{"x", TENON_STRING, {"n"}}};
  graph.outputs = {{"y", TENON_STRING, {"m"}}};
  load(model(graph));
  const tenon_string words[] = {TENON_STR("one"), TENON_STR(""), TENON_STR("drei")};
  const int64_t dims[] = {3};
  tenon_value* made = nullptr;
  ASSERT_EQ(tenon_value_create_strings(words, dims, 1, &made, &status_), TENON_OK) << status_.msg;
  const Owned<tenon_value> in(made);
  for (int round = 0; round < 2; ++round) {
    std::vector<tenon_value*> outputs(1, nullptr);
    ASSERT_EQ(run({in.get()}, &outputs), TENON_OK) << status_.msg;
    std::string all;
    for (uint64_t i = 0; i < 6; ++i) {
      tenon_string word = {};
      ASSERT_EQ(tenon_value_string(outputs[0], i, &word, &status_), TENON_OK);
      all += text(word) + ",";
    }
    EXPECT_EQ(all, "one,,drei,one,,drei,");
    tenon_string past = {};
    EXPECT_EQ(tenon_value_string(outputs[0], 6, &past, &status_), TENON_INVALID_ARGUMENT);
    tenon_value_release(outputs[0]);
  }
}

TEST_F(SessionTest, PlansAreDroppedByTrimAndByTheCachesLimit) {
  ASSERT_EQ(set("plan_cache", "2"), TENON_OK);
  load(chain());
  Floats x(64, 1.0F);
  for (int64_t n = 1; n <= 8; ++n) {
    answer({floats(&x, {n, 2}).get()});
  }
  const auto memory = [&] {
    return json([&](tenon_text** out) { return tenon_session_memory_json(session_.get(), out, &status_); });
  };
  EXPECT_NE(memory().find("\"plans\":2"), std::string::npos) << memory();
  ASSERT_EQ(tenon_session_trim(session_.get(), &status_), TENON_OK);
  EXPECT_NE(memory().find("\"plans\":0"), std::string::npos) << memory();
}

TEST_F(SessionTest, OriginalsOfFoldedWeightsAreGivenBack) {
  constexpr int64_t kSide = 100;
  const Floats weight(kSide * kSide, 2);
  Graph graph;
  graph.initializers = {initializer("w", TENON_FLOAT32, {kSide, kSide}, weight)};
  graph.nodes = {node("Neg", {"w"}, {"folded"}), node("Add", {"x", "folded"}, {"y"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"100", "100"}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"100", "100"}}};
  const auto of_env = [&] {
    return json([&](tenon_text** out) { return tenon_env_memory_json(env_.get(), out, &status_); });
  };
  EXPECT_NE(of_env().find("\"weights\":0,"), std::string::npos) << of_env();
  load(model(graph));
  const std::string folded = "\"weights\":" + std::to_string(weight.size() * sizeof(float)) + ",";
  const std::string of_session =
      json([&](tenon_text** out) { return tenon_session_memory_json(session_.get(), out, &status_); });
  EXPECT_NE(of_session.find(folded), std::string::npos) << of_session;  // the folded one, and nothing else
  EXPECT_NE(of_env().find(folded), std::string::npos) << of_env();
  Floats x(weight.size(), 3);
  EXPECT_EQ(answer({floats(&x, {kSide, kSide}).get()}), Floats(weight.size(), 1));
  session_.reset();
  EXPECT_NE(of_env().find("\"weights\":0,"), std::string::npos) << of_env();
}

TEST_F(SessionTest, OneSessionRunsOnManyThreads) {
  load(chain());
  std::vector<std::thread> threads;
  std::vector<int> wrong(8, 0);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const auto n = static_cast<int64_t>(1 + (t + static_cast<size_t>(i)) % 3);
        Floats x(static_cast<size_t>(2 * n), static_cast<float>(t));
        Floats y(static_cast<size_t>(2 * n));
        const auto in = floats(&x, {n, 2});
        const auto out = floats(&y, {n, 2});
        const tenon_value* inputs[] = {in.get()};
        tenon_value* outputs[] = {out.get()};
        const bool ok = tenon_session_run(session_.get(), nullptr, inputs, 1, outputs, 1, nullptr, nullptr) == TENON_OK;
        for (float value : y) {
          wrong[t] += ok && value == -static_cast<float>(t) ? 0 : 1;
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(wrong, std::vector<int>(8, 0));
}

}  // namespace
}  // namespace api_test
