// SPDX-License-Identifier: Apache-2.0
// Discovery, loading and negotiation.
#include "core/host/loader.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "core/base/cpu.hpp"
#include "core/base/file.hpp"
#include "core/host/test_provider.hpp"

namespace tenon {
namespace {

using testing_host::TestProvider;

bool holds(const Status& status, const std::string& words) { return status.message().find(words) != std::string::npos; }

class Folders : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "tenon_host_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = *real_path(pattern);
    ::setenv("TENON_PROVIDER_PATH", "", 1);
    ::setenv("XDG_DATA_HOME", (root_ + "/data").c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("TENON_PROVIDER_PATH");
    ::unsetenv("XDG_DATA_HOME");
    std::filesystem::remove_all(root_);
  }
  std::string manifest(const std::string& folder, const std::string& id, const std::string& library = "libx.so",
                       const std::string& more = "") {
    std::filesystem::create_directories(root_ + "/" + folder);
    const std::string path = root_ + "/" + folder + "/" + id + ".json";
    EXPECT_TRUE(write_file(path, R"({"tenon_manifest": 1, "id": ")" + id +
                                     R"(", "version": "1", "generation": 0, "minor": [0, 0], )" + more +
                                     R"("variants": [{"os": "linux", "arch": ")" + std::string(cpu_arch()) +
                                     R"(", "isa": [], "rank": 0, "library": ")" + library + R"("}]})")
                    .ok());
    return path;
  }
  std::string root_;
};

const DiscoveredProvider* entry_at(const std::vector<DiscoveredProvider>& all, const std::string& path) {
  for (const DiscoveredProvider& entry : all) {
    if (entry.path == path) {
      return &entry;
    }
  }
  return nullptr;
}

TEST_F(Folders, the_first_id_wins_and_the_loser_is_reported) {
  const std::string mine = manifest("mine", "twin-a"), listed = manifest("listed", "twin-a");
  const std::string user = manifest("data/tenon/providers.d", "twin-a"),
                    other = manifest("data/tenon/providers.d", "b");
  ::setenv("TENON_PROVIDER_PATH", ("::" + root_ + "/listed:" + root_ + "/nowhere").c_str(), 1);
  const auto all = discover_providers(provider_search_places({root_ + "/mine"}));
  ASSERT_NE(entry_at(all, mine), nullptr);
  EXPECT_EQ(entry_at(all, mine)->state, ProviderState::available);
  EXPECT_EQ(entry_at(all, mine)->origin, "registered");
  ASSERT_NE(entry_at(all, listed), nullptr);
  EXPECT_EQ(entry_at(all, listed)->state, ProviderState::shadowed);
  EXPECT_NE(entry_at(all, listed)->reason.find(mine), std::string::npos);
  EXPECT_EQ(entry_at(all, user)->state, ProviderState::shadowed);
  EXPECT_EQ(entry_at(all, other)->state, ProviderState::available);
  EXPECT_EQ(entry_at(all, other)->origin, "user");
  ASSERT_NE(entry_at(all, root_ + "/nowhere"), nullptr);
  EXPECT_EQ(entry_at(all, root_ + "/nowhere")->state, ProviderState::rejected);
}

TEST_F(Folders, what_others_may_write_is_not_trusted) {
  const std::string file = manifest("one", "a"), in_folder = manifest("two", "b");
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
  ASSERT_EQ(::chmod((root_ + "/two").c_str(), 0777), 0);
  const auto all = discover_providers(provider_search_places({root_ + "/one", root_ + "/two"}));
  for (const std::string& path : {file, in_folder}) {
    ASSERT_NE(entry_at(all, path), nullptr);
    EXPECT_EQ(entry_at(all, path)->state, ProviderState::rejected);
    EXPECT_NE(entry_at(all, path)->reason.find("not trusted"), std::string::npos) << entry_at(all, path)->reason;
  }
}

TEST_F(Folders, a_bad_manifest_is_an_entry_with_its_reason) {
  manifest("one", "a");
  ASSERT_TRUE(write_file(root_ + "/one/bad.json", "{").ok());
  const auto all = discover_providers(provider_search_places({root_ + "/one"}));
  ASSERT_NE(entry_at(all, root_ + "/one/bad.json"), nullptr);
  EXPECT_NE(entry_at(all, root_ + "/one/bad.json")->reason.find("not JSON"), std::string::npos);
}

TEST_F(Folders, an_unknown_name_is_an_error_with_the_nearest) {
  ProviderRegistry registry({root_ + "/mine"});
  manifest("mine", "fastcpu");
  const auto provider = registry.open("fastcpo");
  ASSERT_FALSE(provider.ok());
  EXPECT_EQ(provider.status().code(), TENON_PROVIDER_NOT_FOUND);
  EXPECT_TRUE(holds(provider.status(), "did you mean 'fastcpu'?")) << provider.status().message();
}

