// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <unistd.h>

#include <cstring>

namespace tenon::conform {

namespace {

constexpr size_t kMostFindings = 12;  // of one check; a provider that is wrong everywhere says the same many times

}  // namespace

void Reporter::add(Finding finding) {
  for (char& c : finding.text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  if (finding.text.size() > 1500) finding.text.resize(1500);
  const std::lock_guard lock(mutex_);
  if (!seen_.insert(plugin::cat(finding.rule, finding.text)).second || seen_.size() > kMostFindings) return;
  if (finding.verdict == Verdict::fail) ++failures_;
  const char verdict = "FSN"[static_cast<int>(finding.verdict)];
  const std::string line = plugin::cat(verdict, finding.rule, " ", finding.text, "\n");
  // Below PIPE_BUF, so one write is whole or nothing.
  if (write(fd_, line.data(), line.size()) < 0) _exit(70);
}

void Reporter::set_step(const std::string& text) {
  const size_t len = std::min(text.size(), kStepBytes - 1);
  const std::lock_guard lock(mutex_);
  std::memcpy(step_text_, text.data(), len);
  step_text_[len] = '\0';
}

std::vector<Finding> parse_findings(const std::string& lines) {
  std::vector<Finding> out;
  size_t at = 0;
  while (at < lines.size()) {
    size_t end = lines.find('\n', at);
    if (end == std::string::npos) end = lines.size();
    const std::string line = lines.substr(at, end - at);
    at = end + 1;
    const size_t space = line.find(' ');
    const size_t verdict = line.empty() ? std::string::npos : std::string_view("FSN").find(line[0]);
    if (space == std::string::npos || verdict == std::string::npos) continue;
    Finding f;
    f.verdict = static_cast<Verdict>(verdict);
    f.rule = static_cast<uint32_t>(std::strtoul(line.c_str() + 1, nullptr, 10));
    f.text = line.substr(space + 1);
    out.push_back(std::move(f));
  }
  return out;
}

}  // namespace tenon::conform
