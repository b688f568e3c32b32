// SPDX-License-Identifier: Apache-2.0
// tenon inspect: what is in a model.
#include <iostream>
#include <memory>

#include "command.hpp"

namespace tenon::cli {

namespace {

struct InspectCommand {
  LoadOptions load;
  std::string ir;
  bool json = false;
};

std::string shape_text(const Io& io) {
  if (!io.rank_known) {
    return io.type;
  }
  std::string text = io.type + " [";
  for (size_t axis = 0; axis < io.dims.size(); ++axis) {
    text += axis > 0 ? ", " : "";
    text += io.dims[axis] >= 0 ? std::to_string(io.dims[axis]) : io.symbols[axis].empty() ? "?" : io.symbols[axis];
  }
  return text + "]";
}

void print_io(const char* title, const std::vector<Io>& all) {
  Table table({title, "type"});
  for (const Io& io : all) {
    table.row({"  " + io.name, shape_text(io) + (io.optional ? " (optional)" : "")});
  }
  table.print();
}

// One line for each member of an object: "  name  value".
void print_members(const char* title, const boost::json::value& value) {
  if (!value.is_object() || value.as_object().empty()) {
    return;
  }
  Table table({title, ""});
  for (const auto& [name, member] : value.as_object()) {
    std::string text = member.is_string() ? std::string(member.as_string()) : boost::json::serialize(member);
    constexpr size_t kMost = 60;
    if (size_t line = text.find('\n'); line != std::string::npos || text.size() > kMost) {
      text = text.substr(0, std::min(line, kMost)) + "... (" + std::to_string(text.size()) + " bytes)";
    }
    table.row({"  " + std::string(name), text});
  }
  table.print();
}

void inspect(const InspectCommand& command, const Globals& globals) {
  Env env = globals.open();
  Session session = command.load.load(env, command.load.session_options());
  if (!command.ir.empty()) {
    std::cout << session.ir_text(command.ir);
    return;
  }
  boost::json::value all = boost::json::parse(session.inspect_json());
  if (command.json) {
    print_json(all);
    return;
  }
  print_io("inputs", session.inputs());
  print_io("outputs", session.outputs());
  boost::json::object rest;
  for (const auto& [name, member] : all.as_object()) {
    if (name == "inputs" || name == "outputs") {
      continue;
    }
    if (member.is_object()) {
      print_members(std::string(name).c_str(), member);
    } else {
      rest[name] = member;
    }
  }
  print_members("model", rest);
}

}  // namespace

void add_inspect(CLI::App& app, const Globals& globals) {
  CLI::App* sub = app.add_subcommand("inspect", "Show a model's inputs, outputs, metadata, operators and sizes");
  auto command = std::make_shared<InspectCommand>();
  command->load.add_to(*sub);
  sub->add_option("--ir", command->ir, "Print the graph in text form: as imported, or after the passes")
      ->check(CLI::IsMember({"import", "optimized"}))
      ->type_name("STAGE");
  sub->add_flag("--json", command->json, "Print JSON");
  sub->footer("Examples:\n  tenon inspect model.onnx\n  tenon inspect model.onnx --ir optimized");
  sub->callback([command, &globals] { inspect(*command, globals); });
}

}  // namespace tenon::cli
