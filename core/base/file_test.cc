// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace tenon {
namespace {

class File : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "tenon_file_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::filesystem::create_directories(root_ + "/in/sub");
    ASSERT_TRUE(write_file(root_ + "/in/sub/weights.bin", "weights").ok());
    ASSERT_TRUE(write_file(root_ + "/secret", "secret").ok());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  int32_t beneath(const std::string& relative) {
    return MappedFile::open_beneath(root_ + "/in", relative, MappedFile::Mode::map).status().code();
  }
  std::string root_;
};

TEST_F(File, maps_and_reads_the_same_bytes) {
  for (const auto mode : {MappedFile::Mode::map, MappedFile::Mode::read}) {
    const auto file = MappedFile::open(root_ + "/secret", mode);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>((*file)->data()), (*file)->size()), "secret");
    EXPECT_EQ((*file)->fd() >= 0, mode == MappedFile::Mode::map);
  }
}

TEST_F(File, an_empty_file_is_no_error) {
  ASSERT_TRUE(write_file(root_ + "/empty", "").ok());
  for (const auto mode : {MappedFile::Mode::map, MappedFile::Mode::read}) {
    const auto file = MappedFile::open(root_ + "/empty", mode);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ((*file)->size(), 0u);
  }
}

TEST_F(File, says_what_is_wrong) {
  const auto mode = MappedFile::Mode::map;
  EXPECT_EQ(MappedFile::open(root_ + "/none", mode).status().code(), TENON_NOT_FOUND);
  EXPECT_EQ(MappedFile::open(root_, mode).status().code(), TENON_PERMISSION);
  EXPECT_EQ(MappedFile::open("/dev/zero", mode).status().code(), TENON_PERMISSION);
  ASSERT_EQ(::mkfifo((root_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(MappedFile::open(root_ + "/pipe", mode).status().code(), TENON_PERMISSION);
  const auto big = MappedFile::open(root_ + "/secret", mode, 3);
  EXPECT_EQ(big.status().code(), TENON_LIMIT);
  EXPECT_NE(big.status().message().find("secret"), std::string::npos);
  EXPECT_EQ(write_file(root_ + "/none/file", "x").code(), TENON_NOT_FOUND);
}

TEST_F(File, stays_beneath_the_root) {
  EXPECT_EQ(beneath("sub/weights.bin"), TENON_OK);
  EXPECT_EQ(beneath("./sub//weights.bin"), TENON_OK);
  EXPECT_EQ(beneath("../secret"), TENON_PERMISSION);
  EXPECT_EQ(beneath("sub/../../secret"), TENON_PERMISSION);
  EXPECT_EQ(beneath(root_ + "/secret"), TENON_PERMISSION);
  EXPECT_EQ(beneath(""), TENON_PERMISSION);
  EXPECT_EQ(beneath(std::string("sub\0x", 5)), TENON_PERMISSION);
  EXPECT_EQ(beneath("sub"), TENON_PERMISSION);
  EXPECT_EQ(beneath("none"), TENON_NOT_FOUND);
  EXPECT_EQ(beneath("sub/weights.bin/x"), TENON_NOT_FOUND);
}

TEST_F(File, follows_no_link_beneath_the_root) {
  ASSERT_EQ(::symlink("../secret", (root_ + "/in/link").c_str()), 0);
  ASSERT_EQ(::symlink("sub/weights.bin", (root_ + "/in/inner").c_str()), 0);
  ASSERT_EQ(::symlink("..", (root_ + "/in/up").c_str()), 0);
  ASSERT_EQ(::mkfifo((root_ + "/in/pipe").c_str(), 0600), 0);
  EXPECT_EQ(beneath("link"), TENON_PERMISSION);
  EXPECT_EQ(beneath("inner"), TENON_PERMISSION);
  EXPECT_EQ(beneath("up/secret"), TENON_PERMISSION);
  EXPECT_EQ(beneath("pipe"), TENON_PERMISSION);
}

TEST_F(File, opens_by_components_like_the_kernel_does) {
  ASSERT_EQ(::symlink("../secret", (root_ + "/in/link").c_str()), 0);
  ASSERT_EQ(::symlink("..", (root_ + "/in/up").c_str()), 0);
  const int root = ::open((root_ + "/in").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_GE(root, 0);
  for (const char* good : {"sub/weights.bin", "./sub//weights.bin", "sub/./weights.bin"}) {
    const int fd = open_by_components(root, good);
    EXPECT_GE(fd, 0) << good;
    ::close(fd);
  }
  EXPECT_EQ(open_by_components(root, "link"), -ELOOP);
  EXPECT_EQ(open_by_components(root, "up/secret"), -ELOOP);
  EXPECT_EQ(open_by_components(root, "none"), -ENOENT);
  EXPECT_EQ(open_by_components(root, "sub/weights.bin/x"), -ENOTDIR);
  EXPECT_EQ(open_by_components(root, "."), -EISDIR);
  ::close(root);
}

TEST_F(File, tells_who_else_may_write) {
  EXPECT_EQ(writable_by_others(root_ + "/secret"), "");
  ASSERT_EQ(::chmod((root_ + "/secret").c_str(), 0666), 0);
  EXPECT_NE(writable_by_others(root_ + "/secret"), "");
  EXPECT_NE(writable_by_others(root_ + "/none"), "");
}

TEST_F(File, lists_sorted) {
  ASSERT_TRUE(write_file(root_ + "/a", "").ok());
  const auto names = list_folder(root_);
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(*names, (std::vector<std::string>{"a", "in", "secret"}));
  EXPECT_EQ(list_folder(root_ + "/none").status().code(), TENON_NOT_FOUND);
  EXPECT_EQ(folder_of("/a/b"), "/a");
  EXPECT_EQ(folder_of("b"), ".");
  EXPECT_EQ(folder_of("/b"), "/");
}

}  // namespace
}  // namespace tenon
