// SPDX-License-Identifier: Apache-2.0
#include "core/host/manifest.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/base/cpu.hpp"

namespace tenon {
namespace {

const std::string kGood = R"({
  "tenon_manifest": 1, "id": "acme-npu", "version": "2.3.1", "generation": 0, "minor": [0, 0], "roles": ["fold"],
  "variants": [{"os": "linux", "arch": "ARCH", "isa": [], "rank": 0, "library": "libacme.so"},
               {"os": "linux", "arch": "ARCH", "isa": ["avx2", "fma"], "rank": 20, "library": "fast/libacme.so"}],
  "needs": [{"soname": "libacme.so.3", "hint": "install acme-driver"}]})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string good() {
  std::string text = kGood;
  for (int i = 0; i < 2; ++i) {
    text = replaced(text, "ARCH", std::string(cpu_arch()));
  }
  return text;
}

TEST(Manifest, reads_all_fields) {
  const auto manifest = parse_manifest(good(), "/p/acme.json");
  ASSERT_TRUE(manifest.ok()) << manifest.status().message();
  EXPECT_EQ(manifest->id, "acme-npu");
  EXPECT_EQ(manifest->version, "2.3.1");
  EXPECT_EQ(manifest->folder, "/p");
  EXPECT_TRUE(manifest->fold);
  EXPECT_FALSE(manifest->last_resort);
  ASSERT_EQ(manifest->variants.size(), 2u);
  EXPECT_EQ(manifest->variants[1].isa, (std::vector<std::string>{"avx2", "fma"}));
  ASSERT_EQ(manifest->needs.size(), 1u);
  EXPECT_EQ(manifest->needs[0].hint, "install acme-driver");
}

struct BadCase {
  const char* name;
  const char* from;
  const char* to;
  const char* words;  // that the message must hold
};

class BadManifest : public testing::TestWithParam<BadCase> {};

TEST_P(BadManifest, names_file_field_got_and_expected) {
  const BadCase& bad = GetParam();
  const auto manifest = parse_manifest(replaced(good(), bad.from, bad.to), "/p/acme.json");
  ASSERT_FALSE(manifest.ok());
  EXPECT_EQ(manifest.status().code(), TENON_PROVIDER_LOAD);
  EXPECT_NE(manifest.status().message().find("/p/acme.json"), std::string::npos) << manifest.status().message();
  EXPECT_NE(manifest.status().message().find(bad.words), std::string::npos) << manifest.status().message();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadManifest,
    testing::Values(BadCase{"no_json", "{", "[", "not JSON"},
                    BadCase{"format", "\"tenon_manifest\": 1", "\"tenon_manifest\": 2",
                            "'tenon_manifest': got 2, expected an integer from 1 to 1"},
                    BadCase{"no_id", "\"id\": \"acme-npu\",", "", "'id': got nothing, expected a string"},
                    BadCase{"bad_id", "acme-npu", "Acme NPU", "'id': got 'Acme NPU'"},
                    BadCase{"typo", "\"roles\"", "\"rolse\"", "'rolse': got an unknown field; did you mean 'roles'?"},
                    BadCase{"version_type", "\"2.3.1\"", "2.3", "'version': got a number, expected a string"},
                    BadCase{"generation", "\"generation\": 0", "\"generation\": -1", "'generation': got -1"},
                    BadCase{"huge", "\"generation\": 0", "\"generation\": 99999999999999999999", "'generation': got"},
                    BadCase{"minor_order", "[0, 0]", "[2, 1]", "'minor': got 1, expected an integer from 2"},
                    BadCase{"minor_length", "[0, 0]", "[0]", "'minor': got an array of 1"},
                    BadCase{"role", "[\"fold\"]", "[\"fast\"]", "'roles': got 'fast'"},
                    BadCase{"variant_field", "\"rank\": 20", "\"rnk\": 20", "'variants[1].rnk'"},
                    BadCase{"absolute", "fast/libacme.so", "/lib/libacme.so",
                            "'variants[1].library': got '/lib/libacme.so'"},
                    BadCase{"outside", "fast/libacme.so", "fast/../../libacme.so", "inside its folder"},
                    BadCase{"isa", "[\"avx2\", \"fma\"]", "[2]", "'variants[1].isa': got an array with an integer"},
                    BadCase{"need", "libacme.so.3", "/lib/libacme.so.3", "'needs[0].soname'"}),
    [](const auto& info) { return info.param.name; });

TEST(Manifest, an_array_or_nothing_is_no_manifest) {
  EXPECT_FALSE(parse_manifest("", "x").ok());
  EXPECT_FALSE(parse_manifest("[]", "x").ok());
  EXPECT_FALSE(parse_manifest(std::string(100000, '['), "x").ok());
}

TEST(Manifest, takes_the_highest_variant_that_fits) {
  const auto manifest = parse_manifest(good(), "/p/acme.json");
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ((*choose_variant(*manifest, {}))->library, "libacme.so");
  EXPECT_EQ((*choose_variant(*manifest, {"avx2"}))->library, "libacme.so");
  EXPECT_EQ((*choose_variant(*manifest, {"avx2", "fma"}))->library, "fast/libacme.so");
}

TEST(Manifest, says_what_each_variant_lacks) {
  auto manifest = parse_manifest(good(), "/p/acme.json");
  ASSERT_TRUE(manifest.ok());
  manifest->variants[0].arch = "s390x";
  manifest->variants[1].isa.push_back("avx1024");
  const auto variant = choose_variant(*manifest, {"avx2"});
  ASSERT_FALSE(variant.ok());
  for (const char* words : {"s390x", "fma", "avx1024 (no such feature is known)"}) {
    EXPECT_NE(variant.status().message().find(words), std::string::npos) << variant.status().message();
  }
}

TEST(Manifest, ids_are_plain) {
  for (const char* id : {"acme", "a.b_c-d9"}) {
    EXPECT_TRUE(valid_provider_id(id)) << id;
  }
  for (const char* id : {"", ".x", "-x", "A", "a b", "a/b", "\xC3\xA4"}) {
    EXPECT_FALSE(valid_provider_id(id)) << id;
  }
  EXPECT_FALSE(valid_provider_id(std::string(101, 'a')));
}

}  // namespace
}  // namespace tenon
