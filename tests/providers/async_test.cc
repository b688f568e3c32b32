// SPDX-License-Identifier: Apache-2.0
// Runs in which the fake devices (tests/providers/fake_device) work late and side by side: order, overlap, failures.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <tenon/tenon.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "tests/api/model_builder.hpp"

namespace {

using model_builder::Graph;
using model_builder::Message;
using model_builder::node;
using Floats = std::vector<float>;
using Options = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kDomain = "com.tenon.test";

std::string bytes_of(const Graph& graph) {
  return Message()
      .number(1, 10)
      .message(8, Message().text(1, "").number(2, 21))
      .message(8, Message().text(1, kDomain).number(2, 1))
      .message(7, graph.message())
      .bytes();
}

model_builder::Port floats(const std::string& name, std::vector<std::string> dims) {
  return {name, TENON_FLOAT32, std::move(dims)};
}

Floats drawn(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-1, 1);
  Floats data(count);
  for (float& each : data) {
    each = draw(random);
  }
  return data;
}

class DeviceTest : public ::testing::Test {
 protected:
  DeviceTest() {
    for (const char* name : {"fake_device/tenon-fake-device.json", "fake_device_b/tenon-fake-device-b.json"}) {
      env_.add_provider(std::string(TENON_BUILD_DIR "/tests/providers/") + name);
    }
  }

  // Nodes one by one, on the first provider that takes them; cpu last.
  tenon::Session load(const std::string& bytes, const Options& first = {}, const Options* second = nullptr,
                      const char* profile = "off") {
    tenon::SessionOptions options;
    options.provider("fake-device", first);
    if (second != nullptr) {
      options.provider("fake-device-b", *second);
    }
    options.provider("cpu");
    options.set("passes", "none").set("fusion", "off").set("profile", profile);
    return {env_, std::as_bytes(std::span(bytes)), options};
  }
  tenon::Session load_on_cpu(const std::string& bytes) {
    tenon::SessionOptions options;
    options.provider("cpu").set("passes", "none").set("fusion", "off");
    return {env_, std::as_bytes(std::span(bytes)), options};
  }

  static std::vector<Floats> run(const tenon::Session& session, Floats x, const std::vector<int64_t>& dims,
                                 const tenon::RunOptions* options = nullptr) {
    std::vector<Floats> made;
    for (const tenon::Value& value : session.run({tenon::Value::wrap(x, dims)}, options)) {
      const auto data = value.data<float>();
      made.emplace_back(data.begin(), data.end());
    }
    return made;
  }