TEST_F(Folders, a_library_that_fails_to_load_is_an_error_with_the_loaders_words) {
  manifest("mine", "gone");
  manifest("mine", "text", "libtext.so");
  ASSERT_TRUE(write_file(root_ + "/mine/libtext.so", "this is no library").ok());
  ProviderRegistry registry({root_ + "/mine"});
  const auto gone = registry.open("gone");
  EXPECT_EQ(gone.status().code(), TENON_PROVIDER_LOAD);
  EXPECT_TRUE(holds(gone.status(), "No such file")) << gone.status().message();
  const auto text = registry.open("text");
  EXPECT_EQ(text.status().code(), TENON_PROVIDER_LOAD);
  EXPECT_TRUE(holds(text.status(), "file too short") || holds(text.status(), "invalid ELF header"))
      << text.status().message();
  EXPECT_EQ(text.status().fields().provider, "text");
  for (const DiscoveredProvider& entry : registry.list()) {
    if (entry.id == "text") {
      EXPECT_EQ(entry.state, ProviderState::failed);
      EXPECT_EQ(entry.reason, text.status().message());
    }
  }
}

TEST_F(Folders, a_missing_system_library_is_named_with_its_hint) {
  manifest("mine", "needy", "libneedy.so",
           R"("needs": [{"soname": "libno-such-thing.so.9", "hint": "install no-such-thing"}], )");
  ASSERT_TRUE(write_file(root_ + "/mine/libneedy.so", "x").ok());
  ProviderRegistry registry({root_ + "/mine"});
  const auto provider = registry.open("needy");
  EXPECT_EQ(provider.status().code(), TENON_PROVIDER_LOAD);
  EXPECT_TRUE(holds(provider.status(), "libno-such-thing.so.9"));
  EXPECT_TRUE(holds(provider.status(), "install no-such-thing")) << provider.status().message();
}

TEST_F(Folders, a_link_out_of_the_folder_is_not_followed) {
  ASSERT_TRUE(write_file(root_ + "/libx.so", "x").ok());
  manifest("mine", "linked");
  ASSERT_EQ(::symlink("../libx.so", (root_ + "/mine/libx.so").c_str()), 0);
  ProviderRegistry registry({root_ + "/mine"});
  EXPECT_TRUE(holds(registry.open("linked").status(), "outside of the manifest's folder"));
}

TEST_F(Folders, abi_is_checked_before_any_code_is_loaded) {
  Manifest from_the_future;
  from_the_future.id = "future";
  from_the_future.generation = 7;
  from_the_future.min_minor = 3;
  from_the_future.max_minor = 5;
  const auto provider = load_provider(from_the_future);
  EXPECT_EQ(provider.status().code(), TENON_VERSION);
  EXPECT_TRUE(holds(provider.status(), "ABI generation 7, minors 3 to 5")) << provider.status().message();
  EXPECT_TRUE(holds(provider.status(), "ABI generation 0, minors 0 to 0"));
}

TEST_F(Folders, a_folder_added_later_is_found) {
  ProviderRegistry registry;
  EXPECT_EQ(registry.open("late").status().code(), TENON_PROVIDER_NOT_FOUND);
  manifest("late", "late");
  ASSERT_TRUE(registry.add(root_ + "/late").ok());
  EXPECT_EQ(registry.open("late").status().code(), TENON_PROVIDER_LOAD);
  EXPECT_EQ(registry.add(root_ + "/never").code(), TENON_NOT_FOUND);
}

TEST(Accept, a_good_provider_is_taken) {
  TestProvider fake;
  const auto provider = fake.accept();
  ASSERT_TRUE(provider.ok()) << provider.status().message();
  EXPECT_EQ((*provider)->minor(), 0u);
  EXPECT_EQ((*provider)->devices().size(), 1u);
}

TEST(Accept, ranges_must_meet_and_both_are_printed) {
  TestProvider fake;
  HostRange newer;
  newer.min_minor = 2;
  newer.max_minor = 4;
  const auto provider = fake.accept(newer);
  EXPECT_EQ(provider.status().code(), TENON_VERSION);
  EXPECT_TRUE(holds(provider.status(), "minors 0 to 0"));
  EXPECT_TRUE(holds(provider.status(), "minors 2 to 4"));
  newer.min_minor = 0;
  EXPECT_EQ((*fake.accept(newer))->minor(), 0u);
}

struct BadTable {
  const char* name;
  void (*edit)(TestProvider&);
  const char* rule;
};

