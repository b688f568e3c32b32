// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/onnx/forms/rules.hpp"
#include "core/onnx/schema.hpp"
#include "core/onnx/testing.hpp"
#include "onnx/defs/schema.h"

namespace tenon {
namespace {

using onnx_testing::expect_failure;
using onnx_testing::import_graph;
using onnx_testing::nodes_of;
using tenon_onnx::OpSchema;

using Name = std::pair<std::string, std::string>;  // domain, operator
using Step = std::pair<Name, uint32_t>;            // version of an operator

struct Lists {
  std::map<Name, std::vector<uint32_t>> forms;
  std::set<Step> meaning;
  std::set<Step> wider;
};

const Lists& lists() {
  static const Lists all = [] {
    Lists made;
#define FORM(domain, op, ...) made.forms[{domain, #op}] = {__VA_ARGS__};
#define MEANING(domain, op, version) made.meaning.insert({{domain, #op}, version});
#define WIDER(domain, op, version) made.wider.insert({{domain, #op}, version});
#include "core/onnx/forms.def"
#undef FORM
#undef MEANING
#undef WIDER
    return made;
  }();
  return all;
}

std::map<Name, std::map<uint32_t, OpSchema>> schemas() {
  std::map<Name, std::map<uint32_t, OpSchema>> all;
  for (const OpSchema& schema : tenon_onnx::OpSchemaRegistry::get_all_schemas_with_history()) {
    const std::string domain = schema.domain().empty() ? "ai.onnx" : schema.domain();
    all[{domain, schema.Name()}].emplace(static_cast<uint32_t>(schema.since_version()), schema);
  }
  return all;
}

// Can a node of the older schema differ in meaning or validity under the newer one, as far as schemas show?
bool structural(const OpSchema& older, const OpSchema& newer) {
  const auto options = [](const std::vector<OpSchema::FormalParameter>& list) {
    std::vector<int> out;
    for (const auto& parameter : list) {
      out.push_back(parameter.GetOption());
    }
    return out;
  };
  if (options(older.inputs()) != options(newer.inputs()) || options(older.outputs()) != options(newer.outputs())) {
    return true;
  }
  for (const auto& [name, attribute] : older.attributes()) {
    const auto it = newer.attributes().find(name);
    if (it == newer.attributes().end() || it->second.type != attribute.type ||
        it->second.required != attribute.required ||
        it->second.default_value.SerializeAsString() != attribute.default_value.SerializeAsString()) {
      return true;
    }
  }
  return std::any_of(newer.attributes().begin(), newer.attributes().end(), [&](const auto& entry) {
    return entry.second.required && older.attributes().count(entry.first) == 0;
  });
}

TEST(Forms, ListIsThatOfTheSchemas) {
  std::set<Name> seen;
  for (const auto& [name, versions] : schemas()) {
    seen.insert(name);
    std::vector<uint32_t> expected;
    const OpSchema* before = nullptr;
    for (const auto& [version, schema] : versions) {
      if (schema.deprecated() && before != nullptr) {
        continue;
      }
      const Step step{name, version};
      const bool shown = before == nullptr || structural(*before, schema);
      EXPECT_FALSE(shown && lists().meaning.count(step)) << name.second << version << ": the schemas show it";
      EXPECT_FALSE(!shown && lists().wider.count(step)) << name.second << version << ": nothing to except";
      if ((shown && lists().wider.count(step) == 0) || lists().meaning.count(step) != 0) {
        expected.push_back(version);
      }
      before = &schema;
    }
    const auto it = lists().forms.find(name);
    ASSERT_NE(it, lists().forms.end()) << name.first << "." << name.second << " has no FORM line";
    EXPECT_EQ(it->second, expected) << name.first << "." << name.second;
  }
  for (const auto& [name, forms] : lists().forms) {
    EXPECT_TRUE(seen.count(name)) << "no operator " << name.first << "." << name.second;
  }
}

TEST(Forms, EveryOldFormHasARule) {
  for (const auto& [name, versions] : lists().forms) {
    const onnx_facts::Operator* op = onnx_facts::current_operator(name.first, name.second);
    ASSERT_NE(op, nullptr) << name.second;
    EXPECT_EQ(op->form, versions.back()) << name.second;
    if (versions.size() > 1) {
      EXPECT_NE(forms::find_rule(name.first, name.second), nullptr) << name.first << "." << name.second;
    }
  }
}

TEST(Forms, EveryFileHasALine) {
  const std::filesystem::path folder = std::filesystem::path(TENON_SOURCE_DIR) / "core/onnx/forms";
  std::ifstream list(folder / "rules.def");
  std::stringstream lines;
  lines << list.rdbuf();
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".cc" || entry.path().filename() == "forms.cc") {
      continue;
    }
    ++files;
    std::ifstream file(entry.path());
    bool listed = false;
    for (std::string line; std::getline(file, line);) {
      if (const size_t at = line.find("(Raise& "); line.rfind("Status ", 0) == 0 && at != std::string::npos) {
        listed = listed || lines.str().find(", " + line.substr(7, at - 7) + ")") != std::string::npos;
      }
    }
    EXPECT_TRUE(listed) << entry.path() << " has no line in rules.def";
  }
  EXPECT_GT(files, 20U);
}

