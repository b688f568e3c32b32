// SPDX-License-Identifier: Apache-2.0
#include "core/base/new_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/file.hpp"

namespace tenon {
namespace {

class NewFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "tenon_new_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::vector<std::string> names() const { return list_folder(root_).value(); }
  std::string content(const std::string& name) const { return read_file(root_ + "/" + name).value(); }
  std::string root_;
};

TEST_F(NewFileTest, is_there_whole_once_committed) {
  NewFile file;
  ASSERT_TRUE(file.open(root_ + "/a").ok());
  const std::string big(3'000'000, 'x');
  ASSERT_TRUE(file.write(big.data(), big.size()).ok());
  ASSERT_TRUE(file.write("end", 3).ok());
  EXPECT_EQ(file.size(), big.size() + 3);
  EXPECT_TRUE(names().empty());
  ASSERT_TRUE(file.commit().ok());
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
  EXPECT_EQ(content("a"), big + "end");
}

TEST_F(NewFileTest, leaves_nothing_when_it_is_not_committed) {
  ASSERT_TRUE(write_file(root_ + "/a", "old").ok());
  {
    NewFile file;
    ASSERT_TRUE(file.open(root_ + "/a").ok());
    ASSERT_TRUE(file.write("new", 3).ok());
  }
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
  EXPECT_EQ(content("a"), "old");
}

TEST_F(NewFileTest, replaces_what_a_link_leads_to) {
  ASSERT_TRUE(write_file(root_ + "/a", "old").ok());
  ASSERT_EQ(::symlink("a", (root_ + "/link").c_str()), 0);
  NewFile file;
  ASSERT_TRUE(file.open(root_ + "/link").ok());
  ASSERT_TRUE(file.write("new", 3).ok());
  ASSERT_TRUE(file.commit().ok());
  EXPECT_TRUE(std::filesystem::is_symlink(root_ + "/link"));
  EXPECT_EQ(content("a"), "new");
}

TEST_F(NewFileTest, follows_no_link_at_a_name_of_its_own) {
  ASSERT_TRUE(write_file(root_ + "/a", "old").ok());
  ASSERT_EQ(::symlink("a", (root_ + "/link").c_str()), 0);
  NewFile file;
  ASSERT_TRUE(file.open_own(root_ + "/link").ok());
  ASSERT_TRUE(file.write("new", 3).ok());
  ASSERT_TRUE(file.commit().ok());
  EXPECT_FALSE(std::filesystem::is_symlink(root_ + "/link"));
  EXPECT_EQ(content("link"), "new");
  EXPECT_EQ(content("a"), "old");
  EXPECT_EQ(file.open_own(root_).code(), TENON_PERMISSION);
}

TEST_F(NewFileTest, fills_up_with_zeroes) {
  NewFile file;
  ASSERT_TRUE(file.open(root_ + "/a").ok());
  ASSERT_TRUE(file.write("abc", 3).ok());
  ASSERT_TRUE(file.fill_to(8).ok());
  ASSERT_TRUE(file.fill_to(8).ok());
  ASSERT_TRUE(file.commit().ok());
  EXPECT_EQ(content("a"), std::string("abc\0\0\0\0\0", 8));
}

TEST_F(NewFileTest, says_what_is_wrong) {
  NewFile file;
  EXPECT_EQ(file.open(root_ + "/none/a").code(), TENON_NOT_FOUND);
  EXPECT_EQ(file.open(root_).code(), TENON_PERMISSION);
  EXPECT_EQ(file.open("/dev/null").code(), TENON_PERMISSION);
}

}  // namespace
}  // namespace tenon
