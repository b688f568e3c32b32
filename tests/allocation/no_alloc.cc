// SPDX-License-Identifier: Apache-2.0
// Counts calls of the allocator and of mmap on any thread while tenon_session_run is under way:
//   no_alloc MODEL [NAME=N...]      dims of inputs that the model leaves open (default 1)
// Run 1 is free to allocate; runs 2 to 100, with inputs and outputs bound to this program's memory, must not. Exit
// status 1 when one did, with the function and a count. The functions are interposed, so libraries' calls count too.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <tenon/tenon.hpp>
#include <vector>

namespace {

enum Function { kMalloc, kCalloc, kRealloc, kAligned, kMmap, kFunctions };
constexpr const char* kNames[kFunctions] = {"malloc", "calloc", "realloc", "aligned_alloc", "mmap"};
std::atomic<bool> g_counting{false};
std::atomic<unsigned> g_calls[kFunctions];

void count(Function function) {
  if (g_counting.load(std::memory_order_relaxed)) {
    g_calls[function].fetch_add(1, std::memory_order_relaxed);
  }
}

}  // namespace

// operator new calls malloc, so it is counted there. glibc's own entry points stay reachable by these names.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t bytes) {
  count(kMalloc);
  return __libc_malloc(bytes);
}
void* calloc(size_t n, size_t bytes) {
  count(kCalloc);
  return __libc_calloc(n, bytes);
}
void* realloc(void* old, size_t bytes) {
  count(kRealloc);
  return __libc_realloc(old, bytes);
}
void* aligned_alloc(size_t align, size_t bytes) {
  count(kAligned);
  return __libc_memalign(align, bytes);
}
void* memalign(size_t align, size_t bytes) {
  count(kAligned);
  return __libc_memalign(align, bytes);
}
int posix_memalign(void** out, size_t align, size_t bytes) {
  count(kAligned);
  *out = __libc_memalign(align, bytes);
  return *out == nullptr ? 12 : 0;
}
void* mmap(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  count(kMmap);
  return reinterpret_cast<void*>(syscall(SYS_mmap, at, bytes, protection, flags, fd, offset));
}
}

namespace {

tenon::Value make_input(const tenon::Io& io, const std::map<std::string, int64_t>& sizes) {
  std::vector<int64_t> dims = io.dims;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    auto given = sizes.find(io.symbols[axis]);
    dims[axis] = dims[axis] >= 0 ? dims[axis] : given == sizes.end() ? 1 : given->second;
  }
  tenon::Value value = tenon::Value::create(io.dtype, dims);  // zeros: valid token ids, masks and pictures
  if (io.name == "attention_mask") {
    for (int64_t& one : value.data<int64_t>()) {
      one = 1;
    }
  }
  return value;
}

int check(int argc, char** argv) {
  std::map<std::string, int64_t> sizes;
  for (int i = 2; i < argc; ++i) {
    const char* equals = std::strchr(argv[i], '=');
    if (equals == nullptr) {
      throw std::runtime_error(std::string(argv[i]) + " is not NAME=N");
    }
    sizes[std::string(argv[i], static_cast<size_t>(equals - argv[i]))] = std::atoll(equals + 1);
  }
  tenon::Env env;
  tenon::Session session(env, argv[1]);
  std::vector<tenon::Value> inputs;
  for (const tenon::Io& io : session.inputs()) {
    inputs.push_back(make_input(io, sizes));
  }
  std::vector<tenon::Value> outputs = session.run(inputs);
  std::vector<const tenon_value*> in;
  std::vector<tenon_value*> out;
  for (const tenon::Value& value : inputs) {
    in.push_back(value.get());
  }
  for (const tenon::Value& value : outputs) {
    out.push_back(value.get());
  }
  // The C call beneath tenon::Session::run_into, whose vectors would count.
  tenon_status status{};
  status.size = sizeof status;
  for (int run = 2; run <= 100; ++run) {
    g_counting = true;
    int32_t code = tenon_session_run(session.get(), nullptr, in.data(), static_cast<uint32_t>(in.size()), out.data(),
                                     static_cast<uint32_t>(out.size()), nullptr, &status);
    g_counting = false;
    if (code != TENON_OK) {
      std::fprintf(stderr, "run %d: %s\n", run, status.msg);
      return 1;
    }
  }
  unsigned total = 0;
  for (int i = 0; i < kFunctions; ++i) {
    total += g_calls[i];
    if (g_calls[i] > 0) {
      std::printf("%s: %u calls\n", kNames[i], g_calls[i].load());
    }
  }
  std::printf("%s: %u calls in runs 2 to 100 (%s)\n", argv[1], total, session.placement_line().c_str());
  return total == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try {
  return argc < 2 ? (std::fputs("no_alloc MODEL [NAME=N...]\n", stderr), 2) : check(argc, argv);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
