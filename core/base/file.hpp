// SPDX-License-Identifier: Apache-2.0
// The one door for files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"

namespace tenon {

// A regular file's bytes, read-only. Immutable; shared by pointer; any thread.
class MappedFile {
 public:
  enum class Mode {
    map,   // the file's pages themselves: nothing is read ahead. A file that shrinks while mapped is SIGBUS.
    read,  // a copy in memory: for files that somebody else may change
  };

  // Only regular files (links to them are followed): NOT_FOUND, PERMISSION (also for devices, pipes and folders), IO,
  // LIMIT when it is longer than max_bytes, OUT_OF_MEMORY.
  static Result<std::shared_ptr<const MappedFile>> open(const std::string& path, Mode mode,
                                                        uint64_t max_bytes = UINT64_MAX);
  // What open_beneath does with a link.
  enum class Links {
    refused,
    // In a folder CACHE/snapshots/COMMIT/... beside CACHE/blobs (a cache as Hugging Face's hub lays it out) the last
    // component may be a link, when what it says is the relative way from its place to a name directly in that blobs
    // folder: "../../blobs/NAME" in snapshots/COMMIT. NAME must be a regular file. Nothing is resolved by name twice.
    into_blobs,
  };
  // `relative` beneath `root`: no absolute path, no "..", no link in any component (but as `links` says), nothing but a
  // regular file: PERMISSION otherwise. `root` itself may be any path to a folder ("" is the current one).
  static Result<std::shared_ptr<const MappedFile>> open_beneath(const std::string& root, const std::string& relative,
                                                                Mode mode, uint64_t max_bytes = UINT64_MAX,
                                                                Links links = Links::refused);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }  // NULL when size() is 0
  uint64_t size() const { return size_; }
  // Open for reading as long as this object (mode map), else -1: a copy need not be what the file holds now.
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

 private:
  MappedFile() = default;
  static Result<std::shared_ptr<const MappedFile>> adopt(int fd, std::string path, Mode mode, uint64_t max_bytes);

  std::string path_;
  const std::byte* data_ = nullptr;
  uint64_t size_ = 0;
  int fd_ = -1;
  bool mapped_ = false;
};

// A small regular file as a string; LIMIT when it is longer than max_bytes.
Result<std::string> read_file(const std::string& path, uint64_t max_bytes = 16u << 20);
// Creates or replaces a regular file. On failure its content is undefined.
Status write_file(const std::string& path, std::string_view content);

// Names in a folder, sorted, without "." and ".."; NOT_FOUND when there is no such folder.
Result<std::vector<std::string>> list_folder(const std::string& path);
// Absolute, without links, "." and "..".
Result<std::string> real_path(const std::string& path);
// "" when the file or folder belongs to root or to this process's user and nobody else may write it (group root and a
// group of its owner's own name count as nobody else; so does anything in a sticky folder that is owned as above);
// otherwise what is wrong, as a clause: "is writable by group 1000".
std::string writable_by_others(const std::string& path);
// How open_beneath opens on kernels without openat2: a descriptor or -errno, -ELOOP for a link anywhere on the way.
// `relative` was checked for "..", zero bytes and a leading '/'. For open_beneath and its tests.
int open_by_components(int root, std::string_view relative);
// What Links::into_blobs opens: `relative` beneath `folder`, a link into the blobs folder of the cache that `folder` is
// in. A descriptor or -errno, -ELOOP for whatever is no such link. `relative` was checked as above.
int open_blob(const std::string& folder, std::string_view relative);
// The part before the last '/', "." when there is none.
std::string folder_of(const std::string& path);

}  // namespace tenon
