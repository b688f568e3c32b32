// SPDX-License-Identifier: Apache-2.0
// tenon completion: a bash completion script made from the very options that the parser knows.
#include <iostream>

#include "command.hpp"

namespace tenon::cli {

namespace {

std::string long_options(const CLI::App& app) {
  std::string all;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      all += (all.empty() ? "--" : " --") + name;
    }
  }
  return all;
}

void print_bash(const CLI::App& app) {
  std::string commands, cases;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands += (commands.empty() ? "" : " ") + sub->get_name();
    cases += "    " + sub->get_name() + ") words='" + long_options(*sub) + "' ;;\n";
  }
  std::cout << "# bash completion of tenon: source <(tenon completion)\n"
               "_tenon() {\n"
               "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command='' words='' i\n"
               "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
               "    case ${COMP_WORDS[i]} in --provider-dir | --threads) i=$((i + 1)) ;; -*) ;;\n"
               "      *) command=${COMP_WORDS[i]}; break ;; esac\n"
               "  done\n"
               "  case $previous in\n"
               "    -p | --provider) COMPREPLY=($(compgen -W \"$(tenon providers --quick --json 2> /dev/null |\n"
               "      grep -o '\"id\":\"[^\"]*\"' | cut -d'\"' -f4)\" -- \"$word\")); return ;;\n"
               "    --policy) COMPREPLY=($(compgen -W 'strict warn allow' -- \"$word\")); return ;;\n"
               "    --fusion) COMPREPLY=($(compgen -W 'on off' -- \"$word\")); return ;;\n"
               "    --passes) COMPREPLY=($(compgen -W 'all exact none' -- \"$word\")); return ;;\n"
               "    --ir) COMPREPLY=($(compgen -W 'import optimized' -- \"$word\")); return ;;\n"
               "  esac\n"
               "  case $command in\n"
               "    '') words='"
            << commands << ' ' << long_options(app)
            << " '$(compgen -c tenon- | cut -c7-) ;;\n"  // programs that main hands over to
            << cases
            << "  esac\n"
               "  if [[ -n $command && $word != -* ]]; then COMPREPLY=($(compgen -f -- \"$word\")); return; fi\n"
               "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
               "}\n"
               "complete -o filenames -F _tenon tenon\n";
}

}  // namespace

void add_completion(CLI::App& app) {
  CLI::App* sub = app.add_subcommand("completion", "Print a bash completion script");
  sub->footer("Example:\n  source <(tenon completion)");
  sub->callback([&app] { print_bash(app); });
}

}  // namespace tenon::cli
