// SPDX-License-Identifier: Apache-2.0
// Links of a cache as Hugging Face's hub lays it out: CACHE/snapshots/COMMIT/model.onnx -> ../../blobs/NAME. A link is
// never followed: it is opened as itself, read, compared with the one way that is allowed, and its name opened in the
// blobs folder. Each step starts from a descriptor, so what is swapped in between is refused or not seen at all.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/file.hpp"

namespace tenon {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
constexpr std::string_view kSnapshots = "/snapshots/";

class Folder {
 public:
  explicit Folder(int fd = -1) : fd_(fd) {}
  Folder(Folder&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Folder& operator=(Folder&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Folder() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

struct Cache {
  Folder root, blobs;
  std::string inside;  // of the root: "snapshots/COMMIT/onnx"
};

// The innermost CACHE of which `folder` (a path without links) is CACHE/snapshots/COMMIT/..., with a blobs folder.
bool find_cache(const std::string& folder, Cache* out) {
  for (size_t at = folder.rfind(kSnapshots); at != std::string::npos; at = folder.rfind(kSnapshots, at - 1)) {
    Folder root(::open(at == 0 ? "/" : folder.substr(0, at).c_str(), kFolder));
    Folder blobs(root.fd() < 0 ? -1 : ::openat(root.fd(), "blobs", kFolder));
    if (blobs.fd() >= 0) {
      *out = {std::move(root), std::move(blobs), folder.substr(at + 1)};
      return true;
    }
    if (at == 0) {
      break;
    }
  }
  return false;
}

// What the link `name` says; "" when it is none.
std::string read_link(int folder, const std::string& name) {
  const Folder link(::openat(folder, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  char text[PATH_MAX];
  const ssize_t length = link.fd() < 0 ? -1 : ::readlinkat(link.fd(), "", text, sizeof text);
  return length <= 0 || length == sizeof text ? std::string() : std::string(text, static_cast<size_t>(length));
}

}  // namespace

int open_blob(const std::string& folder, std::string_view relative) {
  const auto real = real_path(folder);
  Cache cache;
  if (!real.ok() || !find_cache(*real, &cache)) {
    return -ELOOP;
  }
  std::string path = cache.inside + "/" + std::string(relative);
  std::string way = "blobs/";  // from where the link lies
  Folder at = std::move(cache.root);
  std::string name;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") {
      continue;
    }
    if (!name.empty()) {
      Folder next(::openat(at.fd(), name.c_str(), kFolder));
      if (next.fd() < 0) {
        return errno == ENOENT ? -ENOENT : -ELOOP;
      }
      at = std::move(next);
      way.insert(0, "../");
    }
    name = part;
  }
  const std::string says = read_link(at.fd(), name);
  if (!says.starts_with(way)) {
    return -ELOOP;
  }
  const std::string blob = says.substr(way.size());
  if (blob.empty() || blob == "." || blob == ".." || blob.find('/') != std::string::npos) {
    return -ELOOP;
  }
  // NONBLOCK: a pipe must not hang us.
  const int fd = ::openat(cache.blobs.fd(), blob.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  return fd < 0 ? -errno : fd;
}

}  // namespace tenon
