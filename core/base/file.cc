// SPDX-License-Identifier: Apache-2.0
#include "core/base/file.hpp"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/base/memory.hpp"

namespace tenon {
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string words_of(int error) {
  char buffer[128];
  return strerror_r(error, buffer, sizeof buffer);
}

Status file_error(const std::string& path, int error) {
  int32_t code = TENON_IO;
  if (error == ENOENT || error == ENOTDIR) {
    code = TENON_NOT_FOUND;
  } else if (error == EACCES || error == EPERM) {
    code = TENON_PERMISSION;
  }
  return Status(code, "cannot open '" + path + "': " + words_of(error), error).with_value(path);
}

Status outside(const std::string& path, const char* why) {
  return Status(TENON_PERMISSION, "refusing '" + path + "': " + why).with_value(path);
}

// Why `relative` cannot lie beneath a folder by its spelling alone; NULL when it can.
const char* bad_relative(std::string_view relative) {
  if (relative.empty()) {
    return "the path is empty";
  }
  if (relative.find('\0') != std::string_view::npos) {
    return "the path holds a zero byte";
  }
  if (relative.front() == '/') {
    return "the path is absolute";
  }
  for (size_t at = 0; at <= relative.size();) {
    const size_t end = std::min(relative.find('/', at), relative.size());
    if (relative.substr(at, end - at) == "..") {
      return "the path holds '..'";
    }
    at = end + 1;
  }
  return nullptr;
}

constexpr int kOpenFile = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;  // NONBLOCK: a pipe must not hang us

int open_relative(int root, const std::string& relative) {
  open_how how{};
  how.flags = kOpenFile;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  const long fd = ::syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how);
  if (fd >= 0) {
    return static_cast<int>(fd);
  }
  if (errno == ENOSYS || errno == EPERM || errno == EAGAIN || errno == EINVAL || errno == E2BIG) {
    return open_by_components(root, relative);
  }
  return -errno;
}

Status read_fully(int fd, const std::string& path, std::byte* to, uint64_t bytes) {
  for (uint64_t done = 0; done < bytes;) {
    const ssize_t n = ::pread(fd, to + done, bytes - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return Status(TENON_IO, "cannot read '" + path + "': " + words_of(errno), errno).with_value(path);
    }
    if (n == 0) {
      return Status(TENON_IO, "'" + path + "' became shorter while it was read").with_value(path);
    }
    done += static_cast<uint64_t>(n);
  }
  return {};
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "it is a folder";
  if (S_ISFIFO(mode)) return "it is a pipe";
  if (S_ISSOCK(mode)) return "it is a socket";
  return "it is a device";
}

}  // namespace

