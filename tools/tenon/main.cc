// SPDX-License-Identifier: Apache-2.0
// The `tenon` command: providers, run, inspect, explain, bench, optimize, completion; `tenon X` with another X runs
// tenon-X.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "command.hpp"
#include "visible_output.hpp"

namespace tenon::cli {
namespace {

constexpr const char* kFooter = R"(Examples:
  tenon providers                                   what is installed, and what failed to load and why
  tenon inspect model.onnx                          inputs, outputs, operators, sizes
  tenon run model.onnx -i image=cat.npy             outputs as a summary
  tenon run model.onnx --dim batch=4 -o out.npz     inputs drawn, outputs written
  tenon explain model.onnx -p cpu                   where every node runs, and why
  tenon bench model.onnx --profile                  time, memory, and the slowest nodes
  tenon optimize model.onnx -o small.onnx           the optimised graph, for any runtime
`tenon X` runs the program tenon-X beside this one or on the PATH when X is none of the above.)";

std::filesystem::path own_folder() {
  std::error_code error;
  std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path() : self.parent_path();
}

// Like git: replaces this process by tenon-NAME when there is one. Returns only when there is none.
void hand_over(char** argv) {
  std::string name = "tenon-" + std::string(argv[1]);
  if (name.find('/') != std::string::npos) {
    return;
  }
  std::filesystem::path beside = own_folder() / name;
  if (access(beside.c_str(), X_OK) == 0) {
    execv(beside.c_str(), argv + 1);
  }
  execvp(name.c_str(), argv + 1);
}

bool has_command(const CLI::App& app, std::string_view name) {
  auto all = app.get_subcommands([](const CLI::App*) { return true; });
  return std::any_of(all.begin(), all.end(), [name](const CLI::App* sub) { return sub->get_name() == name; });
}

void print_error(const Error& error) {
  std::cerr << "tenon: " << error.code_name() << ": " << error.what() << '\n';
  for (const auto& [label, text] : {std::pair{"node", &error.node},
                                    {"operator", &error.op},
                                    {"about", &error.value},
                                    {"provider", &error.provider},
                                    {"got", &error.got},
                                    {"expected", &error.expected}}) {
    if (!text->empty() && std::string_view(error.what()).find(*text) == std::string_view::npos) {
      std::cerr << "  " << label << ": " << *text << '\n';
    }
  }
}

int run_command(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    int status = app.exit(error, std::cout, std::cerr);
    return status == 0 ? 0 : 2;
  } catch (const UsageError& error) {
    std::cerr << "tenon: " << error.what() << '\n';
    return 2;
  } catch (const Error& error) {
    print_error(error);
    return interrupted() ? 130 : 1;
  } catch (const std::exception& error) {
    std::cerr << "tenon: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace
}  // namespace tenon::cli

int main(int argc, char** argv) {
  using namespace tenon::cli;
  std::ios::sync_with_stdio(false);
  const VisibleOutput visible_out(std::cout), visible_err(std::cerr);
  CLI::App app("Runs ONNX models on providers found at run time, and tells where every node runs.", "tenon");
  Globals globals;
  app.set_version_flag("--version", tenon::version());
  app.add_option("--provider-dir", globals.provider_dirs, "Search this folder for provider manifests first")
      ->allow_extra_args(false)
      ->type_name("DIR");
  app.add_flag("--no-default-dirs", globals.no_default_dirs, "Search the folders of --provider-dir only");
  app.add_option("--threads", globals.threads, "Threads of the pool (0: what affinity and quota allow)")
      ->type_name("N");
  app.add_flag("-v,--verbose", globals.verbosity, "More log lines; twice for all");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  add_providers(app, globals);
  add_run(app, globals);
  add_inspect(app, globals);
  add_explain(app, globals);
  add_bench(app, globals);
  add_optimize(app, globals);
  add_completion(app);

  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
    hand_over(argv);
    std::cerr << "tenon: '" << argv[1] << "' is neither a command of tenon nor a program tenon-" << argv[1]
              << " beside it or on the PATH; see tenon --help\n";
    return 2;
  }
  return run_command(app, argc, argv);
}
