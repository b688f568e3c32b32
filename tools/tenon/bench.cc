// SPDX-License-Identifier: Apache-2.0
// tenon bench: time of a run, load time, peak memory, and which nodes take the time.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>

#include "inputs.hpp"

namespace tenon::cli {

namespace {

struct BenchCommand {
  LoadOptions load;
  InputOptions inputs;
  double seconds = 3;
  uint64_t runs = 0;
  uint64_t warmup = 3;
  size_t top = 20;
  bool profile = false, json = false;
};

// Peak resident memory of this process in bytes (VmHWM); 0 when the system does not tell.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) {
      return std::stod(line.substr(6)) * 1024;
    }
  }
  return 0;
}

// Nanoseconds of each run, sorted.
std::vector<double> measure(const BenchCommand& command, const Session& session, const Inputs& inputs) {
  RunOptions& options = interruptible_run_options();
  std::vector<Value> outputs = session.run(inputs.values, &options);
  for (uint64_t i = 1; i < command.warmup; ++i) {
    session.run_into(inputs.values, outputs, &options);
  }
  Progress progress("measuring");
  std::vector<double> times;
  double begin = now_seconds();
  for (uint64_t run = 0;; ++run) {
    double start = now_seconds();
    if (command.runs > 0 ? run >= command.runs : start - begin >= command.seconds && run >= 10) {
      break;
    }
    session.run_into(inputs.values, outputs, &options);
    times.push_back((now_seconds() - start) * 1e9);
    progress.update(run + 1, command.runs);
  }
  std::sort(times.begin(), times.end());
  return times;
}

void print_profile(const boost::json::value& profile, size_t top) {
  Table table({"share", "total", "calls", "provider", "operator", "node"});
  size_t shown = 0;
  for (const boost::json::value& node : profile.at("nodes").as_array()) {
    if (shown++ == top) {
      break;
    }
    table.row({fixed(100 * number_at(node, "share"), 1) + "%", human_ns(number_at(node, "total_ns")),
               fixed(number_at(node, "calls"), 0), text_at(node, "provider"), text_at(node, "op"),
               text_at(node, "path")});
  }
  std::cout << '\n';
  table.print();
  if (const double overlap = number_at(profile, "overlap_ns"); overlap > 0) {
    std::cout << "work side by side: the rows sum to " << human_ns(overlap) << " more than the time that it took\n";
  }
}

void bench(const BenchCommand& command, const Globals& globals) {
  Env env = globals.open();
  double start = now_seconds();
  Session session = command.load.load(env, command.load.session_options(command.profile));
  double load_ns = (now_seconds() - start) * 1e9;
  Inputs inputs = make_inputs(session, command.inputs);
  std::vector<double> times = measure(command, session, inputs);
  if (times.empty()) {
    throw UsageError("--runs must be at least 1");
  }
  double least = times.front(), median = times[times.size() / 2];
  double p99 = times[std::min(times.size() - 1, times.size() * 99 / 100)];
  boost::json::value profile;
  if (command.profile) {
    profile = boost::json::parse(session.profile_json());
  }
  if (command.json) {
    boost::json::object result{{"model", command.load.model},
                               {"runs", times.size()},
                               {"min_ns", least},
                               {"median_ns", median},
                               {"p99_ns", p99},
                               {"load_ns", load_ns},
                               {"peak_bytes", peak_bytes()},
                               {"placement", session.placement_line()}};
    if (command.profile) {
      result["profile"] = profile;
    }
    print_json(result);
    return;
  }
  std::cout << "runs      " << times.size() << "\nmin       " << human_ns(least) << "\nmedian    " << human_ns(median)
            << "\np99       " << human_ns(p99) << "\nload      " << human_ns(load_ns) << "\npeak      "
            << human_bytes(peak_bytes()) << "\nplacement " << session.placement_line() << '\n';
  if (command.profile) {
    print_profile(profile, command.top);
  }
}

}  // namespace

void add_bench(CLI::App& app, const Globals& globals) {
  CLI::App* sub = app.add_subcommand("bench", "Measure runs: min, median, p99, load time, peak memory");
  auto command = std::make_shared<BenchCommand>();
  command->load.add_to(*sub);
  command->inputs.add_to(*sub);
  sub->add_option("--seconds", command->seconds, "Measure for so long (default 3)")->type_name("S");
  sub->add_option("--runs", command->runs, "Measure so many runs instead")->type_name("N");
  sub->add_option("--warmup", command->warmup, "Runs before the measurement (default 3, at least 1)")->type_name("N");
  sub->add_flag("--profile", command->profile, "Keep spans and rank the nodes (costs a little time)");
  sub->add_option("--top", command->top, "Rows of that table (default 20)")->type_name("N");
  sub->add_flag("--json", command->json, "Print JSON");
  sub->footer(
      "Examples:\n  tenon bench model.onnx --dim batch=8\n  tenon --threads 1 bench model.onnx -p cpu --profile");
  sub->callback([command, &globals] { bench(*command, globals); });
}

}  // namespace tenon::cli
