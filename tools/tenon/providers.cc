// SPDX-License-Identifier: Apache-2.0
// tenon providers: what is installed, and why the others did not load.
#include <iostream>
#include <memory>

#include "command.hpp"

namespace tenon::cli {

namespace {

struct ProvidersCommand {
  bool json = false, options = false, quick = false;
};

std::string device_text(const boost::json::value& device) {
  std::string text = text_at(device, "name");
  if (double bytes = number_at(device, "memory_bytes"); bytes > 0) {
    text += ", " + human_bytes(bytes);
  }
  return text + " (" + text_at(device, "kind") + ")";
}

void print_options(const boost::json::value& provider) {
  Table table({"    option", "type", "default", "meaning"});
  const boost::json::value* all = provider.as_object().if_contains("options");
  if (all == nullptr || all->as_array().empty()) {
    std::cout << "    (no options)\n";
    return;
  }
  for (const boost::json::value& option : all->as_array()) {
    table.row({"    " + text_at(option, "name"), text_at(option, "type"), text_at(option, "default"),
               text_at(option, "text")});
  }
  table.print();
}

void providers(const ProvidersCommand& command, const Globals& globals) {
  Env env = globals.open();
  boost::json::value all = boost::json::parse(env.providers_json(!command.quick));
  if (command.json) {
    print_json(all);
    return;
  }
  if (all.as_array().empty()) {
    std::cout << "No provider found. Install one, or name its folder: tenon --provider-dir DIR providers\n";
    return;
  }
  for (const boost::json::value& provider : all.as_array()) {
    std::string version = text_at(provider, "version");
    std::cout << text_at(provider, "id") << (version.empty() ? "" : " " + version) << "  " << text_at(provider, "state")
              << '\n'
              << "    manifest " << text_at(provider, "manifest") << '\n';
    if (std::string library = text_at(provider, "library"); !library.empty()) {
      std::cout << "    library  " << library << '\n';
    }
    if (std::string reason = text_at(provider, "reason"); !reason.empty()) {
      std::cout << "    reason   " << reason << '\n';
    }
    if (const boost::json::value* devices = provider.as_object().if_contains("devices")) {
      for (const boost::json::value& device : devices->as_array()) {
        std::cout << "    device   " << device_text(device) << '\n';
      }
    }
    if (command.options) {
      print_options(provider);
    }
  }
}

}  // namespace

void add_providers(CLI::App& app, const Globals& globals) {
  CLI::App* sub = app.add_subcommand("providers", "List providers: version, path, devices, and why not");
  auto command = std::make_shared<ProvidersCommand>();
  sub->add_flag("--options", command->options, "Their options, too");
  sub->add_flag("--quick", command->quick, "Read manifests only, load no code");
  sub->add_flag("--json", command->json, "Print JSON");
  sub->footer("Examples:\n  tenon providers\n  tenon --provider-dir ./my-provider providers --options");
  sub->callback([command, &globals] { providers(*command, globals); });
}

}  // namespace tenon::cli