  static std::string log_path(const char* name) {
    const std::string path = ::testing::TempDir() + "tenon_device_test_" + std::to_string(::getpid()) + name;
    std::remove(path.c_str());
    return path;
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  tenon::Env env_;
};

// The first node lasts until the second one has begun, so a run ends only when both are under way at once.
TEST_F(DeviceTest, IndependentNodesOverlap) {
  Graph graph;
  graph.nodes = {node("Relu", {"x"}, {"a"}), node("Mul", {"x", "x"}, {"b"})};
  graph.inputs = {floats("x", {"4"})};
  graph.outputs = {floats("a", {"4"}), floats("b", {"4"})};
  const tenon::Session session = load(bytes_of(graph), {{"hold_until", "2"}});
  const auto made = run(session, {1, -2, 3, -4}, {4});
  EXPECT_EQ(made[0], (Floats{1, 0, 3, 0}));
  EXPECT_EQ(made[1], (Floats{1, 4, 9, 16}));
}

// The node on the device lasts until the next one begins, which needs what the host computes in between.
TEST_F(DeviceTest, DeviceAndHostOverlap) {
  Graph graph;
  graph.nodes = {node("Relu", {"x"}, {"a"}), node("Neg", {"x"}, {"n"}), node("Mul", {"n", "x"}, {"b"})};
  graph.inputs = {floats("x", {"4"})};
  graph.outputs = {floats("a", {"4"}), floats("b", {"4"})};
  const tenon::Session session = load(bytes_of(graph), {{"hold_until", "2"}});
  EXPECT_EQ(session.placement_line().find("cpu 1") == std::string::npos, false) << session.placement_line();
  const auto made = run(session, {1, -2, 3, -4}, {4});
  EXPECT_EQ(made[0], (Floats{1, 0, 3, 0}));
  EXPECT_EQ(made[1], (Floats{-1, -4, -9, -16}));
}

// A graph of random nodes on matrices [6,6]: the devices take Add, Mul, Relu and MatMul, cpu the rest.
std::string random_model(uint32_t seed) {
  std::mt19937 random(seed);
  Graph graph;
  std::vector<std::string> values = {"x"};
  std::set<std::string> unread;
  for (int i = 0; i < 40; ++i) {
    static const char* const kOps[] = {"Add", "Mul", "MatMul", "Relu", "Sigmoid", "Neg", "Tanh", "Add", "Relu"};
    const std::string op = kOps[random() % std::size(kOps)];
    const bool binary = op == "Add" || op == "Mul" || op == "MatMul";
    const auto pick = [&] {
      const size_t back = std::min<size_t>(values.size(), 1 + random() % 8);
      return values[values.size() - back];
    };
    std::vector<std::string> inputs = {pick()};
    if (binary) {
      inputs.push_back(pick());
    }
    // Keeps numbers small, so that rounding is all that tells one order of sums from another.
    const std::string name = "v" + std::to_string(i);
    graph.nodes.push_back(node(op, inputs, {binary ? name + "_" : name}));
    if (binary) {
      graph.nodes.push_back(node("Tanh", {name + "_"}, {name}));
    }
    for (const std::string& input : inputs) {
      unread.erase(input);
    }
    unread.insert(name);
    values.push_back(name);
  }
  graph.inputs = {floats("x", {"6", "6"})};
  for (const std::string& name : unread) {
    graph.outputs.push_back(floats(name, {"6", "6"}));
  }
  return bytes_of(graph);
}

void expect_close(const std::vector<Floats>& made, const std::vector<Floats>& expected, const std::string& where) {
  ASSERT_EQ(made.size(), expected.size());
  for (size_t k = 0; k < made.size(); ++k) {
    ASSERT_EQ(made[k].size(), expected[k].size()) << where;
    for (size_t i = 0; i < made[k].size(); ++i) {
      ASSERT_NEAR(made[k][i], expected[k][i], 1e-4) << where << ", output " << k << ", element " << i;
    }
  }
}

// What is written too early or read too late gives another answer. MatMul has a workspace in host memory.
TEST_F(DeviceTest, AnswersAreRightAtRandomDelays) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    const std::string bytes = random_model(seed);
    const Floats x = drawn(36, seed), y = drawn(36, seed + 100);
    const tenon::Session cpu = load_on_cpu(bytes);
    const auto right = run(cpu, x, {6, 6}), other = run(cpu, y, {6, 6});
    const Options first = {{"delay_us", "0"},
                           {"jitter_us", "400"},
                           {"seed", std::to_string(seed)},
                           {"layouts", seed % 2 == 0 ? "dense" : "all"},
                           {"decline_op", seed % 3 == 0 ? "Add" : ""}};
    const Options second = {{"delay_us", "0"}, {"jitter_us", "400"}, {"seed", std::to_string(seed)}};
    const tenon::Session session = load(bytes, first, seed % 3 == 0 ? &second : nullptr);
    for (int round = 0; round < 4; ++round) {
      const std::string where = "model " + std::to_string(seed) + ", round " + std::to_string(round);
      expect_close(run(session, x, {6, 6}), right, where);
      expect_close(run(session, y, {6, 6}), other, where);
    }
  }
}

