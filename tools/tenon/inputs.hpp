// SPDX-License-Identifier: Apache-2.0
// Inputs of `tenon run` and `tenon bench`: from files, or drawn.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "tensors.hpp"

namespace tenon::cli {

struct InputOptions {
  std::vector<std::string> files;  // NAME=FILE, or FILE (.npz: every array by name; one tensor: the next input)
  std::vector<std::string> dims;   // NAME=N or INPUT[AXIS]=N
  uint64_t seed = 0;

  void add_to(CLI::App& command);
};

// Values for every input of the session, in order, with the memory that they lie in.
struct Inputs {
  std::vector<std::unique_ptr<HostTensor>> tensors;  // null: the model's default is taken
  std::vector<Value> values;
};

// Reads what was given and draws the rest: floats uniform in [0, 1), integers 0 or 1, bools, short strings; the same
// numbers for the same seed. A dim that nothing fixes is 1, and a line on standard error says so.
Inputs make_inputs(const Session& session, const InputOptions& options);

}  // namespace tenon::cli
