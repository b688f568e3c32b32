// SPDX-License-Identifier: Apache-2.0
#include "state.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cfenv>
#include <clocale>
#include <csignal>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tenon::conform {

namespace {

std::vector<uintptr_t> signal_handlers() {
  std::vector<uintptr_t> out;
  for (int s = 1; s < NSIG; ++s) {
    struct sigaction action {};
    uintptr_t handler = 0;
    if (sigaction(s, nullptr, &action) == 0) {
      handler = (action.sa_flags & SA_SIGINFO) != 0 ? reinterpret_cast<uintptr_t>(action.sa_sigaction)
                                                    : reinterpret_cast<uintptr_t>(action.sa_handler);
    }
    out.push_back(handler);
  }
  return out;
}

template <class F>
void for_each_entry(const char* folder, F&& fn) {
  DIR* dir = opendir(folder);
  if (dir == nullptr) return;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] != '.' && std::atoi(entry->d_name) != dirfd(dir)) fn(entry->d_name);
  }
  closedir(dir);
}

}  // namespace

uint64_t float_state() {
#if defined(__x86_64__)
  constexpr uint64_t sticky = 0x3F;
  return (_mm_getcsr() & ~sticky) | static_cast<uint64_t>(std::fegetround()) << 32;
#elif defined(__aarch64__)
  uint64_t control = 0;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return control;
#else
  return static_cast<uint64_t>(std::fegetround());
#endif
}

uint32_t count_threads() {
  uint32_t n = 0;
  for_each_entry("/proc/self/task", [&](const char*) { ++n; });
  return n;
}

ProcessState process_state() {
  ProcessState out;
  out.handlers = signal_handlers();
  out.locale = std::setlocale(LC_ALL, nullptr);
  char folder[4096];
  if (getcwd(folder, sizeof(folder)) != nullptr) out.folder = folder;
  const mode_t mask = umask(0);
  umask(mask);
  out.mask = mask;
  out.float_state = float_state();
  for_each_entry("/proc/self/fd", [&](const char* name) {
    char target[512] = {};
    const std::string path = plugin::cat("/proc/self/fd/", std::string_view(name));
    if (readlink(path.c_str(), target, sizeof(target) - 1) > 0) {
      out.files.push_back(plugin::cat(std::string_view(name), " -> ", std::string_view(target)));
    }
  });
  std::sort(out.files.begin(), out.files.end());
  out.threads = count_threads();
  return out;
}

void compare_states(const ProcessState& before, const ProcessState& after, Reporter& report) {
  for (size_t i = 0; i < before.handlers.size(); ++i) {
    if (before.handlers[i] != after.handlers[i]) {
      report.fail(12, "the handler of signal ", i + 1, " (", std::string_view(strsignal(static_cast<int>(i) + 1)),
                  ") was changed");
    }
  }
  if (before.locale != after.locale) report.fail(12, "the locale was changed to ", after.locale);
  if (before.folder != after.folder) report.fail(12, "the current directory was changed to ", after.folder);
  if (before.mask != after.mask) report.fail(12, "the umask was changed to ", after.mask);
  if (before.float_state != after.float_state) {
    report.fail(12, "rounding mode or flush-to-zero was changed: control word ", before.float_state, " became ",
                after.float_state);
  }
}

void compare_files(const ProcessState& before, const ProcessState& after, Reporter& report) {
  for (const std::string& file : after.files) {
    if (!std::binary_search(before.files.begin(), before.files.end(), file)) {
      report.fail(16, "file descriptor ", file, " was left open");
    }
  }
}

}  // namespace tenon::conform
