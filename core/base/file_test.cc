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

// CACHE/snapshots/c0/onnx/w.bin -> ../../../blobs/NAME, as Hugging Face's hub keeps files.
class Cache : public File {
 protected:
  void SetUp() override {
    File::SetUp();
    cache_ = root_ + "/models--org--name";
    std::filesystem::create_directories(cache_ + "/blobs/folder");
    std::filesystem::create_directories(cache_ + "/snapshots/c0/onnx");
    std::filesystem::create_directories(cache_ + "/refs");
    ASSERT_TRUE(write_file(cache_ + "/blobs/3f2a", "weights").ok());
    ASSERT_TRUE(write_file(cache_ + "/refs/main", "c0").ok());
    ASSERT_EQ(::symlink("3f2a", (cache_ + "/blobs/again").c_str()), 0);
    ASSERT_EQ(::symlink("/dev/zero", (cache_ + "/blobs/zero").c_str()), 0);
    ASSERT_EQ(::mkfifo((cache_ + "/blobs/pipe").c_str(), 0600), 0);
  }
  // What comes of opening snapshots/c0/PATH when it is a link to `target`.
  int32_t linked(const std::string& path, const std::string& target, const std::string& folder = "/snapshots/c0") {
    std::filesystem::remove(cache_ + "/snapshots/c0/" + path);
    EXPECT_EQ(::symlink(target.c_str(), (cache_ + "/snapshots/c0/" + path).c_str()), 0);
    return open(cache_ + folder, path);
  }
  static int32_t open(const std::string& folder, const std::string& path) {
    const auto file = MappedFile::open_beneath(folder, path, MappedFile::Mode::map, 100, MappedFile::Links::into_blobs);
    if (file.ok()) {
      EXPECT_EQ(std::string(reinterpret_cast<const char*>((*file)->data()), (*file)->size()), "weights");
    }
    return file.status().code();
  }
  std::string cache_;
};

TEST_F(Cache, links_lead_into_its_blobs) {
  EXPECT_EQ(linked("w.bin", "../../blobs/3f2a"), TENON_OK);
  EXPECT_EQ(open(cache_ + "/snapshots/c0", ".//w.bin"), TENON_OK);
  EXPECT_EQ(open(cache_ + "/snapshots/../snapshots/c0/", "w.bin"), TENON_OK);
  EXPECT_EQ(linked("onnx/w.bin", "../../../blobs/3f2a"), TENON_OK);
  EXPECT_EQ(open(cache_ + "/snapshots/c0/onnx", "w.bin"), TENON_OK);
  ASSERT_EQ(::symlink(cache_.c_str(), (root_ + "/mine").c_str()), 0);  // the user's own link to the cache
  EXPECT_EQ(open(root_ + "/mine/snapshots/c0", "w.bin"), TENON_OK);
  ASSERT_TRUE(write_file(cache_ + "/snapshots/c0/plain", "weights").ok());
  EXPECT_EQ(open(cache_ + "/snapshots/c0", "plain"), TENON_OK);
}

TEST_F(Cache, links_lead_nowhere_else) {
  for (const char* target : {"../../../secret", "../../refs/main", "../../blobs/../refs/main", "../../blobs/", "plain",
                             "../../blobs/..", "../../blobs/folder", "../../blobs/folder/x", "../../blobs/again",
                             "../../blobs/zero", "../../blobs/pipe", "../../blobs//3f2a", "../blobs/3f2a",
                             "../../../blobs/3f2a", "../../../models--org--name/blobs/3f2a", "/dev/zero", "w.bin"}) {
    EXPECT_EQ(linked("w.bin", target), TENON_PERMISSION) << target;
  }
  EXPECT_EQ(linked("w.bin", cache_ + "/blobs/3f2a"), TENON_PERMISSION);
  EXPECT_EQ(linked("onnx/w.bin", "../../blobs/3f2a"), TENON_PERMISSION);
  EXPECT_EQ(linked("w.bin", "../../blobs/none"), TENON_NOT_FOUND);
  EXPECT_EQ(linked("folder", "onnx"), TENON_PERMISSION);
  EXPECT_EQ(linked("onnx/w.bin", "../../../blobs/3f2a"), TENON_OK);
  EXPECT_EQ(open(cache_ + "/snapshots/c0", "folder/w.bin"), TENON_PERMISSION);
  EXPECT_EQ(open(cache_ + "/snapshots/c0", "../c0/w.bin"), TENON_PERMISSION);
}

TEST_F(Cache, is_known_by_its_folders) {
  EXPECT_EQ(linked("w.bin", "../../blobs/3f2a"), TENON_OK);
  std::filesystem::rename(cache_ + "/blobs", cache_ + "/elsewhere");
  EXPECT_EQ(linked("w.bin", "../../blobs/3f2a"), TENON_PERMISSION);
  EXPECT_EQ(linked("w.bin", "../../elsewhere/3f2a"), TENON_PERMISSION);
  ASSERT_EQ(::symlink("elsewhere", (cache_ + "/blobs").c_str()), 0);
  EXPECT_EQ(linked("w.bin", "../../blobs/3f2a"), TENON_PERMISSION);
  ASSERT_EQ(::symlink("../blobs/3f2a", (cache_ + "/snapshots/w.bin").c_str()), 0);
  EXPECT_EQ(open(cache_ + "/snapshots", "w.bin"), TENON_PERMISSION);  // in no snapshot
}

TEST_F(Cache, links_are_refused_where_they_were_not_asked_for) {
  EXPECT_EQ(linked("w.bin", "../../blobs/3f2a"), TENON_OK);
  const auto file = MappedFile::open_beneath(cache_ + "/snapshots/c0", "w.bin", MappedFile::Mode::map);
  EXPECT_EQ(file.status().code(), TENON_PERMISSION);
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
