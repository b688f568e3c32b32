// SPDX-License-Identifier: Apache-2.0
// Status, checked sizes, processor features, logging, arena, hash.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "core/base/arena.hpp"
#include "core/base/checked.hpp"
#include "core/base/cpu.hpp"
#include "core/base/fp_guard.hpp"
#include "core/base/hash.hpp"
#include "core/base/log.hpp"
#include "core/base/name_table.hpp"
#include "core/base/status.hpp"

namespace tenon {
namespace {

TEST(Status, is_cut_on_a_utf8_border) {
  std::string text(TENON_STATUS_TEXT - 2, 'x');
  text += "\xC3\xA4";  // its second byte would not fit
  tenon_status record{};
  record.size = sizeof record;
  EXPECT_EQ(Status(TENON_IO, text, 5).write(&record), TENON_IO);
  EXPECT_EQ(record.len, TENON_STATUS_TEXT - 2u);
  EXPECT_EQ(record.msg[record.len], '\0');
  EXPECT_EQ(record.vendor_code, 5);
  EXPECT_EQ(Status(TENON_IO, "x").write(nullptr), TENON_IO);
}

TEST(Status, shows_control_characters) {
  tenon_status record{};
  record.size = sizeof record;
  static_cast<void>(Status(TENON_IO, std::string("a\0b\x1b[2J\n\t\x7f", 10)).write(&record));
  EXPECT_STREQ(record.msg, "a\\x00b\\x1b[2J\n\t\\x7f");
  EXPECT_EQ(record.len, std::strlen(record.msg));
}

TEST(Status, reads_what_a_provider_wrote_with_care) {
  tenon_status record{};
  record.size = sizeof record;
  std::memset(record.msg, 'y', sizeof record.msg);  // no terminator, and a length beyond the record
  record.len = UINT32_MAX;
  EXPECT_EQ(Status::read(TENON_RUN, record).message().size(), TENON_STATUS_TEXT - 1u);
  record.len = 0;
  EXPECT_NE(Status::read(TENON_RUN, record).message().find("RUN"), std::string::npos);
  EXPECT_TRUE(Status::read(TENON_OK, record).ok());
}

TEST(Status, fields_stay_with_the_innermost) {
  const Status inner = Status(TENON_RUN, "bad index").with_node("main/Gather_1", "ai.onnx.Gather");
  const Status outer = inner.with_node("main/If", "ai.onnx.If").prefixed("while running: ");
  EXPECT_EQ(outer.fields().node, "main/Gather_1");
  EXPECT_EQ(outer.message(), "while running: bad index");
  EXPECT_EQ(inner.message(), "bad index");
  EXPECT_TRUE(Status().with_value("x").ok());
}

TEST(CheckedSize, remembers_an_overflow) {
  EXPECT_EQ((CheckedSize(6) * 7).get(), 42u);
  EXPECT_FALSE((CheckedSize(UINT64_MAX) + 1).ok());
  EXPECT_FALSE((CheckedSize(1ull << 33) * (1ull << 33) - 5).ok());
  EXPECT_FALSE((CheckedSize(UINT64_MAX) * 2 * 0).ok());
  EXPECT_FALSE(CheckedSize::from_signed(-1).ok());
  EXPECT_EQ(CheckedSize(65).aligned(64).get(), 128u);
  EXPECT_FALSE(CheckedSize(UINT64_MAX - 3).aligned(64).ok());
}

TEST(Cpu, quota_is_rounded_up) {
  EXPECT_EQ(cpus_of_quota("max 100000"), 0u);
  EXPECT_EQ(cpus_of_quota("150000 100000"), 2u);
  EXPECT_EQ(cpus_of_quota("100000 100000"), 1u);
  EXPECT_EQ(cpus_of_quota("-1 100000"), 0u);
  EXPECT_EQ(cpus_of_quota(""), 0u);
  EXPECT_GE(usable_cpus(), 1u);
}

TEST(Cpu, features_are_known_names) {
  for (const std::string& name : cpu_features()) {
    EXPECT_TRUE(cpu_feature_known(name)) << name;
    EXPECT_TRUE(cpu_has(name));
  }
  EXPECT_FALSE(cpu_feature_known("avx1024"));
#if defined(__x86_64__)
  EXPECT_EQ(cpu_has("avx2"), __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(cpu_has("fma"), __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ(cpu_has("avx512f"), __builtin_cpu_supports("avx512f") != 0);
#endif
}

TEST(Log, goes_to_the_callback) {
  std::vector<std::string> lines;
  const uint32_t before = log_level();
  set_log_level(TENON_LOG_INFO);
  set_log_callback(
      [](void* arg, uint32_t level, std::string_view text) {
        static_cast<std::vector<std::string>*>(arg)->push_back(std::string(log_level_name(level)) + ":" +
                                                               std::string(text));
        log_error("logged while logging: dropped");
      },
      &lines);
  log_info("one");
  log_debug("not shown");
  log_error("two");
  set_log_callback(nullptr, nullptr);
  set_log_level(before);
  EXPECT_EQ(lines, (std::vector<std::string>{"info:one", "error:two"}));
}

TEST(NameTable, finds_what_was_put_in) {
  NameTable table;
  EXPECT_EQ(table.find("a"), nullptr);
  std::vector<std::string> names(1000);
  for (uint32_t i = 0; i < names.size(); ++i) {
    names[i] = "n" + std::to_string(i);
    const auto [number, added] = table.emplace(names[i], i);
    EXPECT_TRUE(added);
    EXPECT_EQ(*number, i);
  }
  for (uint32_t i = 0; i < names.size(); ++i) {
    const auto [number, added] = table.emplace(names[i], 0);
    EXPECT_FALSE(added);
    EXPECT_EQ(*number, i);
  }
  EXPECT_EQ(table.size(), names.size());
  EXPECT_FALSE(table.contains("n1000"));
  EXPECT_TRUE(table.emplace("", 7).second);
  EXPECT_EQ(*table.find(""), 7u);
}

TEST(Arena, keeps_addresses_and_zeroes) {
  Arena arena;
  std::vector<uint64_t*> all;
  for (uint64_t i = 0; i < 5000; ++i) {
    uint64_t* p = arena.make<uint64_t>(3);
    EXPECT_EQ(p[0] | p[1] | p[2], 0u);
    p[0] = i;
    all.push_back(p);
    EXPECT_EQ(arena.copy("abc"), "abc");
  }
  Arena moved = std::move(arena);
  for (uint64_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i][0], i);
  }
  EXPECT_EQ(moved.make<int>(0), nullptr);
}

TEST(Hash, tells_contents_apart) {
  EXPECT_EQ(hash_bytes("abc", 3), hash_bytes("abc", 3));
  EXPECT_NE(hash_bytes("abc", 3), hash_bytes("abd", 3));
}

TEST(FpGuard, sets_the_environment_and_puts_it_back) {
#if defined(__x86_64__)
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // FTZ and DAZ
  {
    const FpGuard guard;
    EXPECT_TRUE(FpGuard::as_wanted());
  }
  EXPECT_EQ(_mm_getcsr(), before | 0x8040);
  EXPECT_FALSE(FpGuard::as_wanted());
  _mm_setcsr(before);
#endif
  const FpGuard guard;
  EXPECT_TRUE(FpGuard::as_wanted());
}

}  // namespace
}  // namespace tenon