class BadProvider : public testing::TestWithParam<BadTable> {};

TEST_P(BadProvider, is_refused_with_the_rule) {
  TestProvider fake;
  GetParam().edit(fake);
  const auto provider = fake.accept();
  ASSERT_FALSE(provider.ok());
  EXPECT_EQ(provider.status().code(), TENON_PROVIDER_RULE);
  EXPECT_TRUE(holds(provider.status(), std::string("breaks ") + GetParam().rule)) << provider.status().message();
}

INSTANTIATE_TEST_SUITE_P(
    All, BadProvider,
    testing::Values(
        BadTable{"small_table", [](TestProvider& p) { p.table.size = 16; }, "rule 2"},
        BadTable{"short_table", [](TestProvider& p) { p.table.size = offsetof(tenon_provider, query); }, "rule 2"},
        BadTable{"no_info", [](TestProvider& p) { p.table.info = nullptr; }, "rule 2"},
        BadTable{"no_execute", [](TestProvider& p) { p.table.execute = nullptr; }, "rule 2"},
        BadTable{"half_a_pair", [](TestProvider& p) { p.table.prepared_destroy = nullptr; }, "rule 2"},
        BadTable{"other_minor", [](TestProvider& p) { p.info.max_minor = 3; }, "rule 5"},
        BadTable{"async_without_timelines", [](TestProvider& p) { p.info.features = TENON_FEATURE_ASYNC; }, "rule 10"},
        BadTable{"device_size", [](TestProvider& p) { p.device.size = 8; }, "rule 2"},
        BadTable{"device_id", [](TestProvider& p) { p.device.id = 3; }, "rule 9"},
        BadTable{"no_queue", [](TestProvider& p) { p.device.nqueues = 0; }, "rule 9"},
        BadTable{"kind_0", [](TestProvider& p) { p.kinds[0].flags = 0; }, "rule 9"},
        BadTable{"alignment", [](TestProvider& p) { p.kinds[0].alignment = 3; }, "rule 9"},
        BadTable{"own_memory_without_functions",
                 [](TestProvider& p) {
                   p.device.nmemory_kinds = 2;
                   p.kinds[1].alignment = 64;
                 },
                 "rule 9"},
        BadTable{"option_default",
                 [](TestProvider& p) {
                   tenon_option_desc desc{};
                   desc.name = abi_string("mode");
                   desc.type = TENON_OPTION_BOOL;
                   desc.default_value = abi_string("maybe");
                   p.options.push_back(desc);
                 },
                 "rule 14"},
        BadTable{"throws",
                 [](TestProvider& p) {
                   p.table.devices = [](void*, tenon_device*, uint32_t, uint32_t, uint32_t*, tenon_status*) -> int32_t {
                     throw 1;
                   };
                 },
                 "rule 1"}),
    [](const auto& info) { return info.param.name; });

OptionDesc option(std::string name, uint32_t type, std::string fallback, double min = 0, double max = 0) {
  OptionDesc desc;
  desc.name = std::move(name);
  desc.type = type;
  desc.default_value = std::move(fallback);
  desc.min = min;
  desc.max = max;
  return desc;
}

TEST(Options, are_checked_and_completed) {
  std::vector<OptionDesc> schema{
      option("fusion", TENON_OPTION_BOOL, "true"), option("streams", TENON_OPTION_INT, "2", 1, 8),
      option("scale", TENON_OPTION_FLOAT, "0.5"), option("mode", TENON_OPTION_CHOICE, "fast")};
  schema[3].choices = {"fast", "exact"};
  const auto all = check_options("p", schema, {{"streams", "4"}});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(*all, (OptionList{{"fusion", "true"}, {"streams", "4"}, {"scale", "0.5"}, {"mode", "fast"}}));
  const auto words = [&](const char* name, const char* value) {
    const auto result = check_options("p", schema, {{name, value}});
    EXPECT_EQ(result.status().code(), TENON_OPTION);
    return result.status().message();
  };
  EXPECT_NE(words("stream", "1").find("did you mean 'streams'?"), std::string::npos);
  EXPECT_NE(words("streams", "9").find("got '9', expected an integer from 1 to 8"), std::string::npos);
  EXPECT_NE(words("streams", "2x").find("expected an integer"), std::string::npos);
  EXPECT_NE(words("fusion", "yes").find("'true' or 'false'"), std::string::npos);
  EXPECT_NE(words("scale", "nan").find("a number"), std::string::npos);
  EXPECT_NE(words("mode", "slow").find("one of 'fast', 'exact'"), std::string::npos);
  EXPECT_FALSE(check_options("p", schema, {{"streams", "1"}, {"streams", "2"}}).ok());
}

}  // namespace
}  // namespace tenon
