// SPDX-License-Identifier: Apache-2.0
// Sequences, optionals and loops through tenon_session_run: what goes in and comes out, whose memory it is, and how
// long a loop may last.
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tenon/tenon.hpp>
#include <thread>
#include <vector>

#include "tests/api/api.hpp"

namespace api_test {
namespace {

using model_builder::Graph;
using model_builder::graph_attribute;
using model_builder::Holder;
using model_builder::initializer;
using model_builder::model;
using model_builder::node;
using tenon::Value;
using Floats = std::vector<float>;

class StructureTest : public ApiTest {
 protected:
  // Outputs of a run; empty when it fails, whose code is in code_.
  std::vector<Value> outputs(const std::vector<Value>& inputs, size_t count,
                             const tenon_run_options* options = nullptr) {
    std::vector<tenon_value*> given, made(count, nullptr);
    for (const Value& value : inputs) {
      given.push_back(value.get());
    }
    code_ = run(given, &made, options);
    std::vector<Value> all;
    for (tenon_value* value : made) {
      if (value != nullptr) {
        all.emplace_back(value);
      }
    }
    return all;
  }
  int32_t code_ = TENON_OK;
};

Floats numbers(const Value& value) {
  const auto data = value.data<float>();
  return {data.begin(), data.end()};
}

// y = x, a sequence.
std::string passes_a_sequence() {
  Graph graph;
  graph.nodes = {node("Identity", {"x"}, {"y"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"n"}, Holder::sequence}};
  graph.outputs = {{"y", TENON_FLOAT32, {"n"}, Holder::sequence}};
  return model(graph);
}

TEST_F(StructureTest, OutputsDoNotDependOnTheCallersMemory) {
  load(passes_a_sequence());
  std::vector<Value> made;
  {
    Floats a = {1, 2}, b = {3, 9, 4, 9};
    const Value strided(floats(&b, {2}, {8}).release());
    made = outputs({Value::sequence({Value::wrap(a, {2}), strided})}, 1);
    ASSERT_EQ(code_, TENON_OK) << status_.msg;
    a = {0, 0};
  }
  ASSERT_EQ(made[0].count(), 2u);
  EXPECT_EQ(numbers(made[0].item(0)), (Floats{1, 2}));
  EXPECT_EQ(numbers(made[0].item(1)), (Floats{3, 4}));
  // What a run has made is handed on without a copy, and outlives the session.
  const void* first = made[0].item(0).tensor().data;
  made = outputs({made[0]}, 1);
  session_.reset();
  EXPECT_EQ(made[0].item(0).tensor().data, first);
  EXPECT_EQ(numbers(made[0].item(1)), (Floats{3, 4}));
}

TEST_F(StructureTest, ElementsAreOfTheDeclaredType) {
  Graph graph;
  graph.nodes = {node("SequenceAt", {"x", "i"}, {"y"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"2"}, Holder::sequence}, {"i", TENON_INT64, {}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"2"}}};
  load(model(graph));
  Floats two = {1, 2}, three = {1, 2, 3};
  std::vector<int64_t> index = {-1};
  const Value at = Value::wrap(index, {});
  const Value good = Value::wrap(two, {2});
  EXPECT_EQ(numbers(outputs({Value::sequence({good}), at}, 1).at(0)), two);
  EXPECT_TRUE(outputs({Value::sequence({good, Value::wrap(three, {3})}), at}, 1).empty());
  EXPECT_EQ(code_, TENON_INVALID_TENSOR);
  EXPECT_STREQ(status_.msg, "element 1 of input 'x' is [3], expected [2]");
  EXPECT_EQ(fields_value(), "x");
  EXPECT_TRUE(outputs({Value::sequence({at}), at}, 1).empty());
  EXPECT_STREQ(status_.msg, "element 0 of input 'x' is int64, expected float32");
  EXPECT_TRUE(outputs({good, at}, 1).empty());
  EXPECT_STREQ(status_.msg, "input 'x' is a value of type tensor(float32), expected seq(tensor(float32))");
  EXPECT_TRUE(outputs({Value::sequence({good}), Value::sequence({at})}, 1).empty());
  EXPECT_STREQ(status_.msg, "input 'i' is seq(tensor(int64)), expected tensor(int64)");
  EXPECT_TRUE(outputs({Value(), at}, 1).empty());
  EXPECT_EQ(code_, TENON_INVALID_TENSOR);
  EXPECT_TRUE(outputs({Value::sequence({}), at}, 1).empty());
  EXPECT_EQ(code_, TENON_RUN);
  EXPECT_EQ(numbers(outputs({Value::sequence({good}), at}, 1).at(0)), two);
}

TEST_F(StructureTest, OnlyTensorsAreWrittenInPlace) {
  load(passes_a_sequence());
  const Value sequence = Value::sequence({});
  std::vector<tenon_value*> given = {sequence.get()};
  EXPECT_EQ(run({sequence.get()}, &given), TENON_INVALID_ARGUMENT);
}

TEST_F(StructureTest, AnOptionalIsGivenAsItselfOrAsWhatItHolds) {
  Graph graph;
  graph.nodes = {node("OptionalHasElement", {"x"}, {"has"}), node("Identity", {"x"}, {"y"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"n"}, Holder::optional}};
  graph.outputs = {{"has", TENON_BOOL, {}}, {"y", TENON_FLOAT32, {"n"}, Holder::optional}};
  load(model(graph));
  Floats data = {1, 2};
  const Value tensor = Value::wrap(data, {2});
  for (const Value& given : {tensor, Value::optional(tensor)}) {
    const std::vector<Value> made = outputs({given}, 2);
    ASSERT_EQ(code_, TENON_OK) << status_.msg;
    EXPECT_TRUE(made[0].data<bool>()[0]);
    EXPECT_EQ(numbers(made[1].item(0)), data);
  }
  for (const Value& given : {Value(), Value::optional()}) {
    const std::vector<Value> made = outputs({given}, 2);
    ASSERT_EQ(code_, TENON_OK) << status_.msg;
    EXPECT_FALSE(made[0].data<bool>()[0]);
    EXPECT_EQ(made[1].count(), 0u);
  }
}

// A loop that adds x to itself, `n` times or (without n) without end; `empty`: its body does nothing at all.
std::string loop(bool endless, bool empty = false) {
  Graph body;
  body.inputs = {{"i", TENON_INT64, {}}, {"go", TENON_BOOL, {}}, {"a", TENON_FLOAT32, {"p"}}};
  if (!empty) {
    body.nodes = {node("Add", {"a", "x"}, {"b"})};
  }
  body.outputs = {{"go", TENON_BOOL, {}}, {empty ? "a" : "b", TENON_FLOAT32, {"q"}}};
  Graph graph;
  graph.nodes = {node("Loop", {endless ? "" : "n", "t", "x"}, {"y"}, {graph_attribute("body", body)})};
  graph.inputs = {{"n", TENON_INT64, {}}, {"x", TENON_FLOAT32, {"m"}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"m"}}};
  graph.initializers = {initializer<uint8_t>("t", TENON_BOOL, {}, {1})};
  return model(graph);
}

