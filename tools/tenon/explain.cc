// SPDX-License-Identifier: Apache-2.0
// tenon explain: where every node runs and why, what others said, what is copied, what each pass did.
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <tenon/report.hpp>

#include "inputs.hpp"

namespace tenon::cli {

namespace {

struct ExplainCommand {
  LoadOptions load;
  InputOptions inputs;
  std::vector<std::string> fixed_dims;  // NAME=N
  std::string filter, html;
  uint64_t runs = 0;
  bool all = false, json = false;
};

std::string place_of(const boost::json::value& node) {
  std::string provider = text_at(node, "provider"), kind = text_at(node, "class");
  return provider.empty() || kind == "provider" ? (provider.empty() ? kind : provider) : kind + " (" + provider + ")";
}

// Nodes of one operator in one place with one reason are a line; --all and --filter show each.
void print_groups(const boost::json::array& nodes) {
  std::map<std::vector<std::string>, size_t> groups;
  for (const boost::json::value& node : nodes) {
    ++groups[{place_of(node), text_at(node, "op"), text_at(node, "kernel"), text_at(node, "why")}];
  }
  Table table({"where", "operator", "nodes", "kernel", "why"});
  for (const auto& [key, count] : groups) {
    table.row({key[0], key[1], std::to_string(count), key[2], key[3]});
  }
  table.print();
}

void print_nodes(const boost::json::array& nodes, const std::string& filter) {
  for (const boost::json::value& node : nodes) {
    std::string path = text_at(node, "path"), op = text_at(node, "op");
    if (path.find(filter) == std::string::npos && op.find(filter) == std::string::npos) {
      continue;
    }
    std::string kernel = text_at(node, "kernel");
    std::cout << path << "  " << op << '\n'
              << "    " << place_of(node) << (kernel.empty() ? "" : ", " + kernel) << ": " << text_at(node, "why")
              << '\n';
    if (const boost::json::value* others = node.as_object().if_contains("others")) {
      for (const boost::json::value& other : others->as_array()) {
        std::cout << "    " << text_at(other, "provider") << " said " << text_at(other, "reason") << ": "
                  << text_at(other, "text") << '\n';
      }
    }
  }
}

void print_passes(const boost::json::value& all) {
  const boost::json::value* passes = all.as_object().if_contains("passes");
  if (passes == nullptr) {
    return;
  }
  Table table({"pass", "class", "changes", "ms"});
  for (const boost::json::value& pass : passes->as_array()) {
    if (number_at(pass, "changed") > 0) {
      table.row({text_at(pass, "name"), text_at(pass, "class"), fixed(number_at(pass, "changed"), 0),
                 fixed(number_at(pass, "ms"), 2)});
    }
  }
  std::cout << '\n';
  table.print();
}

// Times for the page: a first run makes plans and is not counted.
void run_profiled(const ExplainCommand& command, Session& session) {
  RunOptions& options = interruptible_run_options();
  Inputs inputs = make_inputs(session, command.inputs);
  std::vector<Value> outputs = session.run(inputs.values, &options);
  session.profile_reset();
  Progress progress("running");
  for (uint64_t run = 0; run < command.runs; ++run) {
    session.run_into(inputs.values, outputs, &options);
    progress.update(run + 1, command.runs);
  }
}

void write_page(const ExplainCommand& command, Session& session) {
  if (command.runs > 0) {
    run_profiled(command, session);
  }
  const std::string page = report_html(session, std::filesystem::path(command.load.model).filename().string());
  if (command.html == "-") {
    std::cout << page;
    return;
  }
  std::ofstream file(command.html, std::ios::binary | std::ios::trunc);
  file << page << std::flush;
  if (!file) {
    throw std::runtime_error("can't write " + command.html);
  }
  std::cout << session.placement_line() << '\n'
            << command.html << ": " << human_bytes(static_cast<double>(page.size())) << '\n';
}

SessionOptions session_options(const ExplainCommand& command) {
  SessionOptions options = command.load.session_options(command.runs > 0);
  for (const std::string& text : command.fixed_dims) {
    const auto [name, digits] = split_assignment(text, "a named dim NAME=N");
    int64_t size = -1;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), size);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || size < 0) {
      throw UsageError("--fix " + text + ": '" + digits + "' is not a size");
    }
    options.dim(name, size);
  }
  return options;
}

void explain(const ExplainCommand& command, const Globals& globals) {
  if (command.runs > 0 && command.html.empty()) {
    throw UsageError("--runs measures for the page of --html; tenon bench --profile prints times");
  }
  if (command.runs == 0 && !(command.inputs.files.empty() && command.inputs.dims.empty())) {
    throw UsageError("inputs are for --runs N, which measures for the page of --html");
  }
  Env env = globals.open();
  Session session = command.load.load(env, session_options(command));
  if (!command.html.empty()) {
    write_page(command, session);
    return;
  }
  boost::json::value all = boost::json::parse(session.placement_json());
  if (command.json) {
    print_json(all);
    return;
  }
  const boost::json::array& nodes = all.at("nodes").as_array();
  std::cout << session.placement_line() << "\n\n";
  if (command.all || !command.filter.empty()) {
    print_nodes(nodes, command.filter);
  } else {
    print_groups(nodes);
  }
  if (const boost::json::value* copies = all.as_object().if_contains("copies")) {
    for (const boost::json::value& copy : copies->as_array()) {
      std::cout << "copy " << text_at(copy, "value") << " from " << text_at(copy, "from") << " to "
                << text_at(copy, "to") << ": "
                << (text_at(copy, "bytes").empty() ? "known when it runs" : human_bytes(number_at(copy, "bytes")))
                << '\n';
    }
  }
  if (command.filter.empty()) {
    print_passes(all);
  }
}

}  // namespace

void add_explain(CLI::App& app, const Globals& globals) {
  CLI::App* sub = app.add_subcommand("explain", "Show where every node runs and why, and what the passes did");
  auto command = std::make_shared<ExplainCommand>();
  command->load.add_to(*sub);
  sub->add_flag("--all", command->all, "Every node of the model, with what the other providers said");
  sub->add_option("--filter", command->filter, "Only nodes whose path or operator holds TEXT")->type_name("TEXT");
  sub->add_flag("--json", command->json, "Print JSON");
  sub->add_option("--html", command->html,
                  "Write one page with the graph in colours, to look at in a browser; -: print it")
      ->type_name("FILE");
  sub->add_option("--runs", command->runs, "Run so many times first, so that the page has times (default 0)")
      ->type_name("N");
  sub->add_option("--fix", command->fixed_dims, "Fix a named dim when loading: sizes that follow from it are known")
      ->allow_extra_args(false)
      ->type_name("NAME=N");
  command->inputs.add_to(*sub);
  sub->footer(
      "Examples:\n  tenon explain model.onnx\n  tenon explain model.onnx -p cpu --policy warn --filter Resize\n"
      "  tenon explain model.onnx --html page.html --runs 20 --dim batch=1");
  sub->callback([command, &globals] { explain(*command, globals); });
}

}  // namespace tenon::cli