// What a node of an old opset becomes: `inputs` and `node` are of the model, `lines` of the IR.
struct Golden {
  int opset;
  const char* graph;
  const char* lines;
};

std::string body_of(const std::string& text) {
  std::stringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("  %", 0) == 0) {
      out += line.substr(2) + "\n";
    }
  }
  return out;
}

// "Add_0" for the first case, when its graph's first node is an Add.
template <typename Case>
std::string case_name(const testing::TestParamInfo<Case>& info) {
  const std::string graph = info.param.graph;
  const size_t begin = graph.find("= ", graph.find('{')) + 2;
  std::string name = graph.substr(begin, graph.find_first_of("<( ", begin) - begin);
  std::replace(name.begin(), name.end(), '.', '_');
  return name + "_" + std::to_string(info.index);
}

class RaisedForm : public testing::TestWithParam<Golden> {};

TEST_P(RaisedForm, IsTheSameInOpset28) {
  EXPECT_EQ(body_of(nodes_of(GetParam().graph, GetParam().opset)), GetParam().lines) << GetParam().graph;
}

const Golden kGoldens[] = {
    {6, "g (float[2,3,4] x, float[3] b) => (float[2,3,4] y) { y = Add<broadcast=1,axis=1>(x,b) }",
     "%Add_0_axes = const int64[1] {1}\n"
     "%Add_0_Unsqueeze = ai.onnx::Unsqueeze@13 (%b, %Add_0_axes)\n"
     "%y = ai.onnx::Add@7 (%x, %Add_0_Unsqueeze)\n"},
    {6, "g (float[2,3,4] x, float[4] b) => (float[2,3,4] y) { y = Mul<broadcast=1>(x,b) }",
     "%y = ai.onnx::Mul@7 (%x, %b)\n"},
    {6, "g (float[2,3] x, float[2] b) => (bool[2,3] y) { y = Less<broadcast=1,axis=0>(x,b) }",
     "%Less_0_axes = const int64[1] {1}\n"
     "%Less_0_Unsqueeze = ai.onnx::Unsqueeze@13 (%b, %Less_0_axes)\n"
     "%y = ai.onnx::Less@7 (%x, %Less_0_Unsqueeze)\n"},
    {5, "g (float[2] x) => (float[2] y) { y = Relu<consumed_inputs=[0]>(x) }", "%y = ai.onnx::Relu@6 (%x)\n"},
    {6, "g (float[2,3,5,5] x, float[3] s) => (float[2,3,5,5] y) { y = PRelu(x,s) }",
     "%PRelu_0_axes = const int64[2] {1, 2}\n"
     "%PRelu_0_Unsqueeze = ai.onnx::Unsqueeze@13 (%s, %PRelu_0_axes)\n"
     "%y = ai.onnx::PRelu@7 (%x, %PRelu_0_Unsqueeze)\n"},
    {6, "g (float[2,3] a, float[3,4] b, float[4] c) => (float[2,4] y) { y = Gemm<broadcast=1>(a,b,c) }",
     "%y = ai.onnx::Gemm@11 (%a, %b, %c) alpha = f 1, beta = f 1, transA = 0, transB = 0\n"},
    {8,
     "g (float[N,3,H,W] x, float[3] s, float[3] b, float[3] m, float[3] v) => (float[N,3,H,W] y) "
     "{ y = BatchNormalization<spatial=1>(x,s,b,m,v) }",
     "%y = ai.onnx::BatchNormalization@14 (%x, %s, %b, %m, %v) epsilon = f 1e-05, momentum = f 0.9, "
     "training_mode = 0\n"},
    {5, "g (float[2] x) => (int64[2] y) { y = Cast<to=\"INT64\">(x) }",
     "%y = ai.onnx::Cast@6 (%x) to = 7, round_mode = \"up\", saturate = 1\n"},
    {6, "g (float[N] x) => (float[N] y) { y = Clip<min=0.0,max=6.0>(x) }",
     "%Clip_0_min = const float32[] {0}\n"
     "%Clip_0_max = const float32[] {6}\n"
     "%y = ai.onnx::Clip@11 (%x, %Clip_0_min, %Clip_0_max)\n"},
    {10, "g (float[N] x) => (float[N] y) { y = Clip<max=1.0>(x) }",
     "%Clip_0_min = const float32[] {-3.4028235e+38}\n"
     "%Clip_0_max = const float32[] {1}\n"
     "%y = ai.onnx::Clip@11 (%x, %Clip_0_min, %Clip_0_max)\n"},
    {3, "g (float[2,3] a, float[2,3] b) => (float[2,6] y) { y = Concat(a,b) }",
     "%y = ai.onnx::Concat@4 (%a, %b) axis = 1\n"},
    {9, "g (float[N] x) => (float[N] y) { y = Dropout<ratio=0.5>(x) }", "%y = ai.onnx::Dropout@12 (%x)\n"},
    {16,
     "g (float[1,4,2,2] x, float[1,2,2,2] grid) => (float[1,4,2,2] y) { y = GridSample<mode=\"bicubic\">(x, grid) }",
     "%y = ai.onnx::GridSample@20 (%x, %grid) mode = \"cubic\", align_corners = 0, padding_mode = \"zeros\"\n"},
    {11, "g (float[2,3,4] x) => (float[2,3,4] y) { y = Softmax(x) }",
     "%Softmax_0_Shape = ai.onnx::Shape@1 (%x) start = 0\n"
     "%Softmax_0_Flatten = ai.onnx::Flatten@1 (%x) axis = 1\n"
     "%Softmax_0_Softmax = ai.onnx::Softmax@13 (%Softmax_0_Flatten) axis = 1\n"
     "%y = ai.onnx::Reshape@5 (%Softmax_0_Softmax, %Softmax_0_Shape) allowzero = 1\n"},
    {11, "g (float[2,3,4] x) => (float[2,3,4] y) { y = LogSoftmax<axis=2>(x) }",
     "%y = ai.onnx::LogSoftmax@13 (%x) axis = -1\n"},
    {9, "g (float[N,8,1,1] x) => (float[N,8,1,1] y) { y = Softmax(x) }", "%y = ai.onnx::Softmax@13 (%x) axis = 1\n"},
    {10, "g (float[2,3] x) => (float[4,3] y) { y = Pad<pads=[1,0,1,0], value=2.0>(x) }",
     "%Pad_0_pads = const int64[4] {1, 0, 1, 0}\n"
     "%Pad_0_value = const float32[] {2}\n"
     "%y = ai.onnx::Pad@18 (%x, %Pad_0_pads, %Pad_0_value) mode = \"constant\"\n"},
    {1, "g (float[2,3] x) => (float[4,3] y) { y = Pad<paddings=[1,0,1,0]>(x) }",
     "%Pad_0_pads = const int64[4] {1, 0, 1, 0}\n"
     "%y = ai.onnx::Pad@18 (%x, %Pad_0_pads) mode = \"constant\"\n"},
    {11, "g (float[1,3] x) => (float[3] y) { y = Squeeze<axes=[0]>(x) }",
     "%Squeeze_0_axes = const int64[1] {0}\n"
     "%y = ai.onnx::Squeeze@13 (%x, %Squeeze_0_axes)\n"},
    {11, "g (float[3] x) => (float[1,3] y) { y = Unsqueeze<axes=[0]>(x) }",
     "%Unsqueeze_0_axes = const int64[1] {0}\n"
     "%y = ai.onnx::Unsqueeze@13 (%x, %Unsqueeze_0_axes)\n"},
    {13, "g (float[2,3] x) => (float[2] y) { y = ReduceMean<axes=[1],keepdims=0>(x) }",
     "%ReduceMean_0_axes = const int64[1] {1}\n"
     "%y = ai.onnx::ReduceMean@18 (%x, %ReduceMean_0_axes) keepdims = 0, noop_with_empty_axes = 0\n"},
    {4, "g (float[2,3] x) => (float[6] y) { y = Reshape<shape=[6]>(x) }",
     "%Reshape_0_shape = const int64[1] {6}\n"
     "%y = ai.onnx::Reshape@5 (%x, %Reshape_0_shape) allowzero = 0\n"},
    {9, "g (float[4,5] x) => (float[2,5] y) { y = Slice<starts=[1],ends=[3],axes=[0]>(x) }",
     "%Slice_0_starts = const int64[1] {1}\n"
     "%Slice_0_ends = const int64[1] {3}\n"
     "%Slice_0_axes = const int64[1] {0}\n"
     "%y = ai.onnx::Slice@10 (%x, %Slice_0_starts, %Slice_0_ends, %Slice_0_axes)\n"},
    {11, "g (float[4,5] x) => (float[1,5] a, float[3,5] b) { a, b = Split<split=[1,3]>(x) }",
     "%Split_0_split = const int64[2] {1, 3}\n"
     "%a, %b = ai.onnx::Split@18 (%x, %Split_0_split) axis = 0\n"},
    {13, "g (float[4,5] x) => (float[2,5] a, float[2,5] b) { a, b = Split(x) }",
     "%a, %b = ai.onnx::Split@18 (%x) axis = 0, num_outputs = 2\n"},
    {9, "g (float[4,5] x) => (float[4,2] v, int64[4,2] i) { v, i = TopK<k=2>(x) }",
     "%TopK_0_k = const int64[1] {2}\n"
     "%v, %i = ai.onnx::TopK@10 (%x, %TopK_0_k) axis = -1, largest = 1, sorted = 1\n"},
    {8, "g (float[1,1,2,2] x) => (float[1,1,4,4] y) { y = Upsample<scales=[1.0,1.0,2.0,2.0]>(x) }",
     "%Upsample_0_scales = const float32[4] {1, 1, 2, 2}\n"
     "%y = ai.onnx::Resize@13 (%x, _, %Upsample_0_scales) mode = \"nearest\", coordinate_transformation_mode = "
     "\"asymmetric\", nearest_mode = \"floor\", antialias = 0, cubic_coeff_a = f -0.75, exclude_outside = 0, "
     "extrapolation_value = f 0, keep_aspect_ratio_policy = \"stretch\"\n"},
    {10, "g (float[1,1,4,4] x) => (float[1,1,2,2] y) <float[4] s = {1.0,1.0,0.5,0.5}> { y = Resize(x, s) }",
     "%s = const float32[4] {1, 1, 0.5, 0.5}\n"
     "%y = ai.onnx::Resize@13 (%x, _, %s) mode = \"nearest\", coordinate_transformation_mode = \"asymmetric\", "
     "nearest_mode = \"ceil\", antialias = 0, cubic_coeff_a = f -0.75, exclude_outside = 0, extrapolation_value = f 0, "
     "keep_aspect_ratio_policy = \"stretch\"\n"},
    {10, "g (float[3,3] d, int64[1,2] i, float[1,2] u) => (float[3,3] y) { y = Scatter(d, i, u) }",
     "%y = ai.onnx::ScatterElements@11 (%d, %i, %u) axis = 0, reduction = \"none\"\n"},
    {18,
     "g (float[1,4,2] x, float[2] s, float[2] b) => (float[1,4,2] y) { y = GroupNormalization<num_groups=2>(x,s,b) }",
     "%GroupNormalization_0_column = const int64[2] {2, 1}\n"
     "%GroupNormalization_0_full = const int64[2] {2, 2}\n"
     "%GroupNormalization_0_flat = const int64[1] {4}\n"
     "%GroupNormalization_0_Reshape = ai.onnx::Reshape@5 (%s, %GroupNormalization_0_column) allowzero = 0\n"
     "%GroupNormalization_0_Expand = ai.onnx::Expand@8 (%GroupNormalization_0_Reshape, %GroupNormalization_0_full)\n"
     "%GroupNormalization_0_Reshape_1 = ai.onnx::Reshape@5 (%GroupNormalization_0_Expand, %GroupNormalization_0_flat) "
     "allowzero = 0\n"
     "%GroupNormalization_0_Reshape_2 = ai.onnx::Reshape@5 (%b, %GroupNormalization_0_column) allowzero = 0\n"
     "%GroupNormalization_0_Expand_1 = ai.onnx::Expand@8 (%GroupNormalization_0_Reshape_2, "
     "%GroupNormalization_0_full)\n"
     "%GroupNormalization_0_Reshape_3 = ai.onnx::Reshape@5 (%GroupNormalization_0_Expand_1, "
     "%GroupNormalization_0_flat) allowzero = 0\n"
     "%y = ai.onnx::GroupNormalization@21 (%x, %GroupNormalization_0_Reshape_1, %GroupNormalization_0_Reshape_3) "
     "num_groups = 2, epsilon = f 1e-05, stash_type = 1\n"},
};
INSTANTIATE_TEST_SUITE_P(Import, RaisedForm, testing::ValuesIn(kGoldens), case_name<Golden>);