// Kernels before 5.6 have no openat2, and some sandboxes refuse it.
int open_by_components(int root, std::string_view relative) {
  Fd folder(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) {
    return -errno;
  }
  for (;;) {
    const size_t slash = relative.find('/');
    const std::string name(relative.substr(0, slash));
    relative = slash == std::string_view::npos ? std::string_view() : relative.substr(slash + 1);
    const bool last = relative.find_first_not_of('/') == std::string_view::npos;
    if (name.empty() || name == ".") {
      if (last) {
        return -EISDIR;
      }
      continue;
    }
    const int flags = last ? kOpenFile | O_NOFOLLOW : O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    const int fd = ::openat(folder.get(), name.c_str(), flags);
    if (fd < 0) {
      // With O_DIRECTORY a link is reported as ENOTDIR: tell it from a plain file in the middle of the path.
      struct stat st;
      const int error = errno;
      if (::fstatat(folder.get(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
        return -ELOOP;
      }
      return -error;
    }
    if (last) {
      return fd;
    }
    folder = Fd(fd);
  }
}

MappedFile::~MappedFile() {
  if (mapped_) {
    ::munmap(const_cast<std::byte*>(data_), size_);
  } else {
    Memory::process().release(const_cast<std::byte*>(data_));
  }
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Result<std::shared_ptr<const MappedFile>> MappedFile::adopt(int raw, std::string path, Mode mode, uint64_t max_bytes) {
  Fd fd(raw);
  struct stat st;
  if (::fstat(fd.get(), &st) != 0) {
    return file_error(path, errno);
  }
  if (!S_ISREG(st.st_mode)) {
    return outside(path, kind_of(st.st_mode));
  }
  const uint64_t size = static_cast<uint64_t>(st.st_size);
  if (size > max_bytes) {
    return Status(TENON_LIMIT, "'" + path + "' has " + std::to_string(size) + " bytes, at most " +
                                   std::to_string(max_bytes) + " are allowed")
        .with_value(path)
        .with_expectation(std::to_string(size), "at most " + std::to_string(max_bytes));
  }
  std::shared_ptr<MappedFile> file(new MappedFile);
  file->path_ = std::move(path);
  file->size_ = size;
  if (mode == Mode::read) {
    void* to = Memory::process().try_allocate(size, 64);
    if (to == nullptr && size > 0) {
      return Status(TENON_OUT_OF_MEMORY,
                    "no memory for the " + std::to_string(size) + " bytes of '" + file->path_ + "'");
    }
    file->data_ = static_cast<std::byte*>(to);
    TENON_RETURN_IF_ERROR(read_fully(fd.get(), file->path_, static_cast<std::byte*>(to), size));
    return std::shared_ptr<const MappedFile>(std::move(file));
  }
  if (size > 0) {
    void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (at == MAP_FAILED) {
      return Status(TENON_IO, "cannot map '" + file->path_ + "': " + words_of(errno), errno).with_value(file->path_);
    }
    file->data_ = static_cast<const std::byte*>(at);
    file->mapped_ = true;
  }
  file->fd_ = fd.release();
  return std::shared_ptr<const MappedFile>(std::move(file));
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::string& path, Mode mode, uint64_t max_bytes) {
  // O_NOCTTY and O_NONBLOCK: opening a device or pipe by mistake must have no effect and not wait.
  const int fd = ::open(path.c_str(), kOpenFile);
  if (fd < 0) {
    return file_error(path, errno);
  }
  return adopt(fd, path, mode, max_bytes);
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open_beneath(const std::string& root, const std::string& relative,
                                                                   Mode mode, uint64_t max_bytes, Links links) {
  const std::string base = root.empty() ? "." : root;
  if (const char* why = bad_relative(relative)) {
    return outside(relative, why);
  }
  const Fd folder(::open(base.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) {
    return file_error(base, errno);
  }
  const std::string path = base + "/" + relative;
  int fd = open_relative(folder.get(), relative);
  if (fd == -ELOOP && links == Links::into_blobs) {
    fd = open_blob(base, relative);
  }
  if (fd == -ELOOP) {
    return outside(path, "it is reached through a link");
  }
  if (fd == -EXDEV) {
    return outside(path, "it leads out of its folder");
  }
  if (fd == -ENXIO) {
    return outside(path, "it is a socket or device");
  }
  if (fd < 0) {
    return file_error(path, -fd);
  }
  return adopt(fd, path, mode, max_bytes);
}

Result<std::string> read_file(const std::string& path, uint64_t max_bytes) {
  TENON_ASSIGN_OR_RETURN(auto file, MappedFile::open(path, MappedFile::Mode::read, max_bytes));
  return std::string(reinterpret_cast<const char*>(file->data()), file->size());
}

Status write_file(const std::string& path, std::string_view content) {
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666));
  if (fd.get() < 0) {
    return file_error(path, errno);
  }
  while (!content.empty()) {
    const ssize_t n = ::write(fd.get(), content.data(), content.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return Status(TENON_IO, "cannot write '" + path + "': " + words_of(errno), errno).with_value(path);
    }
    content.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) {
    return file_error(path, errno);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> real_path(const std::string& path) {
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) {
    return file_error(path, errno);
  }
  std::string result = resolved;
  ::free(resolved);
  return result;
}

std::string writable_by_others(const std::string& path) {
  struct stat st;
  if (::stat(path.c_str(), &st) != 0) {
    return "cannot be examined: " + words_of(errno);
  }
  if (st.st_uid != 0 && st.st_uid != ::geteuid()) {
    return "belongs to user " + std::to_string(st.st_uid);
  }
  // In a sticky folder (such as the system's temporary one) only the owner of an entry can replace it.
  if (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0) {
    return "";
  }
  if ((st.st_mode & S_IWOTH) != 0) {
    return "is writable by everybody";
  }
  // A group with the number of its owner is that user's own group on systems that make one for each user.
  if ((st.st_mode & S_IWGRP) != 0 && st.st_gid != 0 && st.st_gid != st.st_uid) {
    return "is writable by group " + std::to_string(st.st_gid);
  }
  return "";
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) {
    return ".";
  }
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace tenon
