// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "core/onnx/wire/parse.hpp"
#include "core/onnx/wire/reader.hpp"

namespace tenon::wire {
namespace {

using namespace std::string_literals;

// A length-delimited field.
std::string field(uint32_t number, const std::string& bytes) {
  std::string out;
  for (uint64_t value : {uint64_t{number} << 3 | kDelimited, static_cast<uint64_t>(bytes.size())}) {
    for (; value >= 0x80; value >>= 7) {
      out += static_cast<char>(value | 0x80);
    }
    out += static_cast<char>(value);
  }
  return out + bytes;
}

Status parse(const std::string& bytes, Model* out, const ParseLimits& limits = {}) {
  return parse_model(bytes, limits, out);
}

TEST(Wire, ReadsHeaderAndGraph) {
  const std::string node = field(1, field(1, "x") + field(2, "y") + field(3, "n") + field(4, "Relu") + field(7, ""));
  const std::string bytes = "\x08\x07"s + field(2, "maker") + field(7, node + field(2, "g")) +
                            field(8, field(1, "") + "\x10\x0D"s) + field(14, field(1, "k") + field(2, "v"));
  Model model;
  ASSERT_TRUE(parse(bytes, &model).ok());
  EXPECT_EQ(model.ir_version, 7);
  EXPECT_EQ(model.producer_name, "maker");
  EXPECT_EQ(model.graph.name, "g");
  ASSERT_EQ(model.graph.node.size(), 1U);
  EXPECT_EQ(model.graph.node[0].op_type, "Relu");
  EXPECT_EQ(model.graph.node[0].input, std::vector<Text>{"x"});
  EXPECT_EQ(model.opset_import[0].version, 13);
  EXPECT_EQ(model.metadata_props[0].second, "v");
  EXPECT_EQ(model.producer_name.data(), bytes.data() + 4) << "texts view the bytes";
}

TEST(Wire, ReadsTensorsPackedAndNot) {
  Tensor tensor;
  // dims 2 (not packed), 1 (packed); float data packed; then the same floats one by one.
  const std::string floats = "\x00\x00\x80\x3F\x00\x00\x00\x40"s;
  const std::string packed = "\x08\x02"s + field(1, "\x01") + "\x10\x01"s + field(4, floats) + field(9, "raw");
  ASSERT_TRUE(parse_tensor(packed, {}, &tensor).ok());
  EXPECT_EQ(tensor.dims, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(tensor.pieces, std::vector<Text>{floats});
  EXPECT_EQ(tensor.raw_data, "raw");
  EXPECT_FALSE(tensor.mixed);
  Tensor single;
  ASSERT_TRUE(parse_tensor("\x25"s + floats.substr(0, 4) + "\x25"s + floats.substr(4), {}, &single).ok());
  EXPECT_EQ(single.pieces.size(), 2U);
  EXPECT_EQ(single.pieces_field, 4U);
  Tensor two;
  ASSERT_TRUE(parse_tensor(field(4, floats) + field(7, "\x01"), {}, &two).ok());
  EXPECT_TRUE(two.mixed);
}

TEST(Wire, NamesTheByteWhereItBreaks) {
  const struct {
    std::string bytes;
    std::string words;
  } cases[] = {
      {"\x08"s, "cut off at byte 1"},
      {"\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"s, "more than 64 bits at byte 1"},
      {"\x3A\x05\x0A"s, "5 bytes is cut off, 1 are left at byte 1"},
      {field(7,
             "\x0A\x07"
             "abc"s),
       "7 bytes is cut off, 3 are left at byte 3"},
      {"\x38\x01"s, "ModelProto.graph has wire type 0, expected 2 at byte 1"},
      {field(1, "x"), "ModelProto.ir_version has wire type 2, expected 0 at byte 1"},
      {"\x0B\x0C"s, "ModelProto.ir_version has wire type 3, expected 0"},
      {"\xFB\x01\xFC\x01"s, "unknown wire type 3"},
      {"\x00\x01"s, "field number out of range at byte 0"},
      {field(7, field(2, "\xC3\x28")), "GraphProto.name is not UTF-8 at byte 3"},
      {"not a protobuf at all"s, "at byte"},
  };
  for (const auto& [bytes, words] : cases) {
    Model model;
    const Status status = parse(bytes, &model);
    EXPECT_EQ(status.code(), TENON_MALFORMED) << words;
    EXPECT_NE(status.message().find(words), std::string::npos) << status.message();
  }
}

TEST(Wire, EveryPrefixOfAModelIsReadOrRefused) {
  const std::string attribute = field(5, field(1, "a") + field(8, "\x01\x02\x03") + field(5, field(9, "bytes")));
  const std::string bytes = "\x08\x07"s + field(7, field(1, field(1, "x") + attribute) + field(11, field(1, "x")));
  for (size_t size = 0; size <= bytes.size(); ++size) {
    Model model;
    const Status status = parse(bytes.substr(0, size), &model);
    EXPECT_TRUE(status.ok() || status.code() == TENON_MALFORMED) << size;
  }
}

// Graph in attribute in node in graph, `depth` times.
std::string nested(int depth) {
  std::string graph;
  for (int i = 0; i < depth; ++i) {
    graph = field(1, field(5, field(1, "body") + field(6, graph)));
  }
  return field(7, graph);
}

TEST(Wire, RefusesNestingBeyondTheLimit) {
  ParseLimits limits;
  limits.nesting = 200;
  Model model;
  EXPECT_TRUE(parse(nested(60), &model, limits).ok());
  Model deep;
  const Status status = parse(nested(3000), &deep, limits);
  EXPECT_EQ(status.code(), TENON_LIMIT);
  EXPECT_EQ(status.fields().value, "nesting");
}

TEST(Wire, TypesInTypesCountAsNesting) {
  std::string type = field(1, "\x08\x01"s);
  for (int i = 0; i < 3000; ++i) {
    type = field(4, field(1, type));
  }
  Model model;
  EXPECT_EQ(parse(field(7, field(11, field(2, type))), &model).code(), TENON_LIMIT);
}

TEST(Wire, BoundsTheMemoryOfWhatIsListed) {
  std::string nodes;
  for (int i = 0; i < 20000; ++i) {
    nodes += "\x0A\x00"s;  // a node of 2 bytes
  }
  ParseLimits limits;
  limits.table_bytes = 1 << 20;
  Model model;
  const Status status = parse(field(7, nodes), &model, limits);
  EXPECT_EQ(status.code(), TENON_LIMIT);
  EXPECT_EQ(status.fields().value, "table_bytes");
  Model roomy;
  EXPECT_TRUE(parse(field(7, nodes), &roomy).ok());
}

TEST(Wire, SingularMessagesThatComeTwiceAreMerged) {
  Model model;
  // The parsed model points into these bytes.
  const std::string bytes = field(7, field(1, field(4, "A"))) + field(7, field(1, field(4, "B")));
  ASSERT_TRUE(parse(bytes, &model).ok());
  ASSERT_EQ(model.graph.node.size(), 2U);
  EXPECT_EQ(model.graph.node[1].op_type, "B");
}

TEST(Utf8, AcceptsWhatIsWellFormed) {
  EXPECT_TRUE(valid_utf8(""));
  EXPECT_TRUE(valid_utf8("plain"));
  EXPECT_TRUE(valid_utf8("\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"));
  for (const char* bad : {"\x80", "\xC0\xAF", "\xC3", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF8\x88\x80\x80\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(valid_utf8(bad)) << bad;
  }
}

}  // namespace
}  // namespace tenon::wire
