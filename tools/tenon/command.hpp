// SPDX-License-Identifier: Apache-2.0
// What the sub-commands of `tenon` share: options that every one has, errors, sessions, printing.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <tenon/tenon.hpp>
#include <vector>

namespace tenon::cli {

// A mistake in how the command was called: exit status 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Options of the whole command.
struct Globals {
  std::vector<std::string> provider_dirs;
  bool no_default_dirs = false;
  uint32_t threads = 0;
  int verbosity = 0;  // -v info, -vv debug

  Env open() const;
};

// Options of sub-commands that load a model.
struct LoadOptions {
  std::string model;
  std::vector<std::string> providers;  // "cpu" or "cpu:name=value,name=value"
  std::string policy, fusion, passes;
  std::vector<std::string> settings;  // "name=value"

  void add_to(CLI::App& command);
  // dims: "NAME=N" pairs that fix a symbol at load; profile: spans are kept.
  SessionOptions session_options(bool profile = false) const;
  // Loads with a progress line on a terminal.
  Session load(const Env& env, const SessionOptions& options) const;
};

// Splits "name=value"; throws UsageError that names `what` when there is no '='.
std::pair<std::string, std::string> split_assignment(const std::string& text, std::string_view what);

// A line on standard error that is overwritten, shown on a terminal only, after 300 ms.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();
  // done of total, both 0: only the elapsed time.
  void update(uint64_t done, uint64_t total);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  std::string what_;
  bool terminal_;
  bool shown_ = false;
  double start_;
};

// Columns aligned by the widest cell; numbers (cells that begin with a digit or '-') to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> head) : rows_{std::move(head)} {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

double now_seconds();
// "1.5 MB", "12 B"; units of 1000.
std::string human_bytes(double bytes);
// "12.3 us", "4.56 ms".
std::string human_ns(double ns);
std::string fixed(double value, int digits);
// Text of a JSON member, "" when it is absent or null.
std::string text_at(const boost::json::value& object, std::string_view key);
double number_at(const boost::json::value& object, std::string_view key);
void print_json(const boost::json::value& value);

// Set by Ctrl-C; the second Ctrl-C ends the process. The options given here are cancelled by it.
RunOptions& interruptible_run_options();
bool interrupted();

// Each adds one sub-command.
void add_providers(CLI::App& app, const Globals& globals);
void add_run(CLI::App& app, const Globals& globals);
void add_inspect(CLI::App& app, const Globals& globals);
void add_explain(CLI::App& app, const Globals& globals);
void add_bench(CLI::App& app, const Globals& globals);
void add_optimize(CLI::App& app, const Globals& globals);
void add_completion(CLI::App& app);

}  // namespace tenon::cli