TEST_F(DeviceTest, ConcurrentRunsOfOneSession) {
  const std::string bytes = random_model(77);
  const Floats x = drawn(36, 1);
  const auto right = run(load_on_cpu(bytes), x, {6, 6});
  const tenon::Session session = load(bytes, {{"delay_us", "0"}, {"jitter_us", "200"}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) {
        expect_close(run(session, x, {6, 6}), right, "a concurrent run");
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
}

// Device b waits for points of the other one by itself; the other way round the host has to wait.
TEST_F(DeviceTest, PointsOfOthersAreHandedOverWhereImported) {
  Graph graph;
  graph.nodes = {node("Relu", {"x"}, {"r"}), node("Add", {"r", "r"}, {"s"}), node("Relu", {"s"}, {"y"})};
  graph.inputs = {floats("x", {"4"})};
  graph.outputs = {floats("y", {"4"})};
  const std::string log_a = log_path("a"), log_b = log_path("b");
  const Options second = {{"log", log_b}};
  const tenon::Session session = load(bytes_of(graph), {{"decline_op", "Add"}, {"log", log_a}}, &second);
  EXPECT_EQ(run(session, {1, -2, 3, -4}, {4})[0], (Floats{2, 0, 6, 0}));
  const std::string a = read(log_a), b = read(log_b);
  EXPECT_NE(b.find("copy queue 0 waits 1 imported 1\n"), std::string::npos) << b;
  EXPECT_NE(b.find("execute queue 0 waits 1 imported 0\n"), std::string::npos) << b;
  EXPECT_EQ(a.find("imported 1"), std::string::npos) << a;
  EXPECT_NE(a.find("execute queue 0 waits 1 imported 0\n"), std::string::npos) << a;
}

std::string chain(int length) {
  Graph graph;
  std::string last = "x";
  for (int i = 0; i < length; ++i) {
    const std::string next = i + 1 == length ? "y" : "v" + std::to_string(i);
    graph.nodes.push_back(node("Add", {last, "x"}, {next}));
    last = next;
  }
  graph.inputs = {floats("x", {"4"})};
  graph.outputs = {floats("y", {"4"})};
  return bytes_of(graph);
}

TEST_F(DeviceTest, ALateFailureIsToldAndTheNextRunIsRight) {
  const tenon::Session session = load(chain(6), {{"poison_after", "3"}});
  try {
    run(session, {1, 2, 3, 4}, {4});
    FAIL() << "the run has not failed";
  } catch (const tenon::Error& error) {
    EXPECT_EQ(error.code(), TENON_DEVICE_LOST);
    EXPECT_NE(std::string(error.what()).find("the fake device was told to fail at run 3"), std::string::npos)
        << error.what();
    EXPECT_EQ(error.node, "main/Add_v2");
    EXPECT_EQ(error.provider, "fake-device");
  }
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run(session, {1, 2, 3, 4}, {4})[0], (Floats{7, 14, 21, 28}));
  }
}

TEST_F(DeviceTest, ACancelledRunDrains) {
  const tenon::Session session = load(chain(20), {{"delay_us", "10000"}});
  for (int i = 0; i < 4; ++i) {
    tenon::RunOptions options;
    std::thread canceller;
    if (i % 2 == 0) {
      canceller = std::thread([options]() mutable {
        std::this_thread::sleep_for(std::chrono::milliseconds(15));
        options.cancel();
      });
    } else {
      options.timeout(std::chrono::milliseconds(15));
    }
    try {
      run(session, {1, 2, 3, 4}, {4}, &options);
      ADD_FAILURE() << "the run has not ended early";
    } catch (const tenon::Error& error) {
      EXPECT_EQ(error.code(), i % 2 == 0 ? TENON_CANCELLED : TENON_DEADLINE);
    }
    if (canceller.joinable()) {
      canceller.join();
    }
  }
  EXPECT_EQ(run(session, {1, 2, 3, 4}, {4})[0], (Floats{21, 42, 63, 84}));
}

// The device asks for the memory of its output while it runs, and fills it later.
TEST_F(DeviceTest, DataTellsHowLargeADeviceTensorIs) {
  Graph graph;
  graph.nodes = {node("Relu", {"x"}, {"r"}), node("Positives", {"r"}, {"p"}, {}, kDomain),
                 node("Mul", {"p", "p"}, {"m"}), node("Neg", {"m"}, {"n"}), node("Add", {"n", "p"}, {"y"})};
  graph.inputs = {floats("x", {"2", "4"})};
  graph.outputs = {floats("y", {"k"}), floats("p", {"k"})};
  const tenon::Session session = load(bytes_of(graph), {{"jitter_us", "500"}});
  for (uint32_t i = 0; i < 12; ++i) {
    Floats x = drawn(8, i % 5);
    if (i == 7) {
      x.assign(8, -1);
    }
    Floats y, p;
    for (float each : x) {
      if (each > 0) {
        p.push_back(each);
        y.push_back(-(each * each) + each);
      }
    }
    const auto made = run(session, x, {2, 4});
    EXPECT_EQ(made[0], y);
    EXPECT_EQ(made[1], p);
  }
}

