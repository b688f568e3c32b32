// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>

namespace tenon::cli {

namespace {

volatile std::sig_atomic_t g_interrupted = 0;
RunOptions* g_run_options = nullptr;

void on_interrupt(int) {
  g_interrupted = 1;
  if (g_run_options != nullptr) {
    g_run_options->cancel();  // tenon.h: safe in a signal handler
  }
  std::signal(SIGINT, SIG_DFL);
}

}  // namespace

Env Globals::open() const {
  EnvOptions options;
  options.threads = threads;
  options.provider_dirs = provider_dirs;
  options.no_default_dirs = no_default_dirs;
  options.log_level = verbosity == 0 ? 0 : static_cast<uint32_t>(2 + std::min(verbosity, 2));
  return Env(options);
}

std::pair<std::string, std::string> split_assignment(const std::string& text, std::string_view what) {
  size_t at = text.find('=');
  if (at == std::string::npos || at == 0) {
    throw UsageError("'" + text + "' is not " + std::string(what));
  }
  return {text.substr(0, at), text.substr(at + 1)};
}

void LoadOptions::add_to(CLI::App& command) {
  command.add_option("MODEL", model, "An ONNX model")->required()->type_name("FILE");
  command
      .add_option("-p,--provider", providers,
                  "Provider by id, in order of preference, with its options: cpu or ID:NAME=VALUE,...")
      ->allow_extra_args(false)
      ->type_name("ID");
  command.add_option("--policy", policy, "strict, warn or allow; naming a provider means strict")->type_name("POLICY");
  command.add_option("--fusion", fusion, "off: providers take single nodes only")->type_name("on|off");
  command.add_option("--passes", passes, "all, exact, none, or -NAME,... to switch some off")->type_name("LIST");
  command.add_option("-O,--option", settings, "Session option; a wrong name lists the nearest")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
}

SessionOptions LoadOptions::session_options(bool profile) const {
  SessionOptions options;
  for (const std::string& text : providers) {
    size_t colon = text.find(':');
    std::vector<std::pair<std::string, std::string>> own;
    if (colon != std::string::npos) {
      for (const std::string& one : CLI::detail::split(text.substr(colon + 1), ',')) {
        own.push_back(split_assignment(one, "a provider option NAME=VALUE"));
      }
    }
    options.provider(text.substr(0, colon), own);
  }
  for (const auto& [name, value] : {std::pair{"policy", policy}, {"fusion", fusion}, {"passes", passes}}) {
    if (!value.empty()) {
      options.set(name, value);
    }
  }
  if (profile) {
    options.set("profile", "on");
  }
  for (const std::string& text : settings) {
    auto [name, value] = split_assignment(text, "a session option NAME=VALUE");
    options.set(name, value);
  }
  return options;
}

Session LoadOptions::load(const Env& env, const SessionOptions& options) const {
  Progress progress("loading " + model);
  return Session(env, model, options);
}

Progress::Progress(std::string what)
    : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) != 0), start_(now_seconds()) {}

Progress::~Progress() {
  if (shown_) {
    std::fputs("\r\033[K", stderr);
  }
}

void Progress::update(uint64_t done, uint64_t total) {
  double elapsed = now_seconds() - start_;
  if (!terminal_ || elapsed < 0.3) {
    return;
  }
  shown_ = true;
  if (total > 0) {
    std::fprintf(stderr, "\r\033[K%s: %llu of %llu, %.1f s", what_.c_str(), static_cast<unsigned long long>(done),
                 static_cast<unsigned long long>(total), elapsed);
  } else {
    std::fprintf(stderr, "\r\033[K%s: %.1f s", what_.c_str(), elapsed);
  }
  std::fflush(stderr);
}

void Table::print() const {
  std::vector<size_t> widths;
  for (const auto& cells : rows_) {
    widths.resize(std::max(widths.size(), cells.size()));
    for (size_t i = 0; i < cells.size(); ++i) {
      widths[i] = std::max(widths[i], cells[i].size());
    }
  }
  for (const auto& cells : rows_) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string& cell = cells[i];
      std::string pad(widths[i] - cell.size(), ' ');
      bool number = !cell.empty() && (std::isdigit(static_cast<unsigned char>(cell[0])) != 0 || cell[0] == '-');
      line += (i > 0 ? "  " : "") + (number ? pad + cell : cell + pad);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    std::cout << line << '\n';
  }
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string human_bytes(double bytes) {
  const char* units[] = {"B", "kB", "MB", "GB", "TB"};
  size_t unit = 0;
  while (bytes >= 1000 && unit < 4) {
    bytes /= 1000;
    ++unit;
  }
  return fixed(bytes, unit == 0 ? 0 : 1) + " " + units[unit];
}

std::string human_ns(double ns) {
  const char* units[] = {"ns", "us", "ms", "s"};
  size_t unit = 0;
  while (ns >= 1000 && unit < 3) {
    ns /= 1000;
    ++unit;
  }
  return fixed(ns, unit == 0 ? 0 : ns < 10 ? 2 : 1) + " " + units[unit];
}

std::string text_at(const boost::json::value& object, std::string_view key) {
  const boost::json::value* found = object.as_object().if_contains(key);
  if (found == nullptr || found->is_null()) {
    return "";
  }
  return found->is_string() ? std::string(found->as_string()) : boost::json::serialize(*found);
}

double number_at(const boost::json::value& object, std::string_view key) {
  const boost::json::value* found = object.as_object().if_contains(key);
  return found == nullptr || !found->is_number() ? 0.0 : found->to_number<double>();
}

void print_json(const boost::json::value& value) { std::cout << boost::json::serialize(value) << '\n'; }

RunOptions& interruptible_run_options() {
  static RunOptions options;
  g_run_options = &options;
  std::signal(SIGINT, on_interrupt);
  return options;
}

bool interrupted() { return g_interrupted != 0; }

}  // namespace tenon::cli
