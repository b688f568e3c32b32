// SPDX-License-Identifier: Apache-2.0
// A file that is there whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/status.hpp"

namespace tenon {

// Written without a name in the folder of its path, or under a temporary one where the file system can't do that, and
// put in place by commit(). What is not committed is gone when the object is, and when the process ends. One thread at
// a time.
class NewFile {
 public:
  NewFile() = default;
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  // What a link at `path` leads to is replaced: for a path that the user has given. PERMISSION when there is something
  // that is no regular file, NOT_FOUND without the folder, IO.
  Status open(const std::string& path);
  // A link at `path` is itself replaced: for a name that we have made up, where others may have put one.
  Status open_own(const std::string& path);
  Status write(const void* data, size_t bytes);
  // Zeroes until `size` bytes are written.
  Status fill_to(uint64_t size);
  uint64_t size() const { return size_; }  // written so far
  // Takes the place of what `path` was; nothing may be written any more.
  Status commit();

 private:
  Status create(const std::string& path);
  Status flush();
  Status name_it();
  void drop();

  std::string path_, temporary_;  // temporary_: "" while the file has no name
  std::string buffer_;
  uint64_t size_ = 0;
  int fd_ = -1;
};

}  // namespace tenon