// A branch whose condition and captures come from a device, with nodes of its own there.
TEST_F(DeviceTest, BranchesReadWhatTheDeviceMakes) {
  Graph then_branch, else_branch, graph;
  then_branch.nodes = {node("Add", {"m", "m"}, {"t"}), node("Mul", {"t", "m"}, {"u"})};
  then_branch.outputs = {floats("u", {"4"})};
  else_branch.nodes = {node("Relu", {"m"}, {"e"}), node("Add", {"e", "x"}, {"f"})};
  else_branch.outputs = {floats("f", {"4"})};
  graph.initializers = {model_builder::initializer<float>("zero", TENON_FLOAT32, {1}, {0}),
                        model_builder::initializer<int64_t>("first", TENON_INT64, {1}, {0}),
                        model_builder::initializer<int64_t>("second", TENON_INT64, {1}, {1})};
  graph.nodes = {node("Mul", {"x", "x"}, {"m"}),
                 node("Add", {"x", "x"}, {"d"}),
                 node("Slice", {"d", "first", "second"}, {"s"}),
                 node("Greater", {"s", "zero"}, {"c"}),
                 node("If", {"c"}, {"b"},
                      {model_builder::graph_attribute("then_branch", then_branch),
                       model_builder::graph_attribute("else_branch", else_branch)}),
                 node("Add", {"b", "d"}, {"y"})};
  graph.inputs = {floats("x", {"4"})};
  graph.outputs = {floats("y", {"4"})};
  const tenon::Session session = load(bytes_of(graph), {{"delay_us", "0"}, {"jitter_us", "1000"}});
  for (int i = 0; i < 6; ++i) {
    const float a = i % 2 == 0 ? 1.0f : -1.0f;
    Floats expected;
    for (float x : {a, 2.0f, -3.0f, 4.0f}) {
      expected.push_back(i % 2 == 0 ? 2 * x * x * x * x + 2 * x : x * x + x + 2 * x);
    }
    EXPECT_EQ(run(session, {a, 2, -3, 4}, {4})[0], expected);
  }
}

uint64_t number_in(const std::string& json, const std::string& field) {
  const size_t at = json.find("\"" + field + "\":");
  return at == std::string::npos ? UINT64_MAX : std::stoull(json.substr(at + field.size() + 3));
}

uint64_t sum_of(const std::string& json, const std::string& field) {
  uint64_t sum = 0;
  const std::string name = "\"" + field + "\":";
  for (size_t at = json.find(name); at != std::string::npos; at = json.find(name, at + 1)) {
    sum += number_in(json.substr(at), field);
  }
  return sum;
}

TEST_F(DeviceTest, SpansOfTheProfileSumToTheRun) {
  Graph graph;
  graph.nodes = {node("Relu", {"x"}, {"a"}), node("Mul", {"x", "x"}, {"b"}), node("Add", {"a", "b"}, {"y"})};
  graph.inputs = {floats("x", {"4"})};
  graph.outputs = {floats("y", {"4"})};
  const std::string beside = bytes_of(graph);
  for (const std::string& bytes : {chain(8), beside}) {
    const tenon::Session session = load(bytes, {{"delay_us", "20000"}}, nullptr, "on");
    for (int i = 0; i < 2; ++i) {
      run(session, {1, 2, 3, 4}, {4});
    }
    const std::string profile = session.profile_json();
    const uint64_t spans = sum_of(profile, "total_ns"), overlap = number_in(profile, "overlap_ns");
    EXPECT_EQ(spans - overlap + number_in(profile, "executor"), number_in(profile, "run_ns")) << profile;
    if (bytes == beside) {
      EXPECT_GT(overlap, 2u * 10'000'000) << profile;  // the two nodes that wait for each other last 20 ms each
    } else {
      EXPECT_GT(static_cast<double>(spans), 0.95 * static_cast<double>(number_in(profile, "run_ns"))) << profile;
      EXPECT_LT(overlap, 5'000'000u) << profile;
    }
  }
}

}  // namespace
