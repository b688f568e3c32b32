// SPDX-License-Identifier: Apache-2.0
// tenon-conform: checks any provider against the rules of the ABI (plugin-api/README.md).
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "checks.hpp"
#include "child.hpp"

namespace tenon::conform {
namespace {

constexpr int kTimeoutSeconds = 120;  // of one check
constexpr int kBroken = 1;            // exit status: a rule is broken
constexpr int kUsage = 2;

struct Result {
  std::string check;
  std::vector<Finding> findings;

  bool has(Verdict verdict) const {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.verdict == verdict; });
  }
  const char* verdict() const { return has(Verdict::fail) ? "FAIL" : has(Verdict::skip) ? "skip" : "pass"; }
};

struct Options {
  std::string manifest;
  bool json = false;
  bool list = false;
  bool verbose = false;
  uint32_t rule = 0;    // 0: all
  std::string fault;    // NAME=VALUE
  std::string library;  // of the variant to check; empty: the best one
};

void print_result(const Result& result, bool verbose) {
  std::printf("%s  %s\n", result.verdict(), result.check.c_str());
  for (const Finding& f : result.findings) {
    if (f.verdict == Verdict::fail)
      std::printf("      rule %u: %s\n", f.rule, f.text.c_str());
    else if (verbose || f.verdict == Verdict::skip)
      std::printf("      %s\n", f.text.c_str());
  }
  std::fflush(stdout);
}

std::set<uint32_t> broken_rules(const std::vector<Result>& results) {
  std::set<uint32_t> out;
  for (const Result& r : results) {
    for (const Finding& f : r.findings) {
      if (f.verdict == Verdict::fail) out.insert(f.rule);
    }
  }
  return out;
}

void print_json(const Manifest& manifest, const std::vector<Result>& results) {
  namespace json = boost::json;
  json::array checks_out;
  for (const Result& r : results) {
    json::array findings;
    for (const Finding& f : r.findings) {
      findings.push_back({{"kind", f.verdict == Verdict::fail   ? "fail"
                                   : f.verdict == Verdict::skip ? "skip"
                                                                : "note"},
                          {"rule", f.rule},
                          {"text", f.text}});
    }
    checks_out.push_back({{"check", r.check}, {"verdict", r.verdict()}, {"findings", findings}});
  }
  json::array rules;
  for (const uint32_t rule : broken_rules(results)) rules.push_back(rule);
  const json::object out{{"manifest", manifest.path},
                         {"id", manifest.id},
                         {"version", manifest.version},
                         {"broken_rules", rules},
                         {"checks", checks_out}};
  std::printf("%s\n", json::serialize(out).c_str());
}

void print_summary(const Manifest& manifest, const std::vector<Result>& results) {
  const std::set<uint32_t> rules = broken_rules(results);
  const auto skipped = std::count_if(results.begin(), results.end(),
                                     [](const Result& r) { return !r.has(Verdict::fail) && r.has(Verdict::skip); });
  std::string text;
  for (const uint32_t r : rules) text += plugin::cat(text.empty() ? "" : ", ", r);
  std::printf("%s %s: %zu checks, %zu skipped, %s\n", manifest.id.c_str(), manifest.version.c_str(), results.size(),
              static_cast<size_t>(skipped), rules.empty() ? "no rule broken" : ("rules broken: " + text).c_str());
}

/// Keeps what `rule` is about, and what no rule is.
void keep_rule(Result& result, uint32_t rule) {
  std::erase_if(result.findings, [&](const Finding& f) { return f.verdict == Verdict::fail && f.rule != rule; });
}

int run(const Options& options) {
  std::vector<Result> results;
  const auto add = [&](Result result) {
    if (options.rule != 0) keep_rule(result, options.rule);
    if (!options.json) print_result(result, options.verbose);
    results.push_back(std::move(result));
  };
  Result first{"manifest", {}};
  Manifest manifest = read_manifest(options.manifest, first.findings);
  manifest.path = options.manifest;
  manifest.fault_option = options.fault.substr(0, options.fault.find('='));
  if (options.fault.find('=') != std::string::npos)
    manifest.fault_value = options.fault.substr(options.fault.find('=') + 1);
  manifest.wanted_library = options.library;
  const bool malformed = first.has(Verdict::fail);
  if (!malformed && manifest.chosen() == nullptr) {
    first.findings.push_back({Verdict::skip, 0, "no variant of the manifest is for this machine"});
  }
  add(first);
  if (manifest.chosen() != nullptr) {
    // From a folder of no meaning: nothing may depend on the current one.
    if (chdir("/") != 0) return kUsage;
    for (const Check& check : checks()) {
      const bool wanted = options.rule == 0 || check.rule == options.rule ||
                          std::count(check.rules.begin(), check.rules.end(), options.rule) != 0;
      if (!wanted) continue;
      add({std::string(check.name),
           run_in_child(check.rule, kTimeoutSeconds, [&](Reporter& report) { check.run(report, manifest); })});
      if (broken_rules({results.back()}).contains(10)) expect_missed_signals();  // the next child inherits it
    }
  }
  if (options.json)
    print_json(manifest, results);
  else
    print_summary(manifest, results);
  return broken_rules(results).empty() ? EXIT_SUCCESS : kBroken;
}

int list_checks() {
  std::printf("manifest       rule 5       the manifest is complete, its libraries are there and named\n");
  for (const Check& c : checks()) {
    std::string rules;
    for (const uint32_t r : c.rules) rules += plugin::cat(rules.empty() ? "" : ",", r);
    std::printf("%-14s rule %-7s %s\n", std::string(c.name).c_str(), rules.c_str(), std::string(c.text).c_str());
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace tenon::conform

int main(int argc, char** argv) {
  using tenon::conform::kUsage;
  CLI::App app{
      "Checks a provider against the rules of Tenon's provider ABI. Each check loads the library in a process "
      "of its own, so that a crash is a finding."};
  app.footer(
      "Examples:\n  tenon conform build/tenon/providers.d/tenon-acme.json\n"
      "  tenon conform --rule 12 --verbose tenon-acme.json\n"
      "Exit status: 0 no rule is broken, 1 one is, 2 wrong usage.");
  tenon::conform::Options options;
  app.add_option("manifest", options.manifest, "The provider's manifest (a .json file)");
  app.add_flag("--json", options.json, "Print one JSON object instead of text");
  app.add_flag("--verbose,-v", options.verbose, "Print notes too");
  app.add_flag("--list", options.list, "Print the checks and leave");
  app.add_option("--rule", options.rule, "Only what this rule is about")->check(CLI::Range(1, 17));
  app.add_option("--library", options.library, "Check the variant of this library instead of the best one for here");
  app.add_option("--fault", options.fault, "NAME=VALUE: an option of the provider with which one run fails late");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? EXIT_SUCCESS : kUsage;
  }
  if (options.list) return tenon::conform::list_checks();
  if (options.manifest.empty()) {
    std::fprintf(stderr, "tenon-conform: name a manifest, for example tenon-acme.json\n");
    return kUsage;
  }
  options.manifest = std::filesystem::absolute(options.manifest).string();
  return tenon::conform::run(options);
}
