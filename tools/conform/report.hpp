// SPDX-License-Identifier: Apache-2.0
// What a check found, and how it reaches the parent when the check's process dies in the middle.
#ifndef TOOLS_CONFORM_REPORT_HPP_
#define TOOLS_CONFORM_REPORT_HPP_

#include <tenon/provider/error.hpp>

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace tenon::conform {

enum class Verdict { fail, skip, note };

struct Finding {
  Verdict verdict = Verdict::fail;
  uint32_t rule = 0;  // 1 to 17; 0 for skip and note
  std::string text;
};

/// Collects what one check finds and writes each finding to `fd` at once, one line each. Thread-safe. A text is
/// reported once; after 12 findings the rest are dropped.
class Reporter {
 public:
  /// `step_text`: shared memory of kStepBytes that holds what is being done, for the case of a crash.
  Reporter(int fd, char* step_text) : fd_(fd), step_text_(step_text) {}
  static constexpr size_t kStepBytes = 256;

  template <class... Parts>
  void fail(uint32_t rule, const Parts&... parts) {
    add({Verdict::fail, rule, plugin::cat(parts...)});
  }
  template <class... Parts>
  void skip(const Parts&... parts) {
    add({Verdict::skip, 0, plugin::cat(parts...)});
  }
  template <class... Parts>
  void note(const Parts&... parts) {
    add({Verdict::note, 0, plugin::cat(parts...)});
  }
  template <class... Parts>
  void step(const Parts&... parts) {
    set_step(plugin::cat(parts...));
  }
  std::string step_text() const { return step_text_; }
  size_t failures() const { return failures_; }

 private:
  void add(Finding finding);
  void set_step(const std::string& text);

  int fd_;
  char* step_text_;
  std::mutex mutex_;
  std::set<std::string> seen_;
  size_t failures_ = 0;
};

/// The findings in what a Reporter wrote.
std::vector<Finding> parse_findings(const std::string& lines);

}  // namespace tenon::conform

#endif  // TOOLS_CONFORM_REPORT_HPP_
