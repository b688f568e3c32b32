// SPDX-License-Identifier: Apache-2.0
#include "child.hpp"

#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

namespace tenon::conform {

namespace {

constexpr int kDone = 93;    // exit status of a child that came to its end
constexpr int kThrown = 94;  // and of one that something was thrown out of

[[noreturn]] void be_child(int fd, char* step, const std::function<void(Reporter&)>& body) {
  Reporter reporter(fd, step);
  // What the provider prints must not mix with the report.
  dup2(STDERR_FILENO, STDOUT_FILENO);
  try {
    body(reporter);
  } catch (const std::exception& e) {
    reporter.fail(1, "an exception left the provider while ", reporter.step_text(), ": ", e.what());
    _exit(kThrown);
  } catch (...) {
    reporter.fail(1, "an exception left the provider while ", reporter.step_text());
    _exit(kThrown);
  }
  _exit(kDone);
}

/// Everything that arrives until the other end closes; false when the time is over.
bool read_all(int fd, int timeout_s, std::string& out) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(timeout_s);
  char block[4096];
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd p{fd, POLLIN, 0};
    if (poll(&p, 1, static_cast<int>(left.count())) <= 0) continue;
    const ssize_t n = read(fd, block, sizeof(block));
    if (n <= 0) return true;
    out.append(block, static_cast<size_t>(n));
  }
}

}  // namespace

std::vector<Finding> run_in_child(uint32_t rule, int timeout_s, const std::function<void(Reporter&)>& body) {
  int ends[2];
  void* shared = mmap(nullptr, Reporter::kStepBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || pipe(ends) != 0) return {{Verdict::fail, rule, "the system gives no memory or pipe"}};
  auto* step = static_cast<char*>(shared);
  std::strcpy(step, "loading the library");
  std::fflush(nullptr);
  const pid_t pid = fork();
  if (pid < 0) return {{Verdict::fail, rule, "the system gives no process"}};
  if (pid == 0) {
    close(ends[0]);
    be_child(ends[1], step, body);
  }
  close(ends[1]);
  std::string lines;
  const bool in_time = read_all(ends[0], timeout_s, lines);
  close(ends[0]);
  if (!in_time) kill(pid, SIGKILL);
  int status = 0;
  waitpid(pid, &status, 0);
  std::vector<Finding> out = parse_findings(lines);
  const std::string while_step = plugin::cat(" while ", std::string_view(step));
  if (!in_time) {
    out.push_back({Verdict::fail, rule, plugin::cat("no answer within ", timeout_s, " s", while_step)});
  } else if (WIFSIGNALED(status)) {
    out.push_back({Verdict::fail, rule,
                   plugin::cat("signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")", while_step)});
  } else if (WEXITSTATUS(status) != kDone && WEXITSTATUS(status) != kThrown) {
    out.push_back(
        {Verdict::fail, 12, plugin::cat("the process was ended with status ", WEXITSTATUS(status), while_step)});
  }
  munmap(shared, Reporter::kStepBytes);
  return out;
}

}  // namespace tenon::conform