TEST_F(StructureTest, ALoopWithoutEndEndsWithItsDeadline) {
  for (bool empty : {false, true}) {
    load(loop(true, empty));
    Floats x = {1, 2};
    std::vector<int64_t> n = {0};
    tenon::RunOptions options;
    options.timeout(std::chrono::milliseconds(30));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(outputs({Value::wrap(n, {}), Value::wrap(x, {2})}, 1, options.get()).empty());
    EXPECT_EQ(code_, TENON_DEADLINE);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
    // Cancelled by another thread.
    options.timeout(std::chrono::nanoseconds(0));
    std::thread other([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      options.cancel();
    });
    EXPECT_TRUE(outputs({Value::wrap(n, {}), Value::wrap(x, {2})}, 1, options.get()).empty());
    other.join();
    EXPECT_EQ(code_, TENON_CANCELLED);
  }
}

// The number behind `name` in the session's memory_json.
uint64_t memory(tenon_session* session, const std::string& name) {
  tenon_text* made = nullptr;
  EXPECT_EQ(tenon_session_memory_json(session, &made, nullptr), TENON_OK);
  const std::string json = text(tenon_text_get(made));
  tenon_text_release(made);
  return std::strtoull(json.c_str() + json.find("\"" + name + "\":") + name.size() + 3, nullptr, 10);
}

TEST_F(StructureTest, MemoryDoesNotGrowWithTheIterations) {
  load(loop(false));
  Floats x(100'000, 1);
  uint64_t peak = 0;
  for (int64_t count : {3, 300}) {
    std::vector<int64_t> n = {count};
    const std::vector<Value> made = outputs({Value::wrap(n, {}), Value::wrap(x, {100'000})}, 1);
    ASSERT_EQ(code_, TENON_OK) << status_.msg;
    EXPECT_EQ(made[0].data<float>()[77], static_cast<float>(count + 1));
    if (count == 3) {
      peak = memory(session_.get(), "arena_peak");
    }
  }
  EXPECT_EQ(memory(session_.get(), "arena_peak"), peak);
  EXPECT_LE(peak, 3 * x.size() * sizeof(float) + 100'000);
}

TEST_F(StructureTest, ASequenceThatGrowsWithoutEndMeetsTheLimit) {
  Graph body;
  body.inputs = {{"i", TENON_INT64, {}}, {"go", TENON_BOOL, {}}, {"q", TENON_FLOAT32, {}, Holder::sequence}};
  body.nodes = {node("Add", {"x", "x"}, {"b"}), node("SequenceInsert", {"q", "b"}, {"r"})};
  body.outputs = {{"go", TENON_BOOL, {}}, {"r", TENON_FLOAT32, {}, Holder::sequence}};
  Graph graph;
  graph.nodes = {node("SequenceConstruct", {"x"}, {"e"}),
                 node("Loop", {"", "t", "e"}, {"y"}, {graph_attribute("body", body)}),
                 node("SequenceLength", {"y"}, {"len"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"m"}}};
  graph.outputs = {{"len", TENON_INT64, {}}};
  graph.initializers = {initializer<uint8_t>("t", TENON_BOOL, {}, {1})};
  ASSERT_EQ(set("memory_limit", "20000000"), TENON_OK);
  load(model(graph));
  Floats x(10'000, 1);
  EXPECT_TRUE(outputs({Value::wrap(x, {10'000})}, 1).empty());
  EXPECT_EQ(code_, TENON_LIMIT);
  // All of it is given back.
  EXPECT_LT(memory(session_.get(), "arena"), 1'000'000u);
}

TEST_F(StructureTest, ThePlacementCallsThemStructure) {
  load(passes_a_sequence());
  EXPECT_EQ(text(tenon_session_placement_line(session_.get())), "1 node: structure 1");
  load(loop(false));
  EXPECT_EQ(text(tenon_session_placement_line(session_.get())), "2 nodes: reference 1, structure 1");
}

}  // namespace
}  // namespace api_test