struct Refused {
  int opset;
  const char* graph;
  const char* words;
};
class RefusedForm : public testing::TestWithParam<Refused> {};

TEST_P(RefusedForm, SaysWhy) {
  expect_failure(import_graph(GetParam().graph, GetParam().opset), TENON_UNSUPPORTED, GetParam().words);
}

const Refused kRefused[] = {
    {6, "g (float[2,3] x, float[2] b) => (float[2,3] y) { y = Add<broadcast=1,axis=2>(x,b) }",
     "main/Add_0 (ai.onnx.Add): has form 6 of opset 6"},
    {6, "g (float[2] x) => (float[2] y) { y = Dropout(x) }", "is_test is 0"},
    {9, "g (float[2] x) => (float[2] y, float[2] m) { y, m = Dropout(x) }", "its mask has no later form"},
    {8,
     "g (float[2,3,4] x, float[12] s, float[12] b, float[12] m, float[12] v) => (float[2,3,4] y) "
     "{ y = BatchNormalization<spatial=0>(x,s,b,m,v) }",
     "spatial = 0"},
    {10, "g (float[1,1,4,4] x, float[4] s) => (float[1,1,n,m] y) { y = Resize(x, s) }", "no constant"},
    {5, "g (float[2] x) => (float[2] y) { y = Cast<to=\"QUATERNION\">(x) }", "unknown type 'QUATERNION'"},
    {1, "g (float[1,2,4] x) => (float[1,2,1] y) { y = GlobalLpPool<p=1.5>(x) }", "no positive integer"},
};
INSTANTIATE_TEST_SUITE_P(Import, RefusedForm, testing::ValuesIn(kRefused), case_name<Refused>);

}  // namespace
}  // namespace tenon
