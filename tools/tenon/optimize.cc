// SPDX-License-Identifier: Apache-2.0
// tenon optimize: the graph after the passes as an ONNX model.
#include <charconv>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>

#include "command.hpp"

namespace tenon::cli {

namespace {

struct OptimizeCommand {
  LoadOptions load;
  std::string out;
  std::vector<std::string> dims;
  uint32_t opset = 0;
  bool external_data = false, dense = false, json = false;
};

// "Gelu 12, LayerNormalization 25"
std::string counts_at(const boost::json::value& report, std::string_view key) {
  std::string text;
  for (const auto& [name, count] : report.at(key).as_object()) {
    text += (text.empty() ? "" : ", ") + std::string(name) + ' ' + boost::json::serialize(count);
  }
  return text;
}

void print_report(const OptimizeCommand& command, const boost::json::value& report, double seconds) {
  std::cout << command.out << ": opset " << text_at(report, "opset") << ", " << text_at(report, "nodes_before")
            << " nodes -> " << text_at(report, "nodes") << ", " << human_bytes(number_at(report, "bytes")) << ", "
            << fixed(seconds, 1) << " s\n";
  if (const boost::json::value& external = report.at("external"); !external.is_null()) {
    std::cout << "weights: " << (std::filesystem::path(command.out).parent_path() / text_at(external, "file")).string()
              << ", " << human_bytes(number_at(external, "bytes"))
              << (command.external_data ? "" : " (in one file they would pass the 2 GB that protobuf reads)") << '\n';
  }
  std::cout << "operators: " << counts_at(report, "operators") << '\n';
  const std::pair<const char*, const char*> parts[] = {{"taken apart for this opset", "expanded"},
                                                       {"written in an older form", "lowered"}};
  for (const auto& [label, key] : parts) {
    if (const std::string counts = counts_at(report, key); !counts.empty()) {
      std::cout << label << ": " << counts << '\n';
    }
  }
  Table table({"pass", "class", "changes", "ms"});
  bool any = false;
  for (const boost::json::value& pass : report.at("passes").as_array()) {
    if (number_at(pass, "changed") > 0) {
      any = true;
      table.row({text_at(pass, "name"), text_at(pass, "class"), fixed(number_at(pass, "changed"), 0),
                 fixed(number_at(pass, "ms"), 2)});
    }
  }
  if (any) {
    std::cout << '\n';
    table.print();
  }
}

void optimize_to_file(const OptimizeCommand& command, const Globals& globals) {
  Env env = globals.open();
  SessionOptions options = command.load.session_options();
  for (const std::string& text : command.dims) {
    const auto [name, digits] = split_assignment(text, "a dim NAME=N");
    int64_t size = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (error != std::errc() || end != digits.data() + digits.size()) {
      throw UsageError("--dim " + text + ": '" + digits + "' is not a size");
    }
    options.dim(name, size);
  }
  OptimizeOptions how;
  how.opset = command.opset;
  how.external_data = command.external_data;
  how.dense_constants = command.dense;
  how.run = &interruptible_run_options();
  Progress progress("optimizing " + command.load.model);
  how.progress = [&](uint64_t done, uint64_t total) { progress.update(done >> 20, total >> 20); };
  const double begin = now_seconds();
  const boost::json::value report = boost::json::parse(optimize(env, command.load.model, command.out, options, how));
  const double seconds = now_seconds() - begin;
  if (command.json) {
    print_json(report);
  } else {
    print_report(command, report, seconds);
  }
}

}  // namespace

void add_optimize(CLI::App& app, const Globals& globals) {
  CLI::App* sub = app.add_subcommand("optimize", "Write the optimised graph as an ONNX model");
  auto command = std::make_shared<OptimizeCommand>();
  command->load.add_to(*sub);
  sub->add_option("-o,--output", command->out, "The model to write; whole or not at all")
      ->required()
      ->type_name("FILE");
  sub->add_option("--opset", command->opset, "Opset of ai.onnx to write for (default: the model's own)")
      ->type_name("N");
  sub->add_option("--dim", command->dims, "Fix a named dim")->allow_extra_args(false)->type_name("NAME=N");
  sub->add_flag("--external-data", command->external_data,
                "Put weights into FILE.data (else only when FILE would pass 2 GB)");
  sub->add_flag("--dense", command->dense, "Write out constants of one repeated value, which are else ConstantOfShape");
  sub->add_flag("--json", command->json, "Print JSON");
  sub->footer(
      "Examples:\n"
      "  tenon optimize model.onnx -o small.onnx\n"
      "  tenon optimize model.onnx -o old.onnx --opset 13 --passes exact\n"
      "  tenon optimize model.onnx -o fixed.onnx --dim batch=1\n"
      "  tenon optimize model.onnx -o apart.onnx --external-data\n"
      "Passes keep what any runtime reads: nothing that is a provider's own is written. Operators that passes made "
      "are\n"
      "written as their parts where the opset has none; a node without an exact form in it is an error that names it.");
  sub->callback([command, &globals] { optimize_to_file(*command, globals); });
}

}  // namespace tenon::cli
