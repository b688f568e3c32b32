// SPDX-License-Identifier: Apache-2.0
#include "core/opt/run_passes.hpp"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>

#include "core/opt/pass_testing.hpp"

namespace tenon {
namespace {

TEST(RunPasses, EveryFileHasItsLine) {
  std::set<std::string> files, names;
  for (const auto& entry : std::filesystem::directory_iterator(TENON_SOURCE_DIR "/core/opt/passes")) {
    files.insert(entry.path().stem().string());
  }
  for (const PassInfo& pass : all_passes()) {
    names.insert(std::string(pass.name));
  }
  EXPECT_EQ(files, names);
}

TEST(RunPasses, SelectionIsReadFromLeftToRight) {
  const auto ran = [](const std::string& passes) {
    std::string names;
    for (const PassRecord& record : optimise(passes, "graph \"g\" (%x: float32[1]) {\nreturn %x\n}").report) {
      names += std::string(record.name) + " ";
    }
    return names;
  };
  EXPECT_EQ(ran("none"), "");
  EXPECT_EQ(ran("none, casts ,dead_code"), "casts dead_code ");
  EXPECT_EQ(ran("exact").find("raise"), std::string::npos);
  EXPECT_EQ(ran("").find("raise_gelu") == std::string::npos, false);
  EXPECT_EQ(ran("all,-raise_gelu").find("raise_gelu"), std::string::npos);
}

TEST(RunPasses, AnUnknownNameIsAnErrorWithTheNearest) {
  auto model = std::move(*model_from_text("tenon-ir 1\ngraph \"g\" (%x: float32[1]) {\nreturn %x\n}"));
  PassOptions options;
  options.passes = "all,-raise_gellu";
  const Status status = run_passes(model.get(), options, {});
  EXPECT_EQ(status.code(), TENON_OPTION);
  EXPECT_NE(status.message().find("raise_gelu"), std::string::npos) << status.message();
}

TEST(RunPasses, OriginsTellWhatBecameOfEachNode) {
  const std::string header = R"(origin "main/a" ai.onnx::Identity@13 runs "" ""
origin "main/s" ai.onnx::Shape@13 runs "" ""
origin "main/c" ai.onnx::Add@13 runs "" ""
origin "main/sg" ai.onnx::Sigmoid@13 runs "" ""
origin "main/m" ai.onnx::Mul@13 runs "" ""
origin "main/e" ai.onnx::Relu@13 runs "" ""
)";
  const Optimised r = optimise("all", R"(graph "g" (%x: float32[2]) {
    %k = const float32[1] {2}
    %a = ai.onnx::Identity@1 "a" (%x) from [0]
    %s = ai.onnx::Shape@15 "s" (%a) start = 0 from [1]
    %c = ai.onnx::Add@7 "c" (%k, %k) from [2]
    %sg = ai.onnx::Sigmoid@6 "sg" (%a) from [3]
    %m = ai.onnx::Mul@7 "m" (%a, %sg) from [4]
    %e = ai.onnx::Relu@6 "e" (%m) from [5]
    return %e, %s, %c
  })",
                               header);
  ASSERT_NE(r.model, nullptr) << r.text;
  const std::vector<Origin>& origins = r.model->origins;
  ASSERT_EQ(origins.size(), 6u);
  EXPECT_TRUE(origins[0].fate == Fate::removed && origins[0].by == "identities");
  EXPECT_TRUE(origins[1].fate == Fate::folded && origins[1].by == "core");
  EXPECT_TRUE(origins[2].fate == Fate::folded && origins[2].by == "test");
  EXPECT_TRUE(origins[3].fate == Fate::replaced && origins[3].by == "raise_swish");
  EXPECT_TRUE(origins[4].fate == Fate::replaced && origins[4].detail.starts_with("main/m"));
  EXPECT_TRUE(origins[5].fate == Fate::runs && origins[5].by.empty());
}

TEST(RunPasses, ANodeThatCannotBeFoldedIsTriedOnce) {
  auto model = std::move(*model_from_text(R"(tenon-ir 1
graph "g" (%x: float32[2]) {
  %k = const float32[2] {1, 2}
  %e = ai.onnx::Exp@6 (%k)
  %i = ai.onnx::Identity@1 (%x)
  %y = ai.onnx::Add@7 (%e, %i)
  return %y
})"));
  TestFolder folder;
  ASSERT_TRUE(infer_model(model.get()).ok());
  ASSERT_TRUE(run_passes(model.get(), {}, {&folder, nullptr}).ok());
  EXPECT_EQ(folder.calls, 1);
}

TEST(RunPasses, OriginalsOfFoldedConstantsAreGivenBack) {
  const Optimised r = optimise("all", R"(graph "g" (%x: float32[2]) {
    %k = const float32[2] {1, 2}
    %n = ai.onnx::Neg@6 (%k)
    %y = ai.onnx::Add@7 (%x, %n)
    return %y
  })");
  ASSERT_NE(r.model, nullptr);
  const std::vector<ConstantPtr>& constants = r.model->constants;
  EXPECT_EQ(constants.size() - static_cast<size_t>(std::count(constants.begin(), constants.end(), nullptr)), 1u);
}

TEST(RunPasses, FortyThousandNodesTakeLinearTime) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "times under a sanitizer are the sanitizer's";
#endif
  const auto seconds = [](uint32_t blocks) {
    std::string text = "tenon-ir 1\ngraph \"g\" (%v0: float32[4, 16]) {\n";
    for (uint32_t i = 0; i < blocks; ++i) {
      const std::string n = std::to_string(i), next = std::to_string(i + 1);
      text += "%a" + n + " = ai.onnx::Identity@1 (%v" + n + ")\n%s" + n + " = ai.onnx::Shape@15 (%a" + n +
              ") start = 0\n%r" + n + " = ai.onnx::Reshape@5 (%a" + n + ", %s" + n + ") allowzero = 0\n%v" + next +
              " = ai.onnx::Sigmoid@6 (%r" + n + ")\n";
    }
    auto model = std::move(*model_from_text(text + "return %v" + std::to_string(blocks) + "\n}"));
    EXPECT_TRUE(infer_model(model.get()).ok());
    PassOptions options;
    options.verify = false;
    const std::clock_t start = std::clock();  // of this process: others may be busy
    EXPECT_TRUE(run_passes(model.get(), options, {}).ok());
    EXPECT_EQ(model->graph->order.size(), blocks);
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  const double small = seconds(2500), large = seconds(10000);
  EXPECT_LT(large, 8 * small + 0.5) << small << " s for 10,000 nodes, " << large << " s for 40,000";
}

}  // namespace
}  // namespace tenon
