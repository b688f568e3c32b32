// SPDX-License-Identifier: Apache-2.0
#include "core/base/new_file.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/file.hpp"

namespace tenon {
namespace {

constexpr size_t kBuffer = 1u << 20;
constexpr int kNames = 100;  // temporary ones that are tried

Status failure(const std::string& path, int error) {
  char buffer[128];
  const std::string words = strerror_r(error, buffer, sizeof buffer);
  const int32_t code = error == ENOENT || error == ENOTDIR                   ? TENON_NOT_FOUND
                       : error == EACCES || error == EPERM || error == EROFS ? TENON_PERMISSION
                                                                             : TENON_IO;
  return Status(code, "cannot write '" + path + "': " + words, error).with_value(path);
}

Status irregular(const std::string& path) {
  return Status(TENON_PERMISSION, "refusing to write '" + path + "': there is something that is no regular file")
      .with_value(path);
}

std::string temporary_name(const std::string& path, int attempt) {
  return folder_of(path) + "/.tenon-" + std::to_string(::getpid()) + "-" + std::to_string(attempt) + ".part";
}

}  // namespace

NewFile::~NewFile() { drop(); }

void NewFile::drop() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
    temporary_.clear();
  }
}

Status NewFile::open(const std::string& path) {
  struct stat st;
  if (::stat(path.c_str(), &st) != 0) {
    return create(path);
  }
  if (!S_ISREG(st.st_mode)) {
    return irregular(path);
  }
  TENON_ASSIGN_OR_RETURN(const std::string real, real_path(path));
  return create(real);
}

Status NewFile::open_own(const std::string& path) {
  struct stat st;
  if (::lstat(path.c_str(), &st) == 0 && !S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)) {
    return irregular(path);
  }
  return create(path);
}

Status NewFile::create(const std::string& path) {
  path_ = path;
  fd_ = ::open(folder_of(path_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  for (int attempt = 0; fd_ < 0 && attempt < kNames; ++attempt) {
    if (attempt == 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) {
      break;
    }
    temporary_ = temporary_name(path_, attempt);
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd_ < 0) {
      temporary_.clear();
      if (errno != EEXIST) {
        break;
      }
    }
  }
  return fd_ < 0 ? failure(path, errno) : Status();
}

Status NewFile::flush() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t n = ::write(fd_, left.data(), left.size());
    if (n < 0 && errno != EINTR) {
      return failure(path_, errno);
    }
    left.remove_prefix(static_cast<size_t>(std::max<ssize_t>(n, 0)));
  }
  buffer_.clear();
  return {};
}

Status NewFile::write(const void* data, size_t bytes) {
  const char* from = static_cast<const char*>(data);
  size_ += bytes;
  while (bytes > 0) {
    const size_t part = std::min(bytes, kBuffer - buffer_.size());
    buffer_.append(from, part);
    from += part;
    bytes -= part;
    if (buffer_.size() == kBuffer) {
      TENON_RETURN_IF_ERROR(flush());
    }
  }
  return {};
}

Status NewFile::fill_to(uint64_t size) {
  const std::string zeros(4096, '\0');
  while (size_ < size) {
    TENON_RETURN_IF_ERROR(write(zeros.data(), static_cast<size_t>(std::min<uint64_t>(zeros.size(), size - size_))));
  }
  return {};
}

// Gives a file without a name one, so that it can be renamed onto what is there.
Status NewFile::name_it() {
  const std::string self = "/proc/self/fd/" + std::to_string(fd_);
  for (int attempt = 0; temporary_.empty() && attempt < kNames; ++attempt) {
    const std::string name = temporary_name(path_, attempt);
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary_ = name;
    } else if (errno != EEXIST) {
      break;
    }
  }
  return temporary_.empty() ? failure(path_, errno) : Status();
}

Status NewFile::commit() {
  TENON_RETURN_IF_ERROR(flush());
  TENON_RETURN_IF_ERROR(name_it());
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return failure(path_, errno);
  }
  temporary_.clear();
  // Errors of a network file system may show here only.
  return ::close(std::exchange(fd_, -1)) == 0 ? Status() : failure(path_, errno);
}

}  // namespace tenon
