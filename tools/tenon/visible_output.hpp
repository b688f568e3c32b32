// SPDX-License-Identifier: Apache-2.0
// Output that cannot drive a terminal: names come out of models, which may be anybody's.
#pragma once

#include <ostream>
#include <streambuf>

namespace tenon::cli {

// While it lives, control characters but newline and tab that are written to `out` come out as \x1b.
class VisibleOutput : public std::streambuf {
 public:
  explicit VisibleOutput(std::ostream& out) : out_(out), to_(out.rdbuf(this)) {}
  ~VisibleOutput() override { out_.rdbuf(to_); }
  VisibleOutput(const VisibleOutput&) = delete;
  VisibleOutput& operator=(const VisibleOutput&) = delete;

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize n) override;
  int sync() override { return to_->pubsync(); }

 private:
  std::ostream& out_;
  std::streambuf* to_;
};

}  // namespace tenon::cli
